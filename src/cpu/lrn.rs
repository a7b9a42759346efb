//! Local response normalisation across channels, in Caffe's convention (`lrn_layer.cpp`):
//! `scale_c = k + alpha / size * sum of x_j^2` over the window, `y_c = x_c * scale_c^-beta`.

#![allow(clippy::needless_range_loop, reason = "one index over slices of one length is what becomes vectors")]

use super::{memory::Scratch, vectorised};
use crate::host::{LrnDims, Real};
use rayon::prelude::*;

/// Overwrites `powers` with `scale^-beta`, and `quotients` with that divided by the scale; the exponent of the paper,
/// 0.75, needs reciprocal roots only.
#[inline(always)]
pub(super) fn write_powers<T: Real>(scales: &[T], beta: f64, powers: &mut [T], quotients: &mut [T]) {
    let all = scales.iter().zip(powers).zip(quotients);
    if beta == 0.75 {
        for ((scale, power), quotient) in all {
            let root = scale.rsqrt();
            *power = root * root * root.rsqrt();
            *quotient = *power * root * root;
        }
    } else {
        for ((scale, power), quotient) in all {
            *power = scale.powf(T::of(-beta));
            *quotient = *power / *scale;
        }
    }
}

/// Elements of a block: squares, sums and powers of one stay in the first-level cache.
const ELEMENTS_PER_BLOCK: usize = 1 << 11;

/// Pixels side by side, each with zeros before and after, so that the sums over windows of channels are one
/// loop over all of them; what it computes around the pixels is not used.
struct Padded {
    channels: usize,
    half: usize,
    size: usize,
}

impl Padded {
    fn new(dims: &LrnDims) -> Self {
        Self { channels: dims.x.c, half: dims.size / 2, size: dims.size }
    }

    /// Elements from one pixel to the next.
    fn stride(&self) -> usize {
        self.channels + 2 * self.half
    }

    /// Elements for some pixels.
    fn len(&self, pixels: usize) -> usize {
        pixels * self.stride() + self.size
    }

    /// The channels of a pixel among sums, whose first window begins with the first zero in front of it.
    #[inline(always)]
    fn sums<'a, T>(&self, values: &'a [T], pixel: usize) -> &'a [T] {
        &values[pixel * self.stride()..][..self.channels]
    }

    /// The channels of a pixel, between its zeros, to be written.
    #[inline(always)]
    fn pixel<'a, T>(&self, values: &'a mut [T], pixel: usize) -> &'a mut [T] {
        &mut values[pixel * self.stride() + self.half..][..self.channels]
    }

    /// Overwrites `sums[i]` with the sum of a window of `values` from i up.
    #[inline(always)]
    fn window_sums<T: Real>(&self, values: &[T], sums: &mut [T]) {
        match self.size {
            3 => fixed_window_sums::<T, 3>(values, sums),
            5 => fixed_window_sums::<T, 5>(values, sums),
            size => {
                sums.fill(T::zero());
                (0..size).for_each(|j| sums.iter_mut().zip(&values[j..]).for_each(|(s, &v)| *s += v));
            }
        }
    }
}

#[inline(always)]
fn fixed_window_sums<T: Real, const SIZE: usize>(values: &[T], sums: &mut [T]) {
    for (sum, window) in sums.iter_mut().zip(values.array_windows::<SIZE>()) {
        *sum = window.iter().fold(T::zero(), |total, &v| total + v);
    }
}

fn elements_per_block(channels: usize) -> usize {
    ELEMENTS_PER_BLOCK.div_ceil(channels) * channels
}

/// Overwrites `scales` with those of a block of pixels.
#[inline(always)]
fn block_scales<T: Real>(dims: &LrnDims, padded: &Padded, x: &[T], squares: &mut [T], scales: &mut [T]) {
    for (pixel, x) in x.chunks_exact(dims.x.c).enumerate() {
        padded.pixel(squares, pixel).iter_mut().zip(x).for_each(|(s, &x)| *s = x * x);
    }
    padded.window_sums(squares, scales);
    let (k, weight) = (T::of(dims.k), T::of(dims.alpha / dims.size as f64));
    scales.iter_mut().for_each(|s| *s = k + weight * *s);
}

/// Overwrites `y`.
pub fn forward<T: Real>(dims: &LrnDims, x: &[T], y: &mut [T], scratch: &Scratch<T>) {
    let (c, padded, block) = (dims.x.c, Padded::new(dims), elements_per_block(dims.x.c));
    let len = padded.len(block / c);
    let buffers = || [scratch.zeros(len), scratch.lend(len), scratch.lend(len), scratch.lend(len)];
    y.par_chunks_mut(block).zip(x.par_chunks(block)).for_each_init(
        buffers,
        |[squares, scales, powers, quotients], (y, x)| {
            let used = x.len() / c * padded.stride();
            let (scales, powers, quotients) = (&mut scales[..used], &mut powers[..used], &mut quotients[..used]);
            vectorised(
                #[inline(always)]
                || {
                    block_scales(dims, &padded, x, squares, scales);
                    write_powers(scales, dims.beta, powers, quotients);
                    for (pixel, (y, x)) in y.chunks_exact_mut(c).zip(x.chunks_exact(c)).enumerate() {
                        let powers = padded.sums(powers, pixel);
                        for i in 0..c {
                            y[i] = x[i] * powers[i];
                        }
                    }
                },
            );
        },
    );
}

/// Overwrites `dx` with
/// `dx_c = dy_c scale_c^-beta - 2 alpha beta / size * x_c * sum of dy_j x_j scale_j^(-beta - 1)`.
/// The scale is computed again from `x`, which costs less than to store and load it.
pub fn backward<T: Real>(dims: &LrnDims, x: &[T], dy: &[T], dx: &mut [T], scratch: &Scratch<T>) {
    let (c, padded, block) = (dims.x.c, Padded::new(dims), elements_per_block(dims.x.c));
    let factor = T::of(2.0 * dims.alpha * dims.beta / dims.size as f64);
    let len = padded.len(block / c);
    let buffers = || [scratch.zeros(len), scratch.zeros(len), scratch.lend(len), scratch.lend(len), scratch.lend(len)];
    let parts = dx.par_chunks_mut(block).zip(x.par_chunks(block)).zip(dy.par_chunks(block));
    parts.for_each_init(buffers, |[squares, ratios, scales, powers, quotients], ((dx, x), dy)| {
        let used = x.len() / c * padded.stride();
        let (scales, powers, quotients) = (&mut scales[..used], &mut powers[..used], &mut quotients[..used]);
        vectorised(
            #[inline(always)]
            || {
                block_scales(dims, &padded, x, squares, scales);
                write_powers(scales, dims.beta, powers, quotients);
                for (pixel, (x, dy)) in x.chunks_exact(c).zip(dy.chunks_exact(c)).enumerate() {
                    let quotients = padded.sums(quotients, pixel);
                    let ratios = padded.pixel(ratios, pixel);
                    for i in 0..c {
                        ratios[i] = dy[i] * x[i] * quotients[i];
                    }
                }
                // The scales have served; their place holds the sums of the ratios.
                padded.window_sums(ratios, scales);
                for (pixel, ((dx, x), dy)) in
                    dx.chunks_exact_mut(c).zip(x.chunks_exact(c)).zip(dy.chunks_exact(c)).enumerate()
                {
                    let (powers, sums) = (padded.sums(powers, pixel), padded.sums(scales, pixel));
                    for i in 0..c {
                        dx[i] = dy[i] * powers[i] - factor * x[i] * sums[i];
                    }
                }
            },
        );
    });
}
