// Softmax and cross-entropy in one operation, stable for any finite logits. A workgroup of 64 handles one image:
// invocation i takes classes i, i + 64, ..., and the 64 results are combined in a fixed tree.

struct SoftmaxParameters {
    // Classes, classes padded to four; elements written by backward; the weight of each image's loss.
    classes: u32,
    padded: u32,
    elements: u32,
    weight: f32,
    // Images.
    n: u32,
}
@group(0) @binding(0) var<uniform> softmax: SoftmaxParameters;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
// Bits, because WGSL has no way to write down a NaN.
@group(0) @binding(3) var<storage, read_write> loss: array<u32>;
@group(0) @binding(4) var<storage, read_write> prob: array<u32>;
@group(0) @binding(1) var<storage, read> given: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

var<workgroup> greatest: array<u32, 64>;
var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn forward(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let image = linear(workgroup, workgroups);
    // A folded grid may have a few workgroups too many.
    if image >= softmax.n { return; }
    let row = image * softmax.padded;
    var high = 0u;
    for (var j = i; j < softmax.classes; j += 64u) {
        high = max(high, order(bitcast<u32>(logits[row + j])));
    }
    greatest[i] = high;
    for (var half = 32u; half > 0u; half /= 2u) {
        // The level below must have been written before it is read.
        workgroupBarrier();
        if i < half { greatest[i] = max(greatest[i], greatest[i + half]); }
    }
    // All need the maximum.
    workgroupBarrier();
    let bits = select(~greatest[0], greatest[0] & 0x7fffffffu, greatest[0] >= 0x80000000u);
    // A row with a NaN or +infinity, or with nothing but -infinity, has no softmax.
    let defined = greatest[0] != 0xffffffffu && is_finite(bits);
    let top = bitcast<f32>(select(0u, bits, defined));
    var sum = 0.0;
    for (var j = i; j < softmax.classes; j += 64u) {
        sum += exponential(logits[row + j] - top);
    }
    partial[i] = sum;
    for (var half = 32u; half > 0u; half /= 2u) {
        // The level below must have been written before it is read.
        workgroupBarrier();
        if i < half { partial[i] += partial[i + half]; }
    }
    // All need the sum.
    workgroupBarrier();
    let whole = partial[0];
    for (var j = i; j < softmax.classes; j += 64u) {
        let p = exponential(logits[row + j] - top) / whole;
        prob[row + j] = select(NAN_BITS, bitcast<u32>(p), defined);
    }
    if i == 0u {
        let label = labels[image];
        let own = logits[row + min(label, softmax.classes - 1u)];
        let value = logarithm(whole) - (own - top);
        loss[image] = select(NAN_BITS, bitcast<u32>(value), defined && label < softmax.classes);
    }
}

// dx = weight * (prob - [j = label]); one invocation computes one element.
@compute @workgroup_size(64)
fn backward(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let at = linear(workgroup, workgroups) * 64u + i;
    let j = at % softmax.padded;
    if at >= softmax.elements || j >= softmax.classes {
        return;
    }
    let own = select(0.0, 1.0, j == labels[at / softmax.padded]);
    dx[at] = softmax.weight * (given[at] - own);
}
