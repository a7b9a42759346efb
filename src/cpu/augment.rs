//! Crop, mirror and mean subtraction: stored bytes become the network's input.

use crate::host::{ImageDims, Real};
use rayon::prelude::*;

/// Overwrites `x` with `scale * (pixel - mean)` of each image's window.
///
/// `images` holds bytes of the stored size `[n][h][w][c]`; `crops` holds (top, left, mirror) of each image;
/// `mean` has the stored size of one image, and is taken at the window before the mirror,
/// so that it is mirrored with the image (Caffe's `data_transformer.cpp`).
pub fn forward<T: Real>(
    stored: &ImageDims,
    scale: f64,
    images: &[u8],
    crops: &[u32],
    mean: &[T],
    [height, width]: [usize; 2],
    x: &mut [T],
) {
    let (c, scale) = (stored.c, T::of(scale));
    let inputs = images.par_chunks(stored.features()).zip(crops.par_chunks(3));
    x.par_chunks_mut(height * width * c).zip(inputs).for_each(|(x, (image, crop))| {
        let (top, left, mirror) = (crop[0] as usize, crop[1] as usize, crop[2] != 0);
        for h in 0..height {
            for w in 0..width {
                let from = if mirror { width - 1 - w } else { w };
                let at = ((top + h) * stored.w + left + from) * c;
                let target = &mut x[(h * width + w) * c..][..c];
                for ((x, &byte), &mean) in target.iter_mut().zip(&image[at..at + c]).zip(&mean[at..at + c]) {
                    *x = scale * (T::of(f64::from(byte)) - mean);
                }
            }
        }
    });
}
