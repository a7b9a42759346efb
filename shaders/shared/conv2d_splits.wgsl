// The end of a weight gradient whose sum over the batch was split: an invocation has four output channels, and adds
// their parts in their order.

// Whether vector i of the weights, or behind them of the bias, exists.
fn exists(i: u32) -> bool {
    let row = i / (conv.kp / 4u);
    return row <= conv.rows && (row == conv.rows || row % conv.stored < conv.cg);
}
fn sum_of_parts(i: u32, before: vec4<f32>) -> vec4<f32> {
    let vectors = (conv.rows + 1u) * (conv.kp / 4u);
    var sum = before;
    for (var part = 0u; part < conv.split; part++) {
        sum += x[part * vectors + i];
    }
    let k = (i % (conv.kp / 4u)) * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    return select(vec4<f32>(), sum, k < vec4<u32>(conv.groups * conv.kg));
}

// dw and db are the sums, which are added to what is there where the gradient is continued.
@compute @workgroup_size(64)
fn sum_splits(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if !exists(i) { return; }
    let weights = conv.rows * (conv.kp / 4u);
    var before = vec4<f32>();
    if conv.continued != 0u {
        if i < weights { before = results[i]; } else { before = db[i - weights]; }
    }
    let sum = sum_of_parts(i, before);
    if i < weights { results[i] = sum; } else { db[i - weights] = sum; }
}

// The same, but dw is no tensor: it updates the weights.
@compute @workgroup_size(64)
fn sum_splits_update(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if !exists(i) { return; }
    let weights = conv.rows * (conv.kp / 4u);
    if i >= weights {
        db[i - weights] = sum_of_parts(i, vec4<f32>());
        return;
    }
    let u = updated(sum_of_parts(i, vec4<f32>()), results[i], history[i]);
    history[i] = u.h;
    results[i] = u.w;
}
