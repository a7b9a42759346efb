//! Grouped two-dimensional convolution (cross-correlation, as in Caffe and PyTorch).
//!
//! `y[n,p,q,k] = b[k] + sum over r, s, c of x[n, p*stride + r*dilation - pad, .., c] * w[r,s,c,k]`,
//! c running over the channels of k's group. Forward and input gradient are products of windows, read where they
//! lie in an image with its padding around it, with panels of weights packed once. Each image is computed by itself.
//! Where a window is small, its stride 1 and its channels many, fewer multiplications do the same (`winograd`).

use super::{
    frame::Frame,
    memory::Scratch,
    panels::{Packed, Panels},
    tiles::{Then, product},
    winograd,
};
use crate::host::{ConvDims, Real};
use rayon::prelude::*;

pub use super::conv2d_weight::backward_weight;

/// Overwrites `y`.
pub fn forward<T: Real>(dims: &ConvDims, x: &[T], w: &[T], b: Option<&[T]>, y: &mut [T], scratch: &Scratch<T>) {
    if T::SINGLE && !scratch.direct && winograd::pays(dims) {
        return winograd::forward(dims, x, w, b, y, scratch);
    }
    let (frame, kg) = (Frame::forward(dims), dims.kg());
    let shape = Panels::new::<T>(frame.depth(), kg);
    let weights = Packed::new(scratch, shape, dims.groups, |group, columns, panel| {
        for (d, row) in panel.chunks_exact_mut(shape.width).enumerate() {
            row[..columns.len()].copy_from_slice(&w[d * dims.k + group * kg..][columns.clone()]);
            row[columns.len()..].fill(T::zero());
        }
    });
    convolve(&frame, &weights, dims.groups, b, x, y, scratch);
}

/// Overwrites `dx` with the gradient with respect to the input: a convolution of `dy` with the taps in reverse
/// and the channels' roles exchanged.
pub fn backward_input<T: Real>(dims: &ConvDims, w: &[T], dy: &[T], dx: &mut [T], scratch: &Scratch<T>) {
    if T::SINGLE && winograd::pays(dims) {
        return winograd::backward_input(dims, w, dy, dx, scratch);
    }
    let (frame, cg, kg, taps) = (Frame::backward(dims), dims.cg(), dims.kg(), dims.r() * dims.s());
    let shape = Panels::new::<T>(frame.depth(), cg);
    let weights = Packed::new(scratch, shape, dims.groups, |group, columns, panel| {
        if columns.len() < shape.width {
            panel.fill(T::zero());
        }
        for tap in 0..taps {
            for (lane, c) in columns.clone().enumerate() {
                let row = &w[((taps - 1 - tap) * cg + c) * dims.k + group * kg..][..kg];
                let places = panel[tap * kg * shape.width + lane..].iter_mut().step_by(shape.width);
                places.zip(row).for_each(|(place, &w)| *place = w);
            }
        }
    });
    convolve(&frame, &weights, dims.groups, None, dy, dx, scratch);
}

/// `to = windows of from * weights + b`, image by image and group by group.
fn convolve<T: Real>(
    shape: &Frame,
    weights: &Packed<'_, T>,
    groups: usize,
    b: Option<&[T]>,
    from: &[T],
    to: &mut [T],
    scratch: &Scratch<T>,
) {
    let columns = weights.shape.columns;
    let stride = columns * groups;
    to.par_chunks_mut(shape.windows() * stride).zip(from.par_chunks(shape.image_len())).for_each_init(
        || scratch.zeros(shape.len()),
        |frame, (to, from)| {
            for group in 0..groups {
                shape.fill(from, group, frame);
                let then = b.map_or(Then::Write, |b| Then::AddBias(&b[group * columns..]));
                product(&shape.rows(frame), weights.matrix(group), then, &mut to[group * columns..], stride);
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
