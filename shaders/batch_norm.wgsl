// Batch normalisation: y = (x - mean) / sqrt(var + eps) * weight + bias, each channel with a mean and a variance of its
// own. One invocation computes four channels of a pixel, or of a chunk of at most 32 pixels of an image. The sums of
// chunks go to scratch memory, two vectors each; then a workgroup a vector of channels adds them up: invocation i takes
// chunks i, i + 64, ..., and the 64 results are combined in a fixed tree.

struct BatchNormParameters {
    // Vectors, and vectors of one pixel; real channels; pixels of an image, and chunks of one.
    vectors: u32, across: u32, channels: u32, pixels: u32, strips: u32,
    // Chunks here; the number of the first one among all; where the sums over all chunks lie in scratch memory.
    chunks: u32, first: u32, sums: u32,
    // 1 where something is added to y.
    plus: u32,
    // 1 where y passes through a rectifier, or x is the output of one, whose gradient dx is then.
    rectified: u32,
    // 1 where the gradients of weight and bias are added to what is there.
    accumulate: u32,
    // Values a channel, n; n / (n - 1); what is added to the variance; 1 - momentum, and the momentum.
    values: f32, unbiased: f32, eps: f32, kept: f32, taken: f32,
}
@group(0) @binding(0) var<uniform> norm: BatchNormParameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> mean: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> variance: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> other: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> result: array<vec4<f32>>;

// What moments and sums add up.
@group(0) @binding(2) var<storage, read_write> batch_mean: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> batch_variance: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> running_mean: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> running_variance: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> dweight: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> dbias: array<vec4<f32>>;

@group(0) @binding(5) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> sums_of_all: array<vec4<f32>>;

const CHUNK: u32 = 32u;

var<workgroup> partial: array<vec4<f32>, 64>;

fn keep_real(v: u32, value: vec4<f32>) -> vec4<f32> {
    return select(vec4<f32>(), value, v * 4u + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(norm.channels));
}
fn inverse_of(v: u32) -> vec4<f32> {
    return 1.0 / sqrt(variance[v] + norm.eps);
}
// The pixels of a chunk, and the number of its first pixel.
fn pixels_of(chunk: u32) -> u32 {
    return min(CHUNK, norm.pixels - chunk % norm.strips * CHUNK);
}
fn first_of(chunk: u32) -> u32 {
    return chunk / norm.strips * norm.pixels + chunk % norm.strips * CHUNK;
}
// What invocation i of a kernel over chunks adds up: values from `start` to before `end`, `across` apart; and where its
// two sums go.
struct Chunk { start: u32, end: u32, count: f32, sums: u32 }
fn chunk_of(i: u32) -> Chunk {
    let chunk = i / norm.across;
    let start = first_of(chunk) * norm.across + i % norm.across;
    let pixels = pixels_of(chunk);
    return Chunk(start, start + pixels * norm.across, f32(pixels), (norm.first * norm.across + i) * 2u);
}
// Where the two sums of a chunk lie, of one vector of channels.
fn sums_of(chunk: u32, v: u32) -> u32 {
    return (chunk * norm.across + v) * 2u;
}
// The sum of a value of each of the 64 invocations, in all of them.
fn sum_of_invocations(i: u32, value: vec4<f32>) -> vec4<f32> {
    // A sum before this one must have been read before it is overwritten.
    workgroupBarrier();
    partial[i] = value;
    for (var half = 32u; half > 0u; half /= 2u) {
        // The level below must have been written before it is read.
        workgroupBarrier();
        if i < half { partial[i] += partial[i + half]; }
    }
    // All need the sum.
    workgroupBarrier();
    return partial[0];
}

// The mean of each chunk, and the sum of the squares about it. All is counted from the first value, so that a channel
// of one value has squares of exactly zero.
@compute @workgroup_size(64)
fn moments(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= norm.chunks * norm.across {
        return;
    }
    let chunk = chunk_of(i);
    let shift = x[chunk.start];
    var sum = vec4<f32>();
    for (var at = chunk.start; at < chunk.end; at += norm.across) { sum += x[at] - shift; }
    let center = shift + sum / chunk.count;
    var squares = vec4<f32>();
    var rest = vec4<f32>();
    for (var at = chunk.start; at < chunk.end; at += norm.across) {
        let from_mean = x[at] - center;
        squares = fma(from_mean, from_mean, squares);
        rest += from_mean;
    }
    result[chunk.sums] = center;
    // What the mean was rounded by would otherwise count as spread.
    result[chunk.sums + 1u] = squares - rest * rest / chunk.count;
}

