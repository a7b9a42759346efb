// Operand $o lies across the depth: an invocation has vectors of four rows or columns. Those after the last repeat
// it, and are not stored.

#for u in 0..$groups
var<private> under_$o$u: Under_$o;
#end
var<private> next_$o: Line_$o;

fn begin_$o(i: u32, task: Task) {
    #for u in 0..$groups
    under_$o$u = under_$o(vector_$o(min(task.$side + ($uu * 8u + i) * 4u, (product.$sides - 1u) / 4u * 4u)));
    #end
}

// Begins the next stretch.
fn enter_$o(task: Task, stretch: u32) { next_$o = line_of_stretch_$o(task, stretch); }

fn load_$o(task: Task, depth: u32, end: u32) {
    #for e in 0..4
    let exists$e = !TAIL || depth + $eu < end;
    #for u in 0..$groups
    $o$u$e = read_$o(found_$o(place_$o(next_$o, under_$o$u), exists$e), 0u);
    #end
    next_$o = next_line_$o(next_$o);
    #end
}
