//! Image patches as rows of a matrix, and back.

use crate::host::{ConvDims, Real};

/// Writes the patches of one image and one group as rows: row `p q` holds `[r][s][c]` of its window,
/// zero where the window lies in the padding. `x` is one image, channels last.
pub fn im2col<T: Real>(dims: &ConvDims, x: &[T], group: usize, cols: &mut [T]) {
    let (c, cg, depth) = (dims.x.c, dims.cg(), dims.r() * dims.s() * dims.cg());
    let tap_run = dims.s() * cg;
    let dense_taps = dims.groups == 1 && dims.horizontal.dilation == 1;
    for p in 0..dims.p {
        for q in 0..dims.q {
            let row = &mut cols[(p * dims.q + q) * depth..][..depth];
            for (r, run) in row.chunks_exact_mut(tap_run).enumerate() {
                let Some(h) = dims.vertical.position(p, r, dims.x.h) else {
                    run.fill(T::zero());
                    continue;
                };
                let line = &x[h * dims.x.w * c..][..dims.x.w * c];
                let left = q * dims.horizontal.stride;
                let inside = left >= dims.horizontal.pad_begin
                    && left - dims.horizontal.pad_begin + dims.horizontal.extent() <= dims.x.w;
                if dense_taps && inside {
                    // Without groups and dilation a window's taps of one row are adjacent in memory.
                    run.copy_from_slice(&line[(left - dims.horizontal.pad_begin) * c..][..tap_run]);
                    continue;
                }
                for (s, tap) in run.chunks_exact_mut(cg).enumerate() {
                    match dims.horizontal.position(q, s, dims.x.w) {
                        Some(w) => tap.copy_from_slice(&line[w * c + group * cg..][..cg]),
                        None => tap.fill(T::zero()),
                    }
                }
            }
        }
    }
}

/// Adds rows of patches back onto one image: the adjoint of [`im2col`].
pub fn col2im<T: Real>(dims: &ConvDims, cols: &[T], group: usize, dx: &mut [T]) {
    let (c, cg, depth) = (dims.x.c, dims.cg(), dims.r() * dims.s() * dims.cg());
    for p in 0..dims.p {
        for q in 0..dims.q {
            let row = &cols[(p * dims.q + q) * depth..][..depth];
            for (r, run) in row.chunks_exact(dims.s() * cg).enumerate() {
                let Some(h) = dims.vertical.position(p, r, dims.x.h) else { continue };
                for (s, tap) in run.chunks_exact(cg).enumerate() {
                    if let Some(w) = dims.horizontal.position(q, s, dims.x.w) {
                        let target = &mut dx[(h * dims.x.w + w) * c + group * cg..][..cg];
                        target.iter_mut().zip(tap).for_each(|(t, &v)| *t += v);
                    }
                }
            }
        }
    }
}
