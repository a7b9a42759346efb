//! Crop, mirror and mean subtraction into packs: the values are those of `cpu/augment.rs`.

use super::Pack;
use crate::host::ImageDims;

/// Overwrites the lanes of a block's images in `x`; the lanes behind them become zero.
///
/// `images` holds the bytes of the block's stored images, one after the other, `crops` (top, left, mirror) of each.
pub fn forward(
    stored: &ImageDims,
    scale: f64,
    images: &[u8],
    crops: &[u32],
    mean: &[f32],
    [height, width]: [usize; 2],
    x: &mut [Pack<f32>],
) {
    let (c, scale) = (stored.c, scale as f32);
    let count = crops.len() / 3;
    for (lane, (image, crop)) in images.chunks_exact(stored.features()).zip(crops.chunks_exact(3)).enumerate() {
        let (top, left, mirror) = (crop[0] as usize, crop[1] as usize, crop[2] != 0);
        for h in 0..height {
            let line = &mut x[h * width * c..][..width * c];
            for (w, target) in line.chunks_exact_mut(c).enumerate() {
                let from = if mirror { width - 1 - w } else { w };
                let at = ((top + h) * stored.w + left + from) * c;
                for ((x, &byte), &mean) in target.iter_mut().zip(&image[at..at + c]).zip(&mean[at..at + c]) {
                    x[lane] = scale * (f32::from(byte) - mean);
                }
            }
        }
    }
    x.iter_mut().for_each(|x| x[count..].fill(0.0));
}
