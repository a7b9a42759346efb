// The rectifier, in place in both directions. One invocation handles four channels of a pixel.
// Values are handled as bits: exact on every adapter, and a NaN passes through.

struct ReluParameters {
    // Vectors of four channels.
    vectors: u32,
}
@group(0) @binding(0) var<uniform> parameters: ReluParameters;
@group(0) @binding(1) var<storage, read> output: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> values: array<vec4<u32>>;

// values = max(values, 0)
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
    let y = values[i];
    // Negative numbers, -0 and -infinity have bits from 0x80000000 to 0xff800000; NaNs with a sign are above.
    let negative = (y >= vec4<u32>(0x80000000u)) & (y <= vec4<u32>(0xff800000u));
    values[i] = select(y, vec4<u32>(), negative);
}

// values = values where output > 0, else 0
@compute @workgroup_size(256)
fn backward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 256u + invocation;
    if i >= parameters.vectors {
        return;
    }
    let y = output[i];
    // Positive numbers and infinity have bits from 1 to 0x7f800000.
    let positive = (y != vec4<u32>()) & (y <= vec4<u32>(0x7f800000u));
    values[i] = select(vec4<u32>(), values[i], positive);
}
