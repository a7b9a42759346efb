// The rectifier, in place in both directions. One invocation handles four channels of a pixel.
// See shared/rectifier.wgsl.

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
    values[i] = rectify(values[i]);
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
    values[i] = where_positive(output[i], values[i]);
}