// Mean and variance of the batch, and the running ones, which move towards them; x is what moments has left.
@compute @workgroup_size(64)
fn sum_moments(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let v = linear(workgroup, workgroups);
    // A folded grid may have a few workgroups too many.
    if v >= norm.across { return; }
    let shift = x[v * 2u];
    var sum = vec4<f32>();
    for (var chunk = i; chunk < norm.chunks; chunk += 64u) {
        sum += f32(pixels_of(chunk)) * (x[sums_of(chunk, v)] - shift);
    }
    let center = shift + sum_of_invocations(i, sum) / norm.values;
    var squares = vec4<f32>();
    for (var chunk = i; chunk < norm.chunks; chunk += 64u) {
        let place = sums_of(chunk, v);
        let from_mean = x[place] - center;
        squares += fma(f32(pixels_of(chunk)) * from_mean, from_mean, x[place + 1u]);
    }
    let all = sum_of_invocations(i, squares);
    if i == 0u {
        // Rounding alone can leave a sum of squares below zero.
        let spread = select(all, vec4<f32>(), all < vec4<f32>()) / norm.values;
        batch_mean[v] = center;
        batch_variance[v] = spread;
        running_mean[v] = norm.kept * running_mean[v] + norm.taken * center;
        running_variance[v] = norm.kept * running_variance[v] + norm.taken * (norm.unbiased * spread);
    }
}

@compute @workgroup_size(64)
fn forward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= norm.vectors {
        return;
    }
    let v = i % norm.across;
    var y = fma(x[i] - mean[v], inverse_of(v) * weight[v], bias[v]);
    if norm.plus != 0u { y += other[i]; }
    result[i] = keep_real(v, rectify_if(norm.rectified, y));
}

// The sums of dy and of dy (x - mean) over each chunk.
@compute @workgroup_size(64)
fn sums(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= norm.chunks * norm.across {
        return;
    }
    let chunk = chunk_of(i);
    let center = mean[i % norm.across];
    var plain = vec4<f32>();
    var weighted = vec4<f32>();
    for (var at = chunk.start; at < chunk.end; at += norm.across) {
        plain += dy[at];
        weighted = fma(dy[at], x[at] - center, weighted);
    }
    result[chunk.sums] = plain;
    result[chunk.sums + 1u] = weighted;
}

// The gradients of bias and weight, and the sums over the batch after those of the chunks.
@compute @workgroup_size(64)
fn sum_sums(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let v = linear(workgroup, workgroups);
    // A folded grid may have a few workgroups too many.
    if v >= norm.across { return; }
    var plain = vec4<f32>();
    var weighted = vec4<f32>();
    for (var chunk = i; chunk < norm.chunks; chunk += 64u) {
        let place = sums_of(chunk, v);
        plain += result[place];
        weighted += result[place + 1u];
    }
    let plain_sum = sum_of_invocations(i, plain);
    let weighted_sum = keep_real(v, sum_of_invocations(i, weighted) * inverse_of(v));
    if i == 0u {
        result[norm.sums + v * 2u] = plain_sum;
        result[norm.sums + v * 2u + 1u] = weighted_sum;
        var before = array<vec4<f32>, 2>();
        if norm.accumulate != 0u { before = array<vec4<f32>, 2>(dweight[v], dbias[v]); }
        dweight[v] = before[0] + weighted_sum;
        dbias[v] = before[1] + plain_sum;
    }
}

// dx = weight / sqrt(var + eps) * (dy - sum of dy / n - normalised x * sum of (dy normalised x) / n)
@compute @workgroup_size(64)
fn backward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= norm.vectors {
        return;
    }
    let v = i % norm.across;
    let inverse = inverse_of(v);
    let level = sums_of_all[norm.sums + v * 2u] / norm.values;
    let slope = sums_of_all[norm.sums + v * 2u + 1u] / norm.values * inverse;
    let dx = (dy[i] - level - (x[i] - mean[v]) * slope) * (inverse * weight[v]);
    result[i] = where_positive_if(norm.rectified, x[i], keep_real(v, dx));
}

// dx = weight / sqrt(var + eps) * dy, where the statistics are constants
@compute @workgroup_size(64)
fn backward_evaluation(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= norm.vectors {
        return;
    }
    let v = i % norm.across;
    let dx = dy[i] * (inverse_of(v) * weight[v]);
    result[i] = where_positive_if(norm.rectified, x[i], keep_real(v, dx));
}
