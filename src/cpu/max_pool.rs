//! Max pooling. Ties go to the first maximum in row-major order of the window, as in Caffe and PyTorch.

use super::vectorised;
use crate::host::{PoolDims, Real};
use rayon::prelude::*;

/// Overwrites `y` with each window's maximum and `argmax` with its place `h * W + w` in the image.
/// Padding never wins. A NaN is greater than any number, so that it cannot hide.
pub fn forward<T: Real>(dims: &PoolDims, x: &[T], y: &mut [T], argmax: &mut [u32]) {
    let c = dims.x.c;
    let (image, output) = (dims.x.features(), dims.p * dims.q * c);
    y.par_chunks_mut(output).zip(argmax.par_chunks_mut(output)).zip(x.par_chunks(image)).for_each(
        |((y, argmax), x)| {
            vectorised(|| {
                let mut places = Vec::with_capacity(dims.vertical.kernel * dims.horizontal.kernel);
                for p in 0..dims.p {
                    for q in 0..dims.q {
                        window_places(dims, [p, q], &mut places);
                        let at = (p * dims.q + q) * c;
                        window_maximum(&places, x, &mut y[at..at + c], &mut argmax[at..at + c]);
                    }
                }
            });
        },
    );
}

/// The places of a window's taps that lie inside the image, in row-major order.
#[inline(always)]
fn window_places(dims: &PoolDims, [p, q]: [usize; 2], places: &mut Vec<u32>) {
    places.clear();
    for r in 0..dims.vertical.kernel {
        let Some(h) = dims.vertical.position(p, r, dims.x.h) else { continue };
        for s in 0..dims.horizontal.kernel {
            if let Some(w) = dims.horizontal.position(q, s, dims.x.w) {
                places.push((h * dims.x.w + w) as u32);
            }
        }
    }
}

/// The maximum over the places, channel by channel: eight channels at a time in registers, then the rest.
#[inline(always)]
fn window_maximum<T: Real>(places: &[u32], x: &[T], y: &mut [T], argmax: &mut [u32]) {
    let c = y.len();
    let blocks = c / 8 * 8;
    for first in (0..blocks).step_by(8) {
        channels_maximum::<T, 8>(places, x, c, first, y, argmax);
    }
    for first in blocks..c {
        channels_maximum::<T, 1>(places, x, c, first, y, argmax);
    }
}

#[inline(always)]
fn channels_maximum<T: Real, const W: usize>(
    places: &[u32],
    x: &[T],
    c: usize,
    first: usize,
    y: &mut [T],
    argmax: &mut [u32],
) {
    let (mut best, mut place_of) = ([T::neg_infinity(); W], [places.first().copied().unwrap_or(0); W]);
    for &place in places {
        let x = &x[place as usize * c + first..][..W];
        for i in 0..W {
            // Without a short circuit the compiler turns both choices into vector selections.
            let wins = (x[i] > best[i]) | x[i].is_nan();
            best[i] = if wins { x[i] } else { best[i] };
            place_of[i] = if wins { place } else { place_of[i] };
        }
    }
    y[first..first + W].copy_from_slice(&best);
    argmax[first..first + W].copy_from_slice(&place_of);
}

/// Overwrites `dx`: each window's gradient goes to its maximum, added in the order of the windows.
pub fn backward<T: Real>(dims: &PoolDims, argmax: &[u32], dy: &[T], dx: &mut [T]) {
    let c = dims.x.c;
    let (image, output) = (dims.x.features(), dims.p * dims.q * c);
    dx.par_chunks_mut(image).zip(argmax.par_chunks(output)).zip(dy.par_chunks(output)).for_each(
        |((dx, argmax), dy)| {
            dx.fill(T::zero());
            for (argmax, dy) in argmax.chunks_exact(c).zip(dy.chunks_exact(c)) {
                for (ci, (&place, &dy)) in argmax.iter().zip(dy).enumerate() {
                    dx[place as usize * c + ci] += dy;
                }
            }
        },
    );
}
