//! Grouped two-dimensional convolution (cross-correlation, as in Caffe and PyTorch).
//!
//! `y[n,p,q,k] = b[k] + sum over r, s, c of x[n, p*stride + r*dilation - pad, .., c] * w[r,s,c,k]`,
//! c running over the channels of k's group. Every pass is a product of patches, gathered a few rows at a time
//! so that they stay in cache, with panels that are packed once. Each image is computed by itself.

use super::{
    panels::{Panels, product},
    patches::Patches,
};
use crate::host::{ConvDims, Real};
use rayon::prelude::*;

pub use super::conv2d_weight::backward_weight;

/// Bytes of patches at a time: they stay in a second-level cache beside a panel of weights.
const PATCH_BYTES: usize = 96 << 10;

/// Pixels whose patches are gathered at a time.
fn pixels_at_a_time<T>(depth: usize, pixels: usize) -> usize {
    (PATCH_BYTES / (depth * size_of::<T>())).max(12).min(pixels)
}

/// Overwrites `y`.
pub fn forward<T: Real>(dims: &ConvDims, x: &[T], w: &[T], b: Option<&[T]>, y: &mut [T]) {
    let (patches, kg) = (Patches::forward(dims), dims.kg());
    let weights: Vec<Panels<T>> = (0..dims.groups)
        .map(|group| {
            let mut panels = Panels::new(patches.depth(), kg);
            panels.pack(patches.depth(), |d| &w[d * dims.k + group * kg..]);
            panels
        })
        .collect();
    convolve(&patches, &weights, b, x, y);
}

/// Overwrites `dx` with the gradient with respect to the input: a convolution of `dy` with the taps in reverse
/// and the channels' roles exchanged.
pub fn backward_input<T: Real>(dims: &ConvDims, w: &[T], dy: &[T], dx: &mut [T]) {
    let (patches, cg, kg, taps) = (Patches::backward(dims), dims.cg(), dims.kg(), dims.r() * dims.s());
    let weights: Vec<Panels<T>> = (0..dims.groups)
        .map(|group| {
            let mut panels = Panels::new(patches.depth(), cg);
            for tap in 0..taps {
                for c in 0..cg {
                    let row = &w[((taps - 1 - tap) * cg + c) * dims.k + group * kg..][..kg];
                    row.iter().enumerate().for_each(|(k, &w)| panels.set(tap * kg + k, c, w));
                }
            }
            panels
        })
        .collect();
    convolve(&patches, &weights, None, dy, dx);
}

/// `to = patches of from * weights + b`, image by image and group by group.
fn convolve<T: Real>(patches: &Patches, weights: &[Panels<T>], b: Option<&[T]>, from: &[T], to: &mut [T]) {
    let (depth, pixels, columns) = (patches.depth(), patches.pixels(), weights[0].columns());
    let (stride, at_a_time) = (columns * weights.len(), pixels_at_a_time::<T>(depth, pixels));
    to.par_chunks_mut(pixels * stride).zip(from.par_chunks(patches.image_len())).for_each_init(
        || vec![T::zero(); at_a_time * depth],
        |rows, (to, from)| {
            for first in (0..pixels).step_by(at_a_time) {
                let count = at_a_time.min(pixels - first);
                for (group, weights) in weights.iter().enumerate() {
                    let rows = &mut rows[..count * depth];
                    patches.gather(from, group, first..first + count, rows);
                    let b = b.map(|b| &b[group * columns..]);
                    product(rows, weights, b, &mut to[first * stride + group * columns..], stride);
                }
            }
        },
    );
}

/// Overwrites `db` with the gradient with respect to the bias: the sum of `dy` over images and pixels.
pub fn backward_bias<T: Real>(dims: &ConvDims, dy: &[T], db: &mut [T]) {
    column_sums(dy, dims.p * dims.q * dims.k, db);
}

/// Sums rows of `db.len()` columns, first within chunks (images), then over them, in their order.
pub(super) fn column_sums<T: Real>(rows: &[T], chunk: usize, sums: &mut [T]) {
    sums.fill(T::zero());
    let width = sums.len();
    let mut inner = vec![T::zero(); width];
    for chunk in rows.chunks(chunk) {
        inner.fill(T::zero());
        for row in chunk.chunks_exact(width) {
            inner.iter_mut().zip(row).for_each(|(s, &v)| *s += v);
        }
        sums.iter_mut().zip(&inner).for_each(|(s, &v)| *s += v);
    }
}
