// Operand $o lies along the depth: an invocation fetches a square, four depths of four lines, and puts it turned round.
// Where there are more invocations than squares, the first ones have those of a, and the last ones those of b.

const SQUARES_$o: u32 = SLAB * ACROSS_$o / 4u;
const FIRST_$o: u32 = $first;

#for n in 0..4
var<private> held_$o$n: Line_$o;
#end

fn begin_$o(i: u32, task: Task) {
    let first = task.$side + (i - FIRST_$o) % ACROSS_$o * 4u;
    #for n in 0..4
    held_$o$n = line_$o(first + $nu);
    #end
}

// Fetches the next slab, from a depth on.
fn fetch_$o(i: u32, task: Task, depth: u32, end: u32) {
    let square = i - FIRST_$o;
    if square < SQUARES_$o {
        let first = task.$side + square % ACROSS_$o * 4u;
        let index = depth + square / ACROSS_$o * 4u;
        let vector = vector_$o(index);
        #for n in 0..4
        $o$n = read_$o(task, held_$o$n, first + $nu < product.$sides, vector, index, end);
        #end
    }
}

fn put_$o(i: u32, slab: u32) {
    let square = i - FIRST_$o;
    if square < SQUARES_$o {
        let at = slab * SLAB_$o + square / ACROSS_$o * 4u * PITCH_$o + square % ACROSS_$o;
        #for n in 0..4
        stage_$o(at + $nu * PITCH_$o, vec4<f32>($o0[$n], $o1[$n], $o2[$n], $o3[$n]));
        #end
    }
}
