//! Local response normalisation across channels, in Caffe's convention (`lrn_layer.cpp`):
//! `scale_c = k + alpha / size * sum of x_j^2` over the window, `y_c = x_c * scale_c^-beta`.

use super::{ELEMENTS_PER_TASK, vectorised};
use crate::host::{LrnDims, Real};
use rayon::prelude::*;

/// `scale^-beta`; the exponent of the paper, 0.75, needs square roots only.
#[inline(always)]
fn power<T: Real>(scale: T, beta: f64) -> T {
    if beta == 0.75 {
        let root = scale.sqrt();
        T::one() / (root * root.sqrt())
    } else {
        scale.powf(T::of(-beta))
    }
}

/// Writes `sum over |j - c| <= (size - 1) / 2 of values_j` for every channel, always from the lowest j up.
/// `values` has `half` zeros in front and behind.
#[inline(always)]
fn window_sums<T: Real>(values: &[T], size: usize, sums: &mut [T]) {
    sums.fill(T::zero());
    for j in 0..size {
        sums.iter_mut().zip(&values[j..]).for_each(|(s, &v)| *s += v);
    }
}

/// Overwrites `scale`, whose length is the number of channels, with that of one pixel.
#[inline(always)]
fn pixel_scale<T: Real>(dims: &LrnDims, x: &[T], squares: &mut [T], scale: &mut [T]) {
    let half = dims.size / 2;
    squares[half..half + x.len()].iter_mut().zip(x).for_each(|(s, &x)| *s = x * x);
    window_sums(squares, dims.size, scale);
    let (k, weight) = (T::of(dims.k), T::of(dims.alpha / dims.size as f64));
    scale.iter_mut().for_each(|s| *s = k + weight * *s);
}

fn pixels_per_task(channels: usize) -> usize {
    ELEMENTS_PER_TASK.div_ceil(channels) * channels
}

/// Overwrites `y`.
pub fn forward<T: Real>(dims: &LrnDims, x: &[T], y: &mut [T]) {
    let c = dims.x.c;
    y.par_chunks_mut(pixels_per_task(c)).zip(x.par_chunks(pixels_per_task(c))).for_each(|(y, x)| {
        let (mut squares, mut scale) = (vec![T::zero(); c + dims.size], vec![T::zero(); c]);
        vectorised(|| {
            for (y, x) in y.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
                pixel_scale(dims, x, &mut squares, &mut scale);
                for ((y, &x), &s) in y.iter_mut().zip(x).zip(&scale) {
                    *y = x * power(s, dims.beta);
                }
            }
        });
    });
}

/// Overwrites `dx` with
/// `dx_c = dy_c scale_c^-beta - 2 alpha beta / size * x_c * sum of dy_j x_j scale_j^(-beta - 1)`.
/// The scale is computed again from `x`, which costs less than to store and load it.
pub fn backward<T: Real>(dims: &LrnDims, x: &[T], dy: &[T], dx: &mut [T]) {
    let (c, half) = (dims.x.c, dims.size / 2);
    let task = pixels_per_task(c);
    let factor = T::of(2.0 * dims.alpha * dims.beta / dims.size as f64);
    dx.par_chunks_mut(task).zip(x.par_chunks(task)).zip(dy.par_chunks(task)).for_each(|((dx, x), dy)| {
        let mut squares = vec![T::zero(); c + dims.size];
        let mut ratios = vec![T::zero(); c + dims.size];
        let (mut scale, mut powers, mut sums) = (vec![T::zero(); c], vec![T::zero(); c], vec![T::zero(); c]);
        vectorised(|| {
            for ((dx, x), dy) in dx.chunks_exact_mut(c).zip(x.chunks_exact(c)).zip(dy.chunks_exact(c)) {
                pixel_scale(dims, x, &mut squares, &mut scale);
                powers.iter_mut().zip(&scale).for_each(|(p, &s)| *p = power(s, dims.beta));
                for i in 0..c {
                    ratios[half + i] = dy[i] * x[i] * powers[i] / scale[i];
                }
                window_sums(&ratios, dims.size, &mut sums);
                for i in 0..c {
                    dx[i] = dy[i] * powers[i] - factor * x[i] * sums[i];
                }
            }
        });
    });
}
