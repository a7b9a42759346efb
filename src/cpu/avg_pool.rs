//! Average pooling: `y = sum of the window's pixels / divisor`, padding counting as zero in the sum and, where
//! `count_include_pad` says so, in the divisor (PyTorch's `AvgPool2d`).

use super::{
    channels::by_channels,
    pooling::{taps_inside, write_places},
    vectorised,
};
use crate::host::{AvgPoolDims, Real};
use rayon::prelude::*;

/// The divisors of all windows, in their order. A window without a tap that counts has 1.
fn divisors<T: Real>(dims: &AvgPoolDims) -> Vec<T> {
    let windows = (0..dims.pool.p).flat_map(|p| (0..dims.pool.q).map(move |q| (p, q)));
    windows.map(|(p, q)| T::of(dims.counted(p, q).iter().product::<usize>().max(1) as f64)).collect()
}

/// Overwrites `y` with each window's average; its pixels are added in row-major order.
pub fn forward<T: Real>(dims: &AvgPoolDims, x: &[T], y: &mut [T]) {
    let pool = &dims.pool;
    let c = pool.x.c;
    let (image, output) = (pool.x.features(), pool.p * pool.q * c);
    let [lines, columns] = taps_inside(pool);
    let divisors = divisors::<T>(dims);
    y.par_chunks_mut(output).zip(x.par_chunks(image)).for_each_init(Vec::new, |places, (y, x)| {
        vectorised(
            #[inline(always)]
            || {
                let windows = lines.iter().flat_map(|h| columns.iter().map(move |w| (h, w)));
                for (((lines, columns), y), &divisor) in windows.zip(y.chunks_exact_mut(c)).zip(&divisors) {
                    write_places(lines, columns, pool.x.w, places);
                    by_channels!(average, c, (places, divisor, x, y));
                }
            },
        );
    });
}

/// The average over the places, for `W` channels from `first` up.
#[inline(always)]
fn average<T: Real, const W: usize>(places: &[u32], divisor: T, x: &[T], y: &mut [T], first: usize) {
    let c = y.len();
    let mut sums = [T::zero(); W];
    for &place in places {
        let x = &x[place as usize * c + first..][..W];
        for i in 0..W {
            sums[i] += x[i];
        }
    }
    for sum in &mut sums {
        *sum = *sum / divisor;
    }
    y[first..first + W].copy_from_slice(&sums);
}

/// Overwrites `dx`: every pixel of a window has the window's gradient over its divisor added, in the order of the
/// windows.
pub fn backward<T: Real>(dims: &AvgPoolDims, dy: &[T], dx: &mut [T]) {
    let pool = &dims.pool;
    let c = pool.x.c;
    let (image, output) = (pool.x.features(), pool.p * pool.q * c);
    let [lines, columns] = taps_inside(pool);
    let divisors = divisors::<T>(dims);
    dx.par_chunks_mut(image).zip(dy.par_chunks(output)).for_each_init(Vec::new, |places, (dx, dy)| {
        vectorised(
            #[inline(always)]
            || {
                dx.fill(T::zero());
                let windows = lines.iter().flat_map(|h| columns.iter().map(move |w| (h, w)));
                for (((lines, columns), dy), &divisor) in windows.zip(dy.chunks_exact(c)).zip(&divisors) {
                    write_places(lines, columns, pool.x.w, places);
                    by_channels!(spread, c, (places, divisor, dy, dx));
                }
            },
        );
    });
}

/// Adds the share of one window's gradient to its pixels, for `W` channels from `first` up.
#[inline(always)]
fn spread<T: Real, const W: usize>(places: &[u32], divisor: T, dy: &[T], dx: &mut [T], first: usize) {
    let c = dy.len();
    let mut shares = [T::zero(); W];
    for i in 0..W {
        shares[i] = dy[first + i] / divisor;
    }
    for &place in places {
        let dx = &mut dx[place as usize * c + first..][..W];
        let mut sums = [T::zero(); W];
        for i in 0..W {
            sums[i] = dx[i] + shares[i];
        }
        dx.copy_from_slice(&sums);
    }
}
