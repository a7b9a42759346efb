// Writes the first `real` of four numbers.
fn put_$buffer(at: u32, real: u32, v: vec4<f32>) {
    #for n in 0..4
    if real > $nu { $buffer[at + $nu] = v[$n]; }
    #end
}
