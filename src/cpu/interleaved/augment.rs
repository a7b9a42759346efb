//! Crop from a padded image, mirror and normalisation into packs: the values are those of `cpu/augment.rs`.

use super::Pack;
use crate::host::ImageDims;

/// Overwrites the SIMD lanes of a block's images in `x`; the lanes after them become zero.
///
/// `images` holds the bytes of the block's stored images, one after the other, `crops` (top, left, mirror) of each,
/// `mean` and `scale` what `cpu/augment.rs` says.
pub fn forward(
    stored: &ImageDims,
    padding: usize,
    images: &[u8],
    crops: &[u32],
    [mean, scale]: [&[f32]; 2],
    [height, width]: [usize; 2],
    x: &mut [Pack<f32>],
) {
    let c = stored.c;
    let padded_w = stored.w + 2 * padding;
    let (rows, columns) = (padding..padding + stored.h, padding..padding + stored.w);
    let outside = vec![0; c];
    for (lane, (image, crop)) in images.chunks_exact(stored.features()).zip(crops.chunks_exact(3)).enumerate() {
        let (top, left, mirror) = (crop[0] as usize, crop[1] as usize, crop[2] != 0);
        for h in 0..height {
            let row = top + h;
            for w in 0..width {
                let column = left + if mirror { width - 1 - w } else { w };
                let pixel = if rows.contains(&row) && columns.contains(&column) {
                    &image[((row - padding) * stored.w + column - padding) * c..][..c]
                } else {
                    &outside
                };
                let mean = &mean[(row * padded_w + column) * c..][..c];
                let target = &mut x[(h * width + w) * c..][..c];
                for (((x, &byte), &mean), &scale) in target.iter_mut().zip(pixel).zip(mean).zip(scale) {
                    x[lane] = scale * (f32::from(byte) - mean);
                }
            }
        }
    }
    let images = crops.len() / 3;
    x.iter_mut().for_each(|x| x[images..].fill(0.0));
}
