// Dropout, in place, the same in both directions: kept elements are scaled, the others become zero.
// One invocation handles four elements that are adjacent in the order of channels last without padding.

struct DropoutParameters {
    // The first element here, and the one after the last, counted without padding from the tape's first image on.
    first: u32,
    end: u32,
    // Channels, padded channels, and channels of a row of a given mask.
    channels: u32,
    padded: u32,
    mask_channels: u32,
    // Words below this are dropped.
    threshold: u32,
    scale: f32,
    // The layer's number.
    layer: u32,
    // Elements of an image.
    features: u32,
}
@group(0) @binding(0) var<uniform> dropout: DropoutParameters;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read> given: array<u32>;
@group(0) @binding(2) var<uniform> step: StepValues;

fn put(element: u32, kept: bool) {
    if element >= dropout.first && element < dropout.end {
        let here = element - dropout.first;
        let at = (here / dropout.channels) * dropout.padded + here % dropout.channels;
        x[at] = select(0.0, x[at] * dropout.scale, kept);
    }
}

// The mask is drawn from the element's number in the whole batch, the step and the layer, as in src/cpu/dropout.rs.
@compute @workgroup_size(64)
fn apply(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    // Images of the batch that came before those of the tape.
    let before = step.first_image * dropout.features;
    let block = (before + dropout.first) / 4u + linear(workgroup, workgroups) * 64u + invocation;
    let words = philox(vec4<u32>(block, 0u, step.iteration, dropout.layer), vec2<u32>(step.key_low, step.key_high));
    // An element before the first of the tape wraps around, and is past the last.
    let element = block * 4u - before;
    put(element, words.x >= dropout.threshold);
    put(element + 1u, words.y >= dropout.threshold);
    put(element + 2u, words.z >= dropout.threshold);
    put(element + 3u, words.w >= dropout.threshold);
}

fn put_given(element: u32) {
    if element >= dropout.first && element < dropout.end {
        let here = element - dropout.first;
        put(element, given[(here / dropout.channels) * dropout.mask_channels + here % dropout.channels] != 0u);
    }
}

@compute @workgroup_size(64)
fn apply_given(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let block = dropout.first / 4u + linear(workgroup, workgroups) * 64u + invocation;
    put_given(block * 4u);
    put_given(block * 4u + 1u);
    put_given(block * 4u + 2u);
    put_given(block * 4u + 3u);
}
