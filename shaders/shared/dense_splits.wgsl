// The end of a fully connected layer's sums that were split: the parts are added in their order. An invocation has four
// results.

// y = the sum of the parts in x, and the bias.
@compute @workgroup_size(64)
fn sum_forward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    let across = dense.kp / 4u;
    if i >= dense.n * across { return; }
    var sum = vec4<f32>();
    for (var part = 0u; part < dense.split; part++) { sum += x[part * dense.n * across + i]; }
    let k = (i % across) * 4u;
    if dense.biased != 0u { sum += vec4<f32>(b[k], b[k + 1u], b[k + 2u], b[k + 3u]); }
    results[dense.start * across + i] = real_columns(k, dense.k, rectify_if(dense.rectified, sum));
}

// dx = the sum of the parts in dy, where x has come out of no rectifier or is positive.
@compute @workgroup_size(64)
fn sum_backward_input(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    let across = dense.rows / 4u;
    if i >= dense.n * across { return; }
    var sum = vec4<f32>();
    for (var part = 0u; part < dense.split; part++) { sum += dy[part * dense.n * across + i]; }
    let feature = dense.first + (i % across) * 4u;
    let at = ((dense.start + i / across) * dense.features + feature) / 4u;
    var dx = real_columns(feature % dense.cp, dense.c, sum);
    if dense.rectified != 0u { dx = where_positive_if(1u, x[at], dx); }
    results[at] = dx;
}
