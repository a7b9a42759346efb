// How an invocation reads operand $o: what it has of four depths, one vector for each row or column that lies along the depth,
// or for each depth.

@group(0) @binding($binding) var<storage, read> $buffer: array<vec4<f32>>;

#for u in 0..$groups
#for e in 0..4
var<private> $o$u$e: vec4<f32>;
#end
fn four_$o$u() -> Four { return $turned(Four($o$u0, $o$u1, $o$u2, $o$u3)); }
#end

// A place where there is no number: it counts as zero.
const NOWHERE_$o: u32 = 0xffffffffu;

fn found_$o(place: Place, exists: bool) -> u32 { return select(NOWHERE_$o, place.at, place.exists & exists); }

// No branch around a load: within one, a processor's driver would load for every SIMD lane on its own.
fn read_$o(at: u32, step: u32) -> vec4<f32> {
    if !(HOLES_$o || TAIL) { return $buffer[at / 4u + step]; }
    let exists = at != NOWHERE_$o;
    return select(vec4<f32>(), $buffer[select(0u, at / 4u, exists) + step], exists);
}
