// Numbers that are read four at a time.

@group(0) @binding($binding) var<storage, $access> $buffer: array<vec4<f32>>;

// Four numbers from a place on, if any of them is real: what pads them is zero. No branch around the load: within one, a
// processor's driver would load for every SIMD lane on its own.
fn get_$buffer(at: u32, real: u32) -> vec4<f32> {
    return select(vec4<f32>(), $buffer[select(0u, at / 4u, real > 0u)], real > 0u);
}
