//! Dropout over packs, in place: the masks are those of `cpu/dropout.rs`, element for element.

#![allow(clippy::needless_range_loop, reason = "one index over packs is what becomes a register")]

use super::{IMAGES, Pack};
use crate::{
    cpu::{
        dropout::{Draw, threshold},
        vectorised,
    },
    host::philox::{philox, philox_of},
};

/// Overwrites `x` with the masked and scaled values of a block whose first image is the batch's number `image`.
pub fn apply(draw: &Draw, ratio: f64, image: usize, x: &mut [Pack<f32>]) {
    let (threshold, scale, features) = (threshold(ratio), (1.0 / (1.0 - ratio)) as f32, x.len() as u64);
    let first = draw.first + image as u64 * features;
    vectorised(
        #[inline(always)]
        || {
            // Four elements of an image share a counter where its first one begins with one.
            if features.is_multiple_of(4) && first.is_multiple_of(4) {
                for (four, x) in x.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                    let (mut low, mut high) = ([0; IMAGES], [0; IMAGES]);
                    for i in 0..IMAGES {
                        let counter = (first + i as u64 * features) / 4 + four as u64;
                        (low[i], high[i]) = (counter as u32, (counter >> 32) as u32);
                    }
                    let words = philox_of(low, high, [draw.step, draw.layer], draw.stream.key);
                    for (x, words) in x.iter_mut().zip(words) {
                        for i in 0..IMAGES {
                            x[i] = if words[i] >= threshold { x[i] * scale } else { 0.0 };
                        }
                    }
                }
                return;
            }
            for (j, x) in x.iter_mut().enumerate() {
                for i in 0..IMAGES {
                    let element = first + i as u64 * features + j as u64;
                    let counter = [(element / 4) as u32, (element >> 34) as u32, draw.step, draw.layer];
                    let word = philox(counter, draw.stream.key)[(element % 4) as usize];
                    x[i] = if word >= threshold { x[i] * scale } else { 0.0 };
                }
            }
        },
    );
}

/// Overwrites `x` with the scaled values where the given mask is not 0, else with 0.
pub fn apply_given(mask: &[Pack<u32>], ratio: f64, x: &mut [Pack<f32>]) {
    let scale = (1.0 / (1.0 - ratio)) as f32;
    for (x, mask) in x.iter_mut().zip(mask) {
        for i in 0..IMAGES {
            x[i] = if mask[i] != 0 { x[i] * scale } else { 0.0 };
        }
    }
}
