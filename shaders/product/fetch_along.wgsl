// Operand $o lies along the depth: an invocation fetches vectors of four depths from adjacent lines, and puts them turned
// round. Lines after the last repeat it, and are not stored.

#for n in 0..TURNS_$o
var<private> line_$o$n: Line_$o;
#end
#if HOLDS_$o
// The vector at hand, the same for both operands where both lie along the depth, and the distance from slab to slab.
var<private> along_$o: Vector_$o;
var<private> by_slab_$o: Vector_$o;
#end

// The first row or column of an invocation's vectors in the slab, and their first depth.
fn line_of_$o(i: u32) -> u32 { return lane_$o(i) / (SLAB / 4u) * $TURNS_$ou; }
fn depth_of_$o(i: u32) -> u32 { return i % (SLAB / 4u) * 4u; }

fn begin_$o(i: u32, task: Task) {
    #for n in 0..TURNS_$o
    line_$o$n = line_$o(task, min(task.$side + line_of_$o(i) + $nu, product.$sides - 1u));
    #end
    #if HOLDS_$o
    along_$o = vector_$o(task.begin + depth_of_$o(i));
    by_slab_$o = vector_$o(SLAB);
    #end
}

// Goes on to the next slab: a run is a whole number of them.
fn advance_$o(closes: bool) {
    #if HOLDS_$o
    along_$o = vector_after_$o(along_$o, by_slab_$o);
    #end
}

// Fetches the slab at hand, which begins at a depth.
fn fetch_$o(i: u32, task: Task, depth: u32, end: u32) {
    let exists = vec4<u32>(0u, 1u, 2u, 3u) + (depth + depth_of_$o(i)) < vec4<u32>(end);
    let next1 = next_number_$o(along_$held);
    let next2 = next_number_$o(next1);
    let under0 = under_$o(along_$held);
    let under1 = under_$o(next1);
    let under2 = under_$o(next2);
    let under3 = under_$o(next_number_$o(next2));
    #for n in 0..TURNS_$o
    $o$n = read_$o(line_$o$n, under0, under1, under2, under3, exists);
    #end
}

fn put_$o(i: u32, slab: u32) {
    let line = line_of_$o(i);
    let at = own_slab_$o(i, slab) * SLAB_$o + depth_of_$o(i) * PITCH_$o + line / 4u;
    #for n in 0..TURNS_$o
    let real$n = real_of($o$n);
    #end
    #for d in 0..4
    #if SQUARES_$o
    stage_$o(at + $du * PITCH_$o, vec4<f32>(real0[$d], real1[$d], real2[$d], real3[$d]));
    #end
    #if PARTS_$o
    #for n in 0..TURNS_$o
    stage_one_$o(at + $du * PITCH_$o, line % 4u + $nu, real$n[$d]);
    #end
    #end
    #end
}
