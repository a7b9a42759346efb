// How a number of operand $o comes from memory.

@group(0) @binding($binding) var<storage, read> $buffer: array<vec4<f32>>;

// Four numbers of a line, which exist where `exists` says so. There is no branch around a load, after which compilers
// wait for it: what does not exist is loaded from the first place, and counts as zero when it is put.
fn read_$o(line: Line_$o, u0: Under_$o, u1: Under_$o, u2: Under_$o, u3: Under_$o, exists: vec4<bool>) -> Fetched {
    if ALIGNED {
        let place = place_$o(line, u0);
        let exist = place.exists & exists.x;
        return Fetched($buffer[select(0u, place.at, exist)], vec4<bool>(exist));
    }
    #for n in 0..4
    let place$n = place_$o(line, u$n);
    let exist$n = place$n.exists & exists[$n];
    let at$n = select(0u, place$n.at, exist$n);
    #end
    return Fetched(vec4<f32>($buffer[at0 / 4u][at0 % 4u], $buffer[at1 / 4u][at1 % 4u],
        $buffer[at2 / 4u][at2 % 4u], $buffer[at3 / 4u][at3 % 4u]), vec4<bool>(exist0, exist1, exist2, exist3));
}

// The invocations that fetch a slab. Where there are more, the others do the same, and put it into a third slab, which
// nobody reads: around the way there no branch is needed.
const LANES_$o: u32 = min(INVOCATIONS, SLAB * ACROSS_$o);
#if SHARE_$o
fn lane_$o(i: u32) -> u32 { return i % LANES_$o; }
fn own_slab_$o(i: u32, slab: u32) -> u32 { return select(slab, 2u, i >= LANES_$o); }
#end
#if EACH_$o
fn lane_$o(i: u32) -> u32 { return i; }
fn own_slab_$o(i: u32, slab: u32) -> u32 { return slab; }
#end

// What an invocation has fetched for the next slab.
#for n in 0..TURNS_$o
var<private> $o$n: Fetched;
#end
