// The operands of a fully connected layer: for all its kernels.

struct DenseParameters {
    // Images here, and input features (padded) an image.
    n: u32,
    features: u32,
    // The piece of the weights: its first input feature, and how many.
    first: u32,
    rows: u32,
    // Output features, and padded to four.
    k: u32,
    kp: u32,
    // Input channels, and padded to four: features are channels last.
    c: u32,
    cp: u32,
    // Images are counted from here on.
    start: u32,
    // The depth of a part of a sum that is split, or 0 where it is whole; in the sum over the parts their number.
    split: u32,
    // 1 where the result continues what an earlier dispatch wrote; 1 where there is a bias;
    // 1 where y goes through a rectifier, or where x came out of one, whose gradient dx is then.
    continued: u32,
    biased: u32,
    rectified: u32,
    // How the weights follow their gradient: what stands in shared/momentum.wgsl, and which formula of it.
    momentum: f32,
    decay: f32,
    lr_mult: f32,
    formula: u32,
}
@group(0) @binding(0) var<uniform> dense: DenseParameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> result: array<f32>;
@group(0) @binding(5) var<storage, read_write> results: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> db: array<vec4<f32>>;
// Sums that an update continues; the weights that it updates are the result.
@group(0) @binding(3) var<storage, read> partial: array<f32>;
@group(0) @binding(3) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> history: array<vec4<f32>>;
@group(0) @binding(8) var<uniform> step: StepValues;

// The real ones of four columns.
fn real_columns(column: u32, columns: u32, v: vec4<f32>) -> vec4<f32> {
    return select(vec4<f32>(), v, column + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(columns));
}

// Updates vector `at` of the weights, whose first column is `column`; what pads the gradient counts as zero.
fn update(at: u32, column: u32, gradient: vec4<f32>) {
    let g = real_columns(column, dense.k, gradient);
    let rate = step.rate * dense.lr_mult;
    let updated = updated_weights(dense.formula, g, results[at], history[at], dense.momentum, dense.decay, rate);
    history[at] = updated.h;
    results[at] = updated.w;
}
