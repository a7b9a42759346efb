// Element-wise addition. One invocation handles four channels of a pixel; padded channels are zero in every tensor, and
// so is their sum.

struct AddParameters {
    // Vectors of four channels.
    vectors: u32,
    // 1 for a copy of the first term, 2 for a sum.
    terms: u32,
    // 1 where the sum passes through a rectifier, or the gradient through that of the term.
    rectified: u32,
}
@group(0) @binding(0) var<uniform> add: AddParameters;
// The first term, or the gradient that is added.
@group(0) @binding(1) var<storage, read> first: array<vec4<f32>>;
// The second term, or the output of the rectifier whose gradient the sum is.
@group(0) @binding(2) var<storage, read> second: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> sum: array<vec4<f32>>;

// y = a + b, or a
@compute @workgroup_size(256)
fn forward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 256u + invocation;
    if i >= add.vectors {
        return;
    }
    var y = first[i];
    // A copy is not added to 0, which would turn -0 into 0.
    if add.terms == 2u {
        y += second[i];
    }
    sum[i] = rectify_if(add.rectified, y);
}

// dx = dx + dy
@compute @workgroup_size(256)
fn backward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 256u + invocation;
    if i >= add.vectors {
        return;
    }
    sum[i] = where_positive_if(add.rectified, second[i], sum[i] + first[i]);
}
