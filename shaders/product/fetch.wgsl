// How a number of operand $o comes from memory.

@group(0) @binding($binding) var<storage, read> $buffer: array<vec4<f32>>;

// The numbers of a vector and a line, those of the vector from `index` on and below `limit`; zeros where there are none.
fn read_$o(task: Task, line: Line_$o, exists: bool, vector: Vector_$o, index: u32, limit: u32) -> vec4<f32> {
    if ALIGNED {
        let at = place_$o(task, line, vector, exists & (index < limit));
        if at == NOWHERE { return vec4<f32>(); }
        return $buffer[at / 4u];
    }
    var v = vec4<f32>();
    #for n in 0..4
    let at$n = place_$o(task, line, vector_$o(index + $nu), exists & (index + $nu < limit));
    if at$n != NOWHERE { v[$n] = $buffer[at$n / 4u][at$n % 4u]; }
    #end
    return v;
}

// What an invocation has fetched for the next slab.
#for n in 0..4
var<private> $o$n: vec4<f32>;
#end
