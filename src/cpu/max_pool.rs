//! Max pooling. Ties go to the first maximum in row-major order of the window, as in Caffe and PyTorch.

use crate::host::{PoolDims, Real};
use rayon::prelude::*;

/// Overwrites `y` with each window's maximum and `argmax` with its place `h * W + w` in the image.
/// Padding never wins. A NaN is greater than any number, so that it cannot hide.
pub fn forward<T: Real>(dims: &PoolDims, x: &[T], y: &mut [T], argmax: &mut [u32]) {
    let c = dims.x.c;
    let (image, output) = (dims.x.features(), dims.p * dims.q * c);
    y.par_chunks_mut(output).zip(argmax.par_chunks_mut(output)).zip(x.par_chunks(image)).for_each(
        |((y, argmax), x)| {
            for p in 0..dims.p {
                for q in 0..dims.q {
                    let at = (p * dims.q + q) * c;
                    window_maximum(dims, x, [p, q], &mut y[at..at + c], &mut argmax[at..at + c]);
                }
            }
        },
    );
}

fn window_maximum<T: Real>(dims: &PoolDims, x: &[T], [p, q]: [usize; 2], y: &mut [T], argmax: &mut [u32]) {
    let c = dims.x.c;
    let mut first = true;
    for r in 0..dims.vertical.kernel {
        let Some(h) = dims.vertical.position(p, r, dims.x.h) else { continue };
        for s in 0..dims.horizontal.kernel {
            let Some(w) = dims.horizontal.position(q, s, dims.x.w) else { continue };
            let place = (h * dims.x.w + w) as u32;
            let x = &x[place as usize * c..][..c];
            if first {
                y.copy_from_slice(x);
                argmax.fill(place);
                first = false;
                continue;
            }
            for ((y, argmax), &x) in y.iter_mut().zip(argmax.iter_mut()).zip(x) {
                // Without a short circuit the compiler turns both choices into vector selections.
                let wins = (x > *y) | x.is_nan();
                *y = if wins { x } else { *y };
                *argmax = if wins { place } else { *argmax };
            }
        }
    }
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
