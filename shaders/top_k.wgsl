// The rank of the true class among the logits: the number of classes with a greater logit, or with an equal one
// and a lower index. A workgroup of 64 handles one image: invocation i takes classes i, i + 64, ...
// A NaN comes before everything, so that a diverged network is never right.

struct TopKParameters {
    // Images, classes, classes padded to four.
    n: u32,
    classes: u32,
    padded: u32,
}
@group(0) @binding(0) var<uniform> top: TopKParameters;
@group(0) @binding(1) var<storage, read> logits: array<u32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> rank: array<u32>;

var<workgroup> counts: array<u32, 64>;

@compute @workgroup_size(64)
fn forward(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let image = linear(workgroup, workgroups);
    // A folded grid may have a few workgroups too many.
    if image >= top.n { return; }
    let row = image * top.padded;
    let label = labels[image];
    let own = order(logits[row + min(label, top.classes - 1u)]);
    var before = 0u;
    for (var j = i; j < top.classes; j += 64u) {
        let other = order(logits[row + j]);
        before += select(0u, 1u, other > own || (other == own && j < label));
    }
    counts[i] = before;
    for (var half = 32u; half > 0u; half /= 2u) {
        // The level below must have been written before it is read.
        workgroupBarrier();
        if i < half { counts[i] += counts[i + half]; }
    }
    if i == 0u {
        // 0xffffffff is the order of a NaN.
        let wrong = label >= top.classes || own == 0xffffffffu;
        rank[image] = select(counts[0], top.classes, wrong);
    }
}
