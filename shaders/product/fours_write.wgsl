// Writes four numbers, if any of them is real, with zeros where they are padding.
fn put_$buffer(at: u32, real: u32, v: vec4<f32>) {
    if real > 0u { $buffer[at / 4u] = first_of(v, real); }
}
