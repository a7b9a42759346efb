// Stochastic gradient descent with momentum h and weight decay. One invocation updates four weights.

struct SgdParameters {
    // Vectors of four weights; the decay is the whole one of this parameter; the step's rate is multiplied; which
    // formula of shared/momentum.wgsl.
    vectors: u32,
    momentum: f32,
    decay: f32,
    lr_mult: f32,
    formula: u32,
}
@group(0) @binding(0) var<uniform> sgd: SgdParameters;
@group(0) @binding(1) var<storage, read> g: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> h: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> step: StepValues;

@compute @workgroup_size(256)
fn update(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 256u + invocation;
    if i >= sgd.vectors {
        return;
    }
    let rate = step.rate * sgd.lr_mult;
    let updated = updated_weights(sgd.formula, g[i], w[i], h[i], sgd.momentum, sgd.decay, rate);
    h[i] = updated.h;
    w[i] = updated.w;
}
