// Whether a tensor holds an infinity or a NaN. One invocation looks at four elements, as bits: a compiler may take it
// that there is no NaN, and drop a comparison that only a NaN could fail.

struct FiniteParameters {
    // Vectors of four elements.
    vectors: u32,
    // The tensor's word among the flags.
    place: u32,
}
@group(0) @binding(0) var<uniform> parameters: FiniteParameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> flags: array<atomic<u32>>;

// flags[place] = 1 where x holds an infinity or a NaN
@compute @workgroup_size(256)
fn forward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 256u + invocation;
    if i >= parameters.vectors {
        return;
    }
    // Infinities and NaNs, and only they, have all bits of the exponent set.
    let exponents = bitcast<vec4<u32>>(x[i]) & vec4<u32>(0x7f800000u);
    if any(exponents == vec4<u32>(0x7f800000u)) {
        atomicOr(&flags[parameters.place], 1u);
    }
}
