// Operand $o lies across the depth: an invocation fetches vectors of four rows or columns, the same at several depths.
// Those after the last repeat it, and are not stored.

#for n in 0..4
var<private> across_$o$n: Under_$o;
#end
// The line of the first turn, and the distances from turn to turn, from slab to slab, and from the last slab of a run.
var<private> line_now_$o: Line_$o;
var<private> by_turn_$o: Lines_$o;
var<private> by_slab_$o: Lines_$o;
var<private> by_run_$o: Lines_$o;

fn first_of_$o(i: u32, task: Task) -> u32 { return min(task.$side + lane_$o(i) % ACROSS_$o * 4u, (product.$sides - 1u) / 4u * 4u); }

fn begin_$o(i: u32, task: Task) {
    var vector = vector_$o(first_of_$o(i, task));
    #for n in 0..4
    across_$o$n = under_$o(vector);
    vector = next_number_$o(vector);
    #end
    line_now_$o = line_$o(task, task.begin + lane_$o(i) / ACROSS_$o);
    by_turn_$o = lines_$o(LANES_$o / ACROSS_$o);
    by_slab_$o = lines_$o(SLAB);
    by_run_$o = lines_$o((product.run - 1u) % SLAB + 1u);
}

// Goes on to the next slab, or to the first one of the next run.
fn advance_$o(closes: bool) {
    line_now_$o = line_after_$o(line_now_$o, select(by_slab_$o, by_run_$o, closes));
}

// Fetches the slab at hand, which begins at a depth.
fn fetch_$o(i: u32, task: Task, depth: u32, end: u32) {
    let real = vec4<u32>(0u, 1u, 2u, 3u) + first_of_$o(i, task) < vec4<u32>(product.$sides);
    var line = line_now_$o;
    #for n in 0..TURNS_$o
    let exists$n = vec4<bool>(depth + ($nu * LANES_$o + lane_$o(i)) / ACROSS_$o < end);
    $o$n = read_$o(line, across_$o0, across_$o1, across_$o2, across_$o3, exists$n & (real | vec4<bool>(ALIGNED)));
    line = line_after_$o(line, by_turn_$o);
    #end
}

fn put_$o(i: u32, slab: u32) {
    let at = own_slab_$o(i, slab) * SLAB_$o + lane_$o(i) / ACROSS_$o * PITCH_$o + lane_$o(i) % ACROSS_$o;
    #for n in 0..TURNS_$o
    stage_$o(at + $nu * (LANES_$o / ACROSS_$o) * PITCH_$o, real_of($o$n));
    #end
}
