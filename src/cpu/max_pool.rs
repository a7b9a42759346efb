//! Max pooling. Ties go to the first maximum in row-major order of the window, as in Caffe and PyTorch.

use super::vectorised;
use crate::host::{PoolDims, Real, Window};
use rayon::prelude::*;

/// Overwrites `y` with each window's maximum and `argmax` with its place `h * W + w` in the image.
/// Padding never wins. A NaN is greater than any number, so that it cannot hide.
pub fn forward<T: Real>(dims: &PoolDims, x: &[T], y: &mut [T], argmax: &mut [u32]) {
    let c = dims.x.c;
    let (image, output) = (dims.x.features(), dims.p * dims.q * c);
    let inside = |window: &Window, outputs: usize, inputs: usize| -> Vec<Vec<usize>> {
        let taps = |p| (0..window.kernel).filter_map(move |r| window.position(p, r, inputs)).collect();
        (0..outputs).map(taps).collect()
    };
    let (lines, columns) = (inside(&dims.vertical, dims.p, dims.x.h), inside(&dims.horizontal, dims.q, dims.x.w));
    y.par_chunks_mut(output).zip(argmax.par_chunks_mut(output)).zip(x.par_chunks(image)).for_each_init(
        Vec::new,
        |places, ((y, argmax), x)| {
            vectorised(|| {
                let outputs = y.chunks_exact_mut(c).zip(argmax.chunks_exact_mut(c));
                let windows = lines.iter().flat_map(|h| columns.iter().map(move |w| (h, w)));
                for ((lines, columns), (y, argmax)) in windows.zip(outputs) {
                    // The places of the window's taps that lie inside the image, in row-major order.
                    places.clear();
                    for h in lines {
                        places.extend(columns.iter().map(|w| (h * dims.x.w + w) as u32));
                    }
                    window_maximum(places, x, y, argmax);
                }
            });
        },
    );
}

/// The maximum over the places, channel by channel: sixteen channels at a time in registers, then eight, then the rest.
#[inline(always)]
fn window_maximum<T: Real>(places: &[u32], x: &[T], y: &mut [T], argmax: &mut [u32]) {
    let c = y.len();
    let mut first = 0;
    while first + 16 <= c {
        channels_maximum::<T, 16>(places, x, c, first, y, argmax);
        first += 16;
    }
    if first + 8 <= c {
        channels_maximum::<T, 8>(places, x, c, first, y, argmax);
        first += 8;
    }
    for first in first..c {
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
