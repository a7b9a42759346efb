// Local response normalisation across channels (Caffe's convention):
// scale_c = k + alpha / size * sum of x_j^2 over |j - c| <= half, y_c = x_c * scale_c^-beta.
// One invocation computes four channels of a pixel; the scale is never stored, but computed again.

struct LrnParameters {
    // Vectors in all, and of one pixel; real channels; (size - 1) / 2.
    vectors: u32,
    across: u32,
    channels: u32,
    half: u32,
    // The constant, alpha / size, beta, and 2 alpha beta / size.
    k: f32,
    weight: f32,
    beta: f32,
    factor: f32,
    // 1 where beta is 0.75, which needs square roots only.
    roots: u32,
    // 1 where x is the output of a rectifier, whose gradient dx is then.
    rectified: u32,
}
@group(0) @binding(0) var<uniform> lrn: LrnParameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4<f32>>;

// scale^-beta
fn power(scale: f32) -> f32 {
    if lrn.roots != 0u {
        let root = sqrt(scale);
        return 1.0 / (root * sqrt(root));
    }
    return exponential(-lrn.beta * logarithm(scale));
}
fn scale_at(pixel: u32, c: u32) -> f32 {
    var sum = 0.0;
    for (var j = max(c, lrn.half) - lrn.half; j <= min(c + lrn.half, lrn.channels - 1u); j++) {
        let v = x[pixel + j / 4u][j % 4u];
        sum = fma(v, v, sum);
    }
    return fma(lrn.weight, sum, lrn.k);
}
fn keep_real(c: vec4<u32>, v: vec4<f32>) -> vec4<f32> {
    return select(vec4<f32>(), v, c < vec4<u32>(lrn.channels));
}

@compute @workgroup_size(64)
fn forward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= lrn.vectors {
        return;
    }
    let c = (i % lrn.across) * 4u;
    let pixel = i - i % lrn.across;
    let powers = vec4<f32>(power(scale_at(pixel, c)), power(scale_at(pixel, c + 1u)),
        power(scale_at(pixel, c + 2u)), power(scale_at(pixel, c + 3u)));
    result[i] = keep_real(c + vec4<u32>(0u, 1u, 2u, 3u), x[i] * powers);
}

// dx_c = dy_c scale_c^-beta - factor x_c * sum of dy_j x_j scale_j^(-beta - 1)
@compute @workgroup_size(64)
fn backward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= lrn.vectors {
        return;
    }
    let first = (i % lrn.across) * 4u;
    let c = first + vec4<u32>(0u, 1u, 2u, 3u);
    let pixel = i - i % lrn.across;
    var sums = vec4<f32>();
    var powers = vec4<f32>();
    for (var j = max(first, lrn.half) - lrn.half; j <= min(first + 3u + lrn.half, lrn.channels - 1u); j++) {
        let scale = scale_at(pixel, j);
        let p = power(scale);
        let ratio = dy[pixel + j / 4u][j % 4u] * x[pixel + j / 4u][j % 4u] * p / scale;
        // j lies in c's window where neither is more than half ahead of the other.
        let inside = (vec4<u32>(j) <= c + lrn.half) & (c <= vec4<u32>(j + lrn.half));
        sums += select(vec4<f32>(), vec4<f32>(ratio), inside);
        powers = select(powers, vec4<f32>(p), c == vec4<u32>(j));
    }
    let gradient = keep_real(c, dy[i] * powers - lrn.factor * x[i] * sums);
    result[i] = where_positive_if(lrn.rectified, x[i], gradient);
}
