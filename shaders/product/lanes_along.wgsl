// Operand $o lies along the depth: an invocation has the lines of its rows or columns. Those after the last repeat
// it, and are not stored.

#for u in 0..$groups
#for e in 0..4
var<private> line_$o$u$e: Line_$o;
var<private> place_$o$u$e: u32;
#end
#end
var<private> next_$o: Vector_$o;

fn begin_$o(i: u32, task: Task) {
    #for u in 0..$groups
    #for e in 0..4
    line_$o$u$e = line_$o(task, min(task.$side + ($uu * 8u + i) * 4u + $eu, product.$sides - 1u));
    #end
    #end
    next_$o = vector_$o(0u);
}

// Begins the next stretch.
fn enter_$o(task: Task, stretch: u32) {
    #for u in 0..$groups
    #for e in 0..4
    place_$o$u$e = found_$o(place_$o(line_$o$u$e, under_$o(next_$o)), true);
    #end
    #end
    next_$o = next_vector_$o(next_$o);
}

fn load_$o(task: Task, depth: u32, end: u32) {
    #for u in 0..$groups
    #for e in 0..4
    $o$u$e = read_$o(place_$o$u$e, depth / 4u);
    #end
    #end
}
