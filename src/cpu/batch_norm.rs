//! Batch normalisation: `y = (x - mean) / sqrt(var + eps) * weight + bias`, every channel with a mean and a variance of
//! its own over all `n * h * w` values of the batch (Ioffe and Szegedy 2015; PyTorch's `BatchNorm2d`).
//!
//! The batch is cut into chunks of pixels. The mean of a chunk is its first value plus the mean of what the others
//! differ from it, and its squares are taken about that mean, so that a channel of one value has a variance of exactly
//! zero and one about a mean of 100 loses no digits. Chunks are put together in their order, in double precision.

#![allow(clippy::needless_range_loop, reason = "one index over slices of one length is what becomes vectors")]

use super::{ELEMENTS_PER_TASK, channels::by_channels, memory::Scratch, vectorised};
use crate::host::{BatchNormDims, Real};
use rayon::prelude::*;

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

/// Overwrites `y`, with `plus` by the sum with it; with `rectified` by `max(y, 0)`.
pub fn normalise<T: Real>(
    dims: &BatchNormDims,
    x: &[T],
    by: Channels<'_, T>,
    bias: &[T],
    plus: Option<&[T]>,
    y: &mut [T],
    rectified: bool,
) {
    let (c, elements) = (dims.x.c, elements_per_task(dims.x.c));
    // No value compares as at or below NaN.
    let floor = if rectified { T::zero() } else { T::nan() };
    y.par_chunks_mut(elements).zip(x.par_chunks(elements)).enumerate().for_each(|(task, (y, x))| {
        let plus = plus.map(|plus| &plus[task * elements..][..x.len()]);
        vectorised(
            #[inline(always)]
            || match plus {
                None => by_channels!(wide normalised, c, (dims, x, by, bias, floor, y)),
                Some(plus) => by_channels!(wide normalised_sum, c, (dims, [x, plus], by, bias, floor, y)),
            },
        );
    });
}

/// What `W` channels from `first` up are normalised with: mean, scale and offset.
#[inline(always)]
fn coefficients<T: Real, const W: usize>(
    dims: &BatchNormDims,
    by: Channels<'_, T>,
    bias: &[T],
    first: usize,
) -> [[T; W]; 3] {
    let (mut mean, mut scale, mut offset) = ([T::zero(); W], [T::zero(); W], [T::zero(); W]);
    for i in 0..W {
        mean[i] = by.mean[first + i];
        scale[i] = inverse_of(dims, by.var[first + i]) * by.weight[first + i];
        offset[i] = bias[first + i];
    }
    [mean, scale, offset]
}

/// The normalised values of `W` channels from `first` up.
#[inline(always)]
fn normalised<T: Real, const W: usize>(
    dims: &BatchNormDims,
    x: &[T],
    by: Channels<'_, T>,
    bias: &[T],
    floor: T,
    y: &mut [T],
    first: usize,
) {
    let c = bias.len();
    let [mean, scale, offset] = coefficients::<T, W>(dims, by, bias, first);
    for (y, x) in y.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
        let x = &x[first..first + W];
        let mut values = [T::zero(); W];
        for i in 0..W {
            let value = (x[i] - mean[i]) * scale[i] + offset[i];
            values[i] = if value <= floor { T::zero() } else { value };
        }
        y[first..first + W].copy_from_slice(&values);
    }
}

/// The same plus another tensor.
#[inline(always)]
fn normalised_sum<T: Real, const W: usize>(
    dims: &BatchNormDims,
    [x, plus]: [&[T]; 2],
    by: Channels<'_, T>,
    bias: &[T],
    floor: T,
    y: &mut [T],
    first: usize,
) {
    let c = bias.len();
    let [mean, scale, offset] = coefficients::<T, W>(dims, by, bias, first);
    for ((y, x), plus) in y.chunks_exact_mut(c).zip(x.chunks_exact(c)).zip(plus.chunks_exact(c)) {
        let (x, plus) = (&x[first..first + W], &plus[first..first + W]);
        let mut values = [T::zero(); W];
        for i in 0..W {
            let value = (x[i] - mean[i]) * scale[i] + offset[i] + plus[i];
            values[i] = if value <= floor { T::zero() } else { value };
        }
        y[first..first + W].copy_from_slice(&values);
    }
}

/// The sums over the batch that gradients are made of.
#[derive(Debug)]
pub struct Sums<'a, T> {
    /// The gradient of the bias: the sum of dy.
    pub dbias: &'a mut [T],
    /// The gradient of the weight: the sum of dy times the normalised x.
    pub dweight: &'a mut [T],
}

/// Overwrites the sums.
pub fn sums<T: Real>(
    dims: &BatchNormDims,
    x: &[T],
    dy: &[T],
    by: Channels<'_, T>,
    sums: &mut Sums<'_, T>,
    scratch: &Scratch<T>,
) {
    let (c, pixels) = (dims.x.c, pixels_per_chunk(dims.x.c));
    let mut partials = scratch.lend(dims.values().div_ceil(pixels) * 2 * c);
    let chunks = x.par_chunks(pixels * c).zip(dy.par_chunks(pixels * c));
    partials.par_chunks_mut(2 * c).zip(chunks).for_each(|(partial, (x, dy))| {
        vectorised(
            #[inline(always)]
            || {
                let (plain, weighted) = partial.split_at_mut(c);
                by_channels!(wide chunk_sums, c, (x, dy, by.mean, plain, weighted));
            },
        );
    });
    let Sums { dbias, dweight } = sums;
    vectorised(
        #[inline(always)]
        || by_channels!(wide sums_of_chunks, c, (&partials, dbias, dweight)),
    );
    dweight.iter_mut().zip(by.var).for_each(|(sum, &var)| *sum = *sum * inverse_of(dims, var));
}

