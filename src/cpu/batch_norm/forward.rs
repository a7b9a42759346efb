//! The forward pass of a batch normalisation, by whichever statistics it is given.

#![allow(clippy::needless_range_loop, reason = "one index over slices of one length is what becomes vectors")]

use super::{Channels, elements_per_task, inverse_of};
use crate::{
    cpu::{channels::by_channels, vectorised},
    host::{BatchNormDims, Real},
};
use rayon::prelude::*;

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
