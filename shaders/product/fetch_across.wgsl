// Operand $o lies across the depth: an invocation fetches vectors of four rows or columns, the same at several depths.

var<private> held_$o: Vector_$o;

fn begin_$o(i: u32, task: Task) {
    held_$o = vector_$o(task.$side + i % ACROSS_$o * 4u);
}

// Fetches the next slab, from a depth on.
fn fetch_$o(i: u32, task: Task, depth: u32, end: u32) {
    let first = task.$side + i % ACROSS_$o * 4u;
    #for n in 0..TURNS_$o
    let depth$n = depth + ($nu * INVOCATIONS + i) / ACROSS_$o;
    $o$n = read_$o(task, line_$o(depth$n), depth$n < end, held_$o, first, product.$sides);
    #end
}

fn put_$o(i: u32, slab: u32) {
    let at = slab * SLAB_$o + i / ACROSS_$o * PITCH_$o + i % ACROSS_$o;
    #for n in 0..TURNS_$o
    stage_$o(at + $nu * (INVOCATIONS / ACROSS_$o) * PITCH_$o, $o$n);
    #end
}
