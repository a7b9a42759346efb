// Crop from a padded image, mirror and normalisation: x = scale * (pixel - mean) of each image's window.
// One invocation computes four channels of a pixel of x.

struct AugmentParameters {
    // Vectors written; vectors of one pixel; real channels.
    vectors: u32,
    across: u32,
    channels: u32,
    // Height and width of a stored image, and of the window; pixels of 0 around a stored image on each side.
    stored_h: u32,
    stored_w: u32,
    height: u32,
    width: u32,
    padding: u32,
}
@group(0) @binding(0) var<uniform> augment: AugmentParameters;
// Bytes, four a word, the lowest first: [image][h][w][c] without padding.
@group(0) @binding(1) var<storage, read> images: array<u32>;
// Top and left of each image's window, counted in the padded image, and its mirror.
@group(0) @binding(2) var<storage, read> crops: array<u32>;
// The mean of one padded image, [h][w][c], and what the difference is multiplied with, [c].
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
@group(0) @binding(5) var<storage, read_write> x: array<vec4<f32>>;

// Channel c of a pixel: `byte` is that of its first channel, `at` its number in the padded image.
fn value(byte: u32, inside: bool, at: u32, c: u32) -> f32 {
    if c >= augment.channels {
        return 0.0;
    }
    var raw = 0.0;
    if inside {
        raw = f32((images[(byte + c) / 4u] >> (((byte + c) % 4u) * 8u)) & 0xffu);
    }
    return scale[c] * (raw - mean[at * augment.channels + c]);
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
    let row = crops[image * 3u] + h;
    let column = crops[image * 3u + 1u] + from_w;
    let padded_h = augment.stored_h + 2u * augment.padding;
    let padded_w = augment.stored_w + 2u * augment.padding;
    // A window beyond its image is a mistake of the host's, and must not become a read beyond the buffer.
    let at = min(row * padded_w + column, padded_h * padded_w - 1u);
    // Above and left of the image the difference wraps around, and is no row or column of it either.
    let stored_row = row - augment.padding;
    let stored_column = column - augment.padding;
    let inside = stored_row < augment.stored_h && stored_column < augment.stored_w;
    let stored = (image * augment.stored_h + stored_row) * augment.stored_w + stored_column;
    let byte = stored * augment.channels;
    let c = (i % augment.across) * 4u;
    x[i] = vec4<f32>(value(byte, inside, at, c), value(byte, inside, at, c + 1u),
        value(byte, inside, at, c + 2u), value(byte, inside, at, c + 3u));
}
