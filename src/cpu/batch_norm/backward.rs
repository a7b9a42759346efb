//! The backward passes of a batch normalisation, of training and of evaluation.

#![allow(clippy::needless_range_loop, reason = "one index over slices of one length is what becomes vectors")]

use super::{Channels, elements_per_task, inverse_of, pixels_per_chunk};
use crate::{
    cpu::{channels::by_channels, memory::Scratch, vectorised},
    host::{BatchNormDims, Real},
};
use rayon::prelude::*;

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
