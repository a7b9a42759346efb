// Crop, mirror and mean subtraction: x = scale * (pixel - mean) of each image's window.
// One invocation computes four channels of a pixel of x.

struct AugmentParameters {
    // Vectors written; vectors of one pixel; real channels.
    vectors: u32,
    across: u32,
    channels: u32,
    // Height and width of a stored image, and of the window.
    stored_h: u32,
    stored_w: u32,
    height: u32,
    width: u32,
    scale: f32,
}
@group(0) @binding(0) var<uniform> augment: AugmentParameters;
// Bytes, four a word, the lowest first: [image][h][w][c] without padding.
@group(0) @binding(1) var<storage, read> images: array<u32>;
// Top, left and mirror of each image.
@group(0) @binding(2) var<storage, read> crops: array<u32>;
// The mean of one stored image, [h][w][c] without padding.
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>;

fn value(image_start: u32, pixel: u32, c: u32) -> f32 {
    if c >= augment.channels {
        return 0.0;
    }
    let at = pixel * augment.channels + c;
    let byte = image_start + at;
    return augment.scale * (f32((images[byte / 4u] >> ((byte % 4u) * 8u)) & 0xffu) - mean[at]);
}

@compute @workgroup_size(64)
fn forward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= augment.vectors {
        return;
    }
    let pixel = i / augment.across;
    let image = pixel / (augment.height * augment.width);
    let h = (pixel / augment.width) % augment.height;
    let w = pixel % augment.width;
    // The mean is taken before the mirror, so that it is mirrored with the image.
    let from_w = select(w, augment.width - 1u - w, crops[image * 3u + 2u] != 0u);
    // A window beyond its image is a mistake of the host's, and must not become a read beyond the buffer.
    let stored = min((crops[image * 3u] + h) * augment.stored_w + crops[image * 3u + 1u] + from_w,
        augment.stored_h * augment.stored_w - 1u);
    let start = image * augment.stored_h * augment.stored_w * augment.channels;
    let c = (i % augment.across) * 4u;
    x[i] = vec4<f32>(value(start, stored, c), value(start, stored, c + 1u),
        value(start, stored, c + 2u), value(start, stored, c + 3u));
}