/// Overwrites a chunk's sums of dy and of dy (x - mean), for `W` channels from `first` up.
#[inline(always)]
fn chunk_sums<T: Real, const W: usize>(
    x: &[T],
    dy: &[T],
    mean: &[T],
    plain: &mut [T],
    weighted: &mut [T],
    first: usize,
) {
    let c = mean.len();
    let (mut center, mut sums, mut products) = ([T::zero(); W], [T::zero(); W], [T::zero(); W]);
    center.copy_from_slice(&mean[first..first + W]);
    for (x, dy) in x.chunks_exact(c).zip(dy.chunks_exact(c)) {
        let (x, dy) = (&x[first..first + W], &dy[first..first + W]);
        for i in 0..W {
            sums[i] += dy[i];
            products[i] += dy[i] * (x[i] - center[i]);
        }
    }
    plain[first..first + W].copy_from_slice(&sums);
    weighted[first..first + W].copy_from_slice(&products);
}

/// Adds the chunks in their order, for `W` channels from `first` up.
#[inline(always)]
fn sums_of_chunks<T: Real, const W: usize>(partials: &[T], plain: &mut [T], weighted: &mut [T], first: usize) {
    let c = plain.len();
    let mut totals = [[0.0; W]; 2];
    for partial in partials.chunks_exact(2 * c) {
        for i in 0..W {
            totals[0][i] += partial[first + i].wide();
            totals[1][i] += partial[c + first + i].wide();
        }
    }
    for i in 0..W {
        plain[first + i] = T::of(totals[0][i]);
        weighted[first + i] = T::of(totals[1][i]);
    }
}

/// Overwrites `dx` where mean and variance are those of the batch, and change with x:
/// `dx = weight / sqrt(var + eps) * (dy - dbias / values - normalised x * dweight / values)`.
pub fn backward<T: Real>(
    dims: &BatchNormDims,
    x: &[T],
    dy: &[T],
    by: Channels<'_, T>,
    sums: &Sums<'_, T>,
    dx: &mut [T],
) {
    let (c, elements) = (dims.x.c, elements_per_task(dims.x.c));
    dx.par_chunks_mut(elements).zip(x.par_chunks(elements)).zip(dy.par_chunks(elements)).for_each(|((dx, x), dy)| {
        vectorised(
            #[inline(always)]
            || by_channels!(wide input_gradient, c, (dims, x, dy, by, sums, dx)),
        );
    });
}

#[inline(always)]
fn input_gradient<T: Real, const W: usize>(
    dims: &BatchNormDims,
    x: &[T],
    dy: &[T],
    by: Channels<'_, T>,
    sums: &Sums<'_, T>,
    dx: &mut [T],
    first: usize,
) {
    let c = by.mean.len();
    let values = T::of(dims.values() as f64);
    let [mut mean, mut scale, mut level, mut slope] = [[T::zero(); W]; 4];
    for i in 0..W {
        let inverse = inverse_of(dims, by.var[first + i]);
        mean[i] = by.mean[first + i];
        scale[i] = inverse * by.weight[first + i];
        level[i] = sums.dbias[first + i] / values;
        slope[i] = inverse * sums.dweight[first + i] / values;
    }
    for ((dx, x), dy) in dx.chunks_exact_mut(c).zip(x.chunks_exact(c)).zip(dy.chunks_exact(c)) {
        let (x, dy) = (&x[first..first + W], &dy[first..first + W]);
        let mut gradients = [T::zero(); W];
        for i in 0..W {
            gradients[i] = (dy[i] - level[i] - (x[i] - mean[i]) * slope[i]) * scale[i];
        }
        dx[first..first + W].copy_from_slice(&gradients);
    }
}

/// Overwrites `dx` where mean and variance are constants: `dx = weight / sqrt(var + eps) * dy`.
pub fn backward_evaluation<T: Real>(dims: &BatchNormDims, dy: &[T], by: Channels<'_, T>, dx: &mut [T]) {
    let (c, elements) = (dims.x.c, elements_per_task(dims.x.c));
    dx.par_chunks_mut(elements).zip(dy.par_chunks(elements)).for_each(|(dx, dy)| {
        vectorised(
            #[inline(always)]
            || by_channels!(wide scaled, c, (dims, dy, by, dx)),
        );
    });
}

#[inline(always)]
fn scaled<T: Real, const W: usize>(dims: &BatchNormDims, dy: &[T], by: Channels<'_, T>, dx: &mut [T], first: usize) {
    let c = by.mean.len();
    let mut scale = [T::zero(); W];
    for i in 0..W {
        scale[i] = inverse_of(dims, by.var[first + i]) * by.weight[first + i];
    }
    for (dx, dy) in dx.chunks_exact_mut(c).zip(dy.chunks_exact(c)) {
        let dy = &dy[first..first + W];
        let mut gradients = [T::zero(); W];
        for i in 0..W {
            gradients[i] = dy[i] * scale[i];
        }
        dx[first..first + W].copy_from_slice(&gradients);
    }
}

/// Adds `terms` to `to` or overwrites it with them.
pub fn keep<T: Real>(terms: &[T], to: &mut [T], add: bool) {
    if add {
        to.iter_mut().zip(terms).for_each(|(to, &term)| *to += term);
    } else {
        to.copy_from_slice(terms);
    }
}
