//! Mean and variance of a batch, and the running statistics that follow them.
//!
//! The batch is cut into chunks of pixels. The mean of a chunk is its first value plus the mean of what the others
//! differ from it, and its squares are taken about that mean, so that a channel of one value has a variance of exactly
//! zero and one about a mean of 100 loses no digits. Chunks are put together in their order, in double precision.

#![allow(clippy::needless_range_loop, reason = "one index over slices of one length is what becomes vectors")]

use super::pixels_per_chunk;
use crate::{
    cpu::{channels::by_channels, memory::Scratch, vectorised},
    host::{BatchNormDims, Real},
};
use rayon::prelude::*;

/// Overwrites `mean` and `var` with those of the batch; the variance is that of the values as they are, not the
/// estimate for those that they are drawn from.
pub fn moments<T: Real>(dims: &BatchNormDims, x: &[T], mean: &mut [T], var: &mut [T], scratch: &Scratch<T>) {
    let (c, pixels) = (dims.x.c, pixels_per_chunk(dims.x.c));
    let mut partials = scratch.lend(dims.values().div_ceil(pixels) * 2 * c);
    partials.par_chunks_mut(2 * c).zip(x.par_chunks(pixels * c)).for_each(|(partial, x)| {
        vectorised(
            #[inline(always)]
            || {
                let (mean, squares) = partial.split_at_mut(c);
                by_channels!(wide chunk_moments, c, (x, mean, squares));
            },
        );
    });
    vectorised(
        #[inline(always)]
        || by_channels!(wide moments_of_chunks, c, (dims.values(), pixels, &partials, mean, var)),
    );
}

/// Overwrites the mean of a chunk, and the sum of the squares about it, for `W` channels from `first` up.
#[inline(always)]
fn chunk_moments<T: Real, const W: usize>(x: &[T], mean: &mut [T], squares: &mut [T], first: usize) {
    let c = mean.len();
    let count = T::of((x.len() / c) as f64);
    let (mut shift, mut sums) = ([T::zero(); W], [T::zero(); W]);
    shift.copy_from_slice(&x[first..first + W]);
    for x in x.chunks_exact(c) {
        let x = &x[first..first + W];
        for i in 0..W {
            sums[i] += x[i] - shift[i];
        }
    }
    for i in 0..W {
        shift[i] += sums[i] / count;
    }
    let (mut about, mut rest) = ([T::zero(); W], [T::zero(); W]);
    for x in x.chunks_exact(c) {
        let x = &x[first..first + W];
        for i in 0..W {
            let from_mean = x[i] - shift[i];
            about[i] += from_mean * from_mean;
            rest[i] += from_mean;
        }
    }
    for i in 0..W {
        mean[first + i] = shift[i];
        // What the mean was rounded by would otherwise count as spread.
        squares[first + i] = about[i] - rest[i] * rest[i] / count;
    }
}

/// Puts the chunks together for `W` channels from `first` up.
#[inline(always)]
fn moments_of_chunks<T: Real, const W: usize>(
    values: usize,
    pixels: usize,
    partials: &[T],
    mean: &mut [T],
    var: &mut [T],
    first: usize,
) {
    let c = mean.len();
    let counts = (0..values).step_by(pixels).map(|start| pixels.min(values - start) as f64);
    let (mut center, mut sums, mut squares) = ([0.0; W], [0.0; W], [0.0; W]);
    for i in 0..W {
        center[i] = partials[first + i].wide();
    }
    for (partial, count) in partials.chunks_exact(2 * c).zip(counts.clone()) {
        for i in 0..W {
            sums[i] += count * (partial[first + i].wide() - center[i]);
        }
    }
    for i in 0..W {
        center[i] += sums[i] / values as f64;
    }
    for (partial, count) in partials.chunks_exact(2 * c).zip(counts) {
        for i in 0..W {
            let from_mean = partial[first + i].wide() - center[i];
            squares[i] += partial[c + first + i].wide() + count * from_mean * from_mean;
        }
    }
    for i in 0..W {
        mean[first + i] = T::of(center[i]);
        // Rounding alone can leave a sum of squares below zero; a NaN stays one.
        var[first + i] = T::of(if squares[i] < 0.0 { 0.0 } else { squares[i] / values as f64 });
    }
}

/// Moves the running statistics: `running = (1 - momentum) running + momentum batch`, where the batch's variance is the
/// unbiased estimate, `values / (values - 1)` of the one about its own mean.
pub fn follow<T: Real>(dims: &BatchNormDims, mean: &[T], var: &[T], running_mean: &mut [T], running_var: &mut [T]) {
    let (kept, taken) = (T::of(1.0 - dims.momentum), T::of(dims.momentum));
    let unbiased = T::of(dims.values() as f64 / (dims.values() as f64 - 1.0));
    running_mean.iter_mut().zip(mean).for_each(|(running, &batch)| *running = kept * *running + taken * batch);
    running_var
        .iter_mut()
        .zip(var)
        .for_each(|(running, &batch)| *running = kept * *running + taken * (batch * unbiased));
}
