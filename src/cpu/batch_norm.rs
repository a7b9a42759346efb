//! Batch normalisation: `y = (x - mean) / sqrt(var + eps) * weight + bias`, every channel with a mean and a variance of
//! its own over all `n * h * w` values of the batch (Ioffe and Szegedy 2015; PyTorch's `BatchNorm2d`).

mod backward;
mod forward;
mod moments;

pub use backward::{Sums, backward, backward_evaluation, keep, sums};
pub use forward::normalise;
pub use moments::{follow, moments};

use super::ELEMENTS_PER_TASK;
use crate::host::{BatchNormDims, Real};

/// Elements of a chunk: they stay in the first-level cache from one pass over them to the next.
const ELEMENTS_PER_CHUNK: usize = 1 << 12;

/// Pixels of a chunk, whatever the batch.
fn pixels_per_chunk(channels: usize) -> usize {
    (ELEMENTS_PER_CHUNK / channels).max(8)
}

/// Elements of whole pixels for one task.
fn elements_per_task(channels: usize) -> usize {
    (ELEMENTS_PER_TASK / channels).max(1) * channels
}

/// What normalises a channel: one value per channel each.
#[derive(Clone, Copy, Debug)]
pub struct Channels<'a, T> {
    /// The mean that is subtracted.
    pub mean: &'a [T],
    /// The variance below the root, before `eps`.
    pub var: &'a [T],
    /// The scale.
    pub weight: &'a [T],
}

/// `1 / sqrt(var + eps)`
#[inline(always)]
fn inverse_of<T: Real>(dims: &BatchNormDims, var: T) -> T {
    T::one() / (var + T::of(dims.eps)).sqrt()
}
