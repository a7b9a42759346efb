//! Crop from a padded image, mirror and normalisation: stored bytes become the network's input.

use crate::host::{ImageDims, Real};
use rayon::prelude::*;

/// Overwrites `x` with `scale * (pixel - mean)` of each image's window.
///
/// `images` holds bytes of the stored size `[n][h][w][c]`; around each image lie `padding` pixels of 0 on every side
/// (torchvision's `RandomCrop`, which pads before anything is subtracted). `crops` holds (top, left, mirror) of each
/// image, counted in the padded image; `mean` has the padded size of one image, and is taken at the window before the
/// mirror, so that it is mirrored with the image (Caffe's `data_transformer.cpp`); `scale` has a number per channel.
pub fn forward<T: Real>(
    stored: &ImageDims,
    padding: usize,
    images: &[u8],
    crops: &[u32],
    [mean, scale]: [&[T]; 2],
    [height, width]: [usize; 2],
    x: &mut [T],
) {
    let c = stored.c;
    let padded_w = stored.w + 2 * padding;
    let (rows, columns) = (padding..padding + stored.h, padding..padding + stored.w);
    let outside = vec![0; c];
    let inputs = images.par_chunks(stored.features()).zip(crops.par_chunks(3));
    x.par_chunks_mut(height * width * c).zip(inputs).for_each(|(x, (image, crop))| {
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
                    *x = scale * (T::of(f64::from(byte)) - mean);
                }
            }
        }
    });
}
