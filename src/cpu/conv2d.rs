//! Grouped two-dimensional convolution (cross-correlation, as in Caffe and PyTorch).
//!
//! `y[n,p,q,k] = b[k] + sum over r, s, c of x[n, p*stride + r*dilation - pad, .., c] * w[r,s,c,k]`,
//! c running over the channels of k's group. Forward and input gradient are products of windows, read where they
//! lie in an image with its padding around it, with panels of weights packed once. Each image is computed by itself.

use super::{
    frame::Frame,
    panels::{Panels, Windows, product},
};
use crate::host::{ConvDims, Real};
use rayon::prelude::*;

pub use super::conv2d_weight::backward_weight;

/// Overwrites `y`.
pub fn forward<T: Real>(dims: &ConvDims, x: &[T], w: &[T], b: Option<&[T]>, y: &mut [T]) {
    let (frame, kg) = (Frame::forward(dims), dims.kg());
    let weights: Vec<Panels<T>> = (0..dims.groups)
        .map(|group| {
            let mut panels = Panels::new(frame.depth(), kg);
            panels.pack(frame.depth(), |d| &w[d * dims.k + group * kg..]);
            panels
        })
        .collect();
    convolve(&frame, &weights, b, x, y);
}

/// Overwrites `dx` with the gradient with respect to the input: a convolution of `dy` with the taps in reverse
/// and the channels' roles exchanged.
pub fn backward_input<T: Real>(dims: &ConvDims, w: &[T], dy: &[T], dx: &mut [T]) {
    let (frame, cg, kg, taps) = (Frame::backward(dims), dims.cg(), dims.kg(), dims.r() * dims.s());
    let weights: Vec<Panels<T>> = (0..dims.groups)
        .map(|group| {
            let mut panels = Panels::new(frame.depth(), cg);
            for tap in 0..taps {
                for c in 0..cg {
                    let row = &w[((taps - 1 - tap) * cg + c) * dims.k + group * kg..][..kg];
                    row.iter().enumerate().for_each(|(k, &w)| panels.set(tap * kg + k, c, w));
                }
            }
            panels
        })
        .collect();
    convolve(&frame, &weights, None, dy, dx);
}

/// `to = windows of from * weights + b`, image by image and group by group.
fn convolve<T: Real>(shape: &Frame, weights: &[Panels<T>], b: Option<&[T]>, from: &[T], to: &mut [T]) {
    let columns = weights[0].columns();
    let stride = columns * weights.len();
    to.par_chunks_mut(shape.windows() * stride).zip(from.par_chunks(shape.image_len())).for_each_init(
        || vec![T::zero(); shape.len()],
        |frame, (to, from)| {
            for (group, weights) in weights.iter().enumerate() {
                shape.fill(from, group, frame);
                let b = b.map(|b| &b[group * columns..]);
                product(&Windows { values: frame, shape }, weights, b, &mut to[group * columns..], stride);
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
