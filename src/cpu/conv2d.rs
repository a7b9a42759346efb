//! Grouped two-dimensional convolution (cross-correlation, as in Caffe and PyTorch).
//!
//! `y[n,p,q,k] = b[k] + sum over r, s, c of x[n, p*stride + r*dilation - pad, .., c] * w[r,s,c,k]`,
//! c running over the channels of k's group. Forward and input gradient are products of windows, read where they
//! lie in an image with its padding around it, with panels of weights packed once. Each image is computed by itself.
//! Where a window is small, its stride 1 and its channels many, fewer multiplications do the same (`winograd`).

#![allow(clippy::needless_range_loop, reason = "one index over arrays of one length is what becomes vectors")]

use super::{
    channels::by_channels,
    conv2d_strided,
    frame::Frame,
    memory::Scratch,
    panels::{Packed, Panels},
    tiles::{End, Then, product},
    vectorised, winograd,
};
use crate::host::{ConvDims, Real};
use rayon::prelude::*;

pub use super::conv2d_weight::backward_weight;

/// Overwrites `y`, to which a bias is added before its end.
pub fn forward<T: Real>(
    dims: &ConvDims,
    x: &[T],
    w: &[T],
    (b, end): (Option<&[T]>, End<'_, T>),
    y: &mut [T],
    scratch: &Scratch<T>,
) {
    if T::SINGLE && !scratch.direct && winograd::pays(dims) {
        return winograd::forward(dims, x, w, (b, end), y, scratch);
    }
    let (frame, kg) = (Frame::forward(dims), dims.kg());
    let shape = Panels::new::<T>(frame.depth(), kg);
    let weights = Packed::new(scratch, shape, dims.groups, |group, columns, panel| {
        for (d, row) in panel.chunks_exact_mut(shape.width).enumerate() {
            row[..columns.len()].copy_from_slice(&w[d * dims.k + group * kg..][columns.clone()]);
            row[columns.len()..].fill(T::zero());
        }
    });
    convolve(&frame, &weights, (b, end), x, y, scratch);
}

/// Overwrites `dx` with the gradient with respect to the input: a convolution of `dy` with the taps in reverse
/// and the channels' roles exchanged.
pub fn backward_input<T: Real>(
    dims: &ConvDims,
    w: &[T],
    dy: &[T],
    end: End<'_, T>,
    dx: &mut [T],
    scratch: &Scratch<T>,
) {
    if T::SINGLE && winograd::pays(dims) {
        return winograd::backward_input(dims, w, dy, end, dx, scratch);
    }
    if T::SINGLE && conv2d_strided::pays(dims) {
        return conv2d_strided::backward_input(dims, w, dy, end, dx, scratch);
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
    convolve(&frame, &weights, (None, end), dy, dx, scratch);
}

/// `to = windows of from * weights + b`, image by image and group by group.
fn convolve<T: Real>(
    shape: &Frame,
    weights: &Packed<'_, T>,
    (b, end): (Option<&[T]>, End<'_, T>),
    from: &[T],
    to: &mut [T],
    scratch: &Scratch<T>,
) {
    let columns = weights.shape.columns;
    let stride = columns * shape.groups();
    let image = shape.windows() * stride;
    to.par_chunks_mut(image).zip(from.par_chunks(shape.image_len())).enumerate().for_each_init(
        || scratch.zeros(shape.len()),
        |frame, (n, (to, from))| {
            for group in 0..shape.groups() {
                shape.fill(from, group, frame);
                let then = b.map_or(Then::Write, |b| Then::AddBias(&b[group * columns..]));
                product(&shape.rows(frame), weights.matrix(group), then, &mut to[group * columns..], stride);
            }
            end(n * image, to);
        },
    );
}

/// Overwrites `db` with the gradient with respect to the bias: the sum of `dy` over images and pixels.
pub fn backward_bias<T: Real>(dims: &ConvDims, dy: &[T], db: &mut [T], scratch: &Scratch<T>) {
    column_sums(dy, dims.p * dims.q * dims.k, db, scratch);
}

/// Sums rows of `sums.len()` columns, first within chunks (images), then over them, in their order.
pub(super) fn column_sums<T: Real>(rows: &[T], chunk: usize, sums: &mut [T], scratch: &Scratch<T>) {
    let width = sums.len();
    let mut partials = scratch.lend(rows.len().div_ceil(chunk) * width);
    partials.par_chunks_mut(width).zip(rows.par_chunks(chunk)).for_each(|(partial, rows)| {
        vectorised(
            #[inline(always)]
            || by_channels!(wide sums_of_columns, width, (rows, partial)),
        );
    });
    sums.fill(T::zero());
    for partial in partials.chunks_exact(width) {
        sums.iter_mut().zip(partial).for_each(|(sum, &v)| *sum += v);
    }
}

/// Overwrites the sums of `W` columns from `first` up.
#[inline(always)]
fn sums_of_columns<T: Real, const W: usize>(rows: &[T], sums: &mut [T], first: usize) {
    let mut totals = [T::zero(); W];
    for row in rows.chunks_exact(sums.len()) {
        let row = &row[first..first + W];
        for i in 0..W {
            totals[i] += row[i];
        }
    }
    sums[first..first + W].copy_from_slice(&totals);
}
