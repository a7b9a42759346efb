// The end of a weight gradient whose sum over the batch was split.

// Adds the parts of a weight gradient in their order, and those of the bias: an invocation has four output channels.
// They are added to what is there where the gradient is continued.
@compute @workgroup_size(64)
fn sum_splits(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    let across = conv.kp / 4u;
    let vectors = (conv.rows + 1u) * across;
    let row = i / across;
    if i >= vectors || (row < conv.rows && row % conv.stored >= conv.cg) { return; }
    var sum = vec4<f32>();
    if conv.continued != 0u {
        if row < conv.rows { sum = results[i]; } else { sum = db[i % across]; }
    }
    for (var part = 0u; part < conv.split; part++) {
        sum += x[part * vectors + i];
    }
    let k = (i % across) * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    sum = select(vec4<f32>(), sum, k < vec4<u32>(conv.groups * conv.kg));
    if row < conv.rows { results[i] = sum; } else { db[i % across] = sum; }
}
