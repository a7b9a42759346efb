// What an adapter multiplies and adds, and moves, at most: no operation of any net, but the measure of all of them.

struct PeakParameters {
    // Vectors of x and of y.
    vectors: u32,
    // Rounds of 64 vector multiply-adds an invocation.
    rounds: u32,
    factor: f32,
    term: f32,
}
@group(0) @binding(0) var<uniform> parameters: PeakParameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;

// y = x * factor + term, over and over. One invocation keeps eight independent sums, enough to hide the latency of a
// multiply-add; what they end as is stored, so that no compiler may leave them out.
@compute @workgroup_size(256)
fn multiply_add(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 256u + invocation;
    if i >= parameters.vectors {
        return;
    }
    let factor = vec4<f32>(parameters.factor);
    let term = vec4<f32>(parameters.term);
    #for j in 0..8
    var sum$j = x[i] + f32($j);
    #end
    for (var round = 0u; round < parameters.rounds; round += 1u) {
        #for u in 0..8
        #for j in 0..8
        sum$j = fma(sum$j, factor, term);
        #end
        #end
    }
    y[i] = sum0 + sum1 + sum2 + sum3 + sum4 + sum5 + sum6 + sum7;
}

// y = x * factor + term, once. One invocation moves one vector.
@compute @workgroup_size(256)
fn move_once(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 256u + invocation;
    if i >= parameters.vectors {
        return;
    }
    y[i] = fma(x[i], vec4<f32>(parameters.factor), vec4<f32>(parameters.term));
}
