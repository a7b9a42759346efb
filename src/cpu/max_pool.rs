//! Max pooling. Ties go to the first maximum in row-major order of the window, as in Caffe and PyTorch.

use super::{
    channels::by_channels,
    pooling::{taps_inside, write_places},
    vectorised,
};
use crate::host::{PoolDims, Real};
use rayon::prelude::*;

/// Overwrites `y` with each window's maximum and `argmax` with its place `h * W + w` in the image.
/// Padding never wins. A NaN is greater than any number, so that it cannot hide.
pub fn forward<T: Real>(dims: &PoolDims, x: &[T], y: &mut [T], argmax: &mut [u32]) {
    let c = dims.x.c;
    let (image, output) = (dims.x.features(), dims.p * dims.q * c);
    let [lines, columns] = taps_inside(dims);
    y.par_chunks_mut(output).zip(argmax.par_chunks_mut(output)).zip(x.par_chunks(image)).for_each_init(
        Vec::new,
        |places, ((y, argmax), x)| {
            vectorised(
                #[inline(always)]
                || {
                    let outputs = y.chunks_exact_mut(c).zip(argmax.chunks_exact_mut(c));
                    let windows = lines.iter().flat_map(|h| columns.iter().map(move |w| (h, w)));
                    for ((lines, columns), (y, argmax)) in windows.zip(outputs) {
                        write_places(lines, columns, dims.x.w, places);
                        by_channels!(maximum, c, (places, x, y, argmax));
                    }
                },
            );
        },
    );
}

/// The maximum over the places, for `W` channels from `first` up.
#[inline(always)]
fn maximum<T: Real, const W: usize>(places: &[u32], x: &[T], y: &mut [T], argmax: &mut [u32], first: usize) {
    let c = y.len();
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

/// Overwrites `dx`: each window's gradient goes to its maximum, added in the order of the windows. Every place of a
/// window is looked at, and has the gradient or zero added: whole registers of channels are faster than single places,
/// and a sum that began at zero keeps its bits with a zero added.
pub fn backward<T: Real>(dims: &PoolDims, argmax: &[u32], dy: &[T], dx: &mut [T]) {
    let c = dims.x.c;
    let (image, output) = (dims.x.features(), dims.p * dims.q * c);
    let [lines, columns] = taps_inside(dims);
    dx.par_chunks_mut(image).zip(argmax.par_chunks(output)).zip(dy.par_chunks(output)).for_each_init(
        Vec::new,
        |places, ((dx, argmax), dy)| {
            vectorised(
                #[inline(always)]
                || {
                    dx.fill(T::zero());
                    let outputs = argmax.chunks_exact(c).zip(dy.chunks_exact(c));
                    let windows = lines.iter().flat_map(|h| columns.iter().map(move |w| (h, w)));
                    for ((lines, columns), (argmax, dy)) in windows.zip(outputs) {
                        write_places(lines, columns, dims.x.w, places);
                        by_channels!(spread, c, (places, argmax, dy, dx));
                    }
                },
            );
        },
    );
}

/// Adds the gradient of one window to its maxima, for `W` channels from `first` up.
#[inline(always)]
fn spread<T: Real, const W: usize>(places: &[u32], argmax: &[u32], dy: &[T], dx: &mut [T], first: usize) {
    let c = dy.len();
    let (mut place_of, mut gradients) = ([0; W], [T::zero(); W]);
    place_of.copy_from_slice(&argmax[first..first + W]);
    gradients.copy_from_slice(&dy[first..first + W]);
    for &place in places {
        let dx = &mut dx[place as usize * c + first..][..W];
        let mut sums = [T::zero(); W];
        for i in 0..W {
            sums[i] = dx[i] + if place_of[i] == place { gradients[i] } else { T::zero() };
        }
        dx.copy_from_slice(&sums);
    }
}
