//! Dropout, in place: kept elements are scaled by `1 / (1 - ratio)` in training (Caffe, PyTorch).
//!
//! The mask is never stored. Element i of the whole batch, counted in NHWC order without padding, is kept
//! where word `i % 4` of the stream's block `(i / 4, step)` reaches the threshold `ratio * 2^32`;
//! the layer's number is mixed into the key.

use crate::host::{Real, Stream, philox::philox};
use rayon::prelude::*;

/// What a mask is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// The stream of the training run.
    pub stream: Stream,
    /// The layer's number, so that two layers of one step draw different masks.
    pub layer: u32,
    /// The step of the training run.
    pub step: u32,
    /// The number of the first element in the whole batch: 0 but where a batch is computed in parts.
    pub first: u64,
}

/// The words below which an element is dropped.
pub fn threshold(ratio: f64) -> u32 {
    (ratio * 4_294_967_296.0).round().min(4_294_967_295.0) as u32
}

/// Overwrites `x` with the masked and scaled values. The backward pass is the same call on `dy`.
pub fn apply<T: Real>(draw: &Draw, ratio: f64, x: &mut [T]) {
    const BLOCKS_PER_TASK: usize = 1024;
    let (threshold, scale) = (threshold(ratio), T::of(1.0 / (1.0 - ratio)));
    let mask = |counter: u64, skipped: usize, values: &mut [T]| {
        let words = philox([counter as u32, (counter >> 32) as u32, draw.step, draw.layer], draw.stream.key);
        for (value, &word) in values.iter_mut().zip(&words[skipped..]) {
            *value = if word >= threshold { *value * scale } else { T::zero() };
        }
    };
    // The rest of a block that began in the part of the batch before.
    let begun = (draw.first.next_multiple_of(4) - draw.first) as usize;
    let (rest, x) = x.split_at_mut(begun.min(x.len()));
    mask(draw.first / 4, (draw.first % 4) as usize, rest);
    let first = draw.first.div_ceil(4);
    x.par_chunks_mut(4 * BLOCKS_PER_TASK).enumerate().for_each(|(task, part)| {
        for (block, values) in part.chunks_mut(4).enumerate() {
            mask(first + (task * BLOCKS_PER_TASK + block) as u64, 0, values);
        }
    });
}

/// Overwrites `x` with the scaled values where the given mask is not 0, else with 0.
pub fn apply_given<T: Real>(mask: &[u32], ratio: f64, x: &mut [T]) {
    let scale = T::of(1.0 / (1.0 - ratio));
    x.iter_mut().zip(mask).for_each(|(x, &kept)| *x = if kept != 0 { *x * scale } else { T::zero() });
}
