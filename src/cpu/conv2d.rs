//! Grouped two-dimensional convolution (cross-correlation, as in Caffe and PyTorch).
//!
//! `y[n,p,q,k] = b[k] + sum over r, s, c of x[n, p*stride + r*dilation - pad, .., c] * w[r,s,c,k]`,
//! c running over the channels of k's group. Every pass is a product with patches of a few images.

use super::{
    im2col::{col2im, im2col},
    product::{View, product},
};
use crate::host::{ConvDims, Real};
use rayon::prelude::*;

/// Rows of patches that one product aims at: enough for the product to run near its speed,
/// few enough for the patches to stay in cache.
const ROWS_PER_PRODUCT: usize = 256;

/// Parts into which a weight gradient's sum over the images is divided, whatever the number of threads.
const WEIGHT_GRADIENT_PARTS: usize = 8;

/// Images in one product. It depends on the shape of one image alone: a product's bits can change
/// with its width, and an image's result must not depend on the batch around it.
fn images_per_product(dims: &ConvDims) -> usize {
    ROWS_PER_PRODUCT.div_ceil(dims.p * dims.q)
}

/// Overwrites `y`.
pub fn forward<T: Real>(dims: &ConvDims, x: &[T], w: &[T], b: Option<&[T]>, y: &mut [T]) {
    let (block, pixels, depth) = (images_per_product(dims), dims.p * dims.q, dims.r() * dims.s() * dims.cg());
    let (image, kg) = (dims.x.features(), dims.kg());
    y.par_chunks_mut(block * pixels * dims.k).enumerate().for_each_init(
        || (vec![T::zero(); block * pixels * depth], Vec::new()),
        |(cols, tail), (index, y)| {
            let images = y.len() / (pixels * dims.k);
            let target: &mut [T] = if images < block {
                // The last images of a batch are computed at the full width, on zeros, for the same bits.
                tail.resize(block * pixels * dims.k, T::zero());
                cols[images * pixels * depth..].fill(T::zero());
                tail
            } else {
                y
            };
            for group in 0..dims.groups {
                for i in 0..images {
                    let x = &x[(index * block + i) * image..][..image];
                    im2col(dims, x, group, &mut cols[i * pixels * depth..][..pixels * depth]);
                }
                let columns = View::rows(cols, [block * pixels, depth], depth);
                let weights = View::rows(&w[group * kg..], [depth, kg], dims.k);
                product(columns, weights, &mut target[group * kg..], dims.k, false);
            }
            if images < block {
                y.copy_from_slice(&tail[..y.len()]);
            }
            if let Some(b) = b {
                y.chunks_exact_mut(dims.k).for_each(|pixel| pixel.iter_mut().zip(b).for_each(|(y, &b)| *y += b));
            }
        },
    );
}

/// Overwrites `dx` with the gradient with respect to the input.
pub fn backward_input<T: Real>(dims: &ConvDims, w: &[T], dy: &[T], dx: &mut [T]) {
    let (block, pixels, depth) = (images_per_product(dims), dims.p * dims.q, dims.r() * dims.s() * dims.cg());
    let (image, kg) = (dims.x.features(), dims.kg());
    dx.par_chunks_mut(block * image).enumerate().for_each_init(
        || vec![T::zero(); block * pixels * depth],
        |cols, (index, dx)| {
            dx.fill(T::zero());
            let images = dx.len() / image;
            let dy = &dy[index * block * pixels * dims.k..][..images * pixels * dims.k];
            for group in 0..dims.groups {
                let gradients = View::rows(&dy[group * kg..], [images * pixels, kg], dims.k);
                let weights = View::rows(&w[group * kg..], [depth, kg], dims.k).transposed();
                product(gradients, weights, cols, depth, false);
                for (i, dx) in dx.chunks_exact_mut(image).enumerate() {
                    col2im(dims, &cols[i * pixels * depth..][..pixels * depth], group, dx);
                }
            }
        },
    );
}

/// Overwrites `dw` with the gradient with respect to the weights, summed over the batch.
pub fn backward_weight<T: Real>(dims: &ConvDims, x: &[T], dy: &[T], dw: &mut [T]) {
    let (block, pixels, depth) = (images_per_product(dims), dims.p * dims.q, dims.r() * dims.s() * dims.cg());
    let (image, kg) = (dims.x.features(), dims.kg());
    let per_part = dims.x.n.div_ceil(WEIGHT_GRADIENT_PARTS).next_multiple_of(block);
    let part = |first: usize, dw: &mut [T]| {
        let mut cols = vec![T::zero(); block * pixels * depth];
        let last = (first + per_part).min(dims.x.n);
        for start in (first..last).step_by(block) {
            let images = block.min(last - start);
            let dy = &dy[start * pixels * dims.k..][..images * pixels * dims.k];
            for group in 0..dims.groups {
                for i in 0..images {
                    let x = &x[(start + i) * image..][..image];
                    im2col(dims, x, group, &mut cols[i * pixels * depth..][..pixels * depth]);
                }
                let columns = View::rows(&cols, [images * pixels, depth], depth).transposed();
                let gradients = View::rows(&dy[group * kg..], [images * pixels, kg], dims.k);
                product(columns, gradients, &mut dw[group * kg..], dims.k, start > first);
            }
        }
    };
    let starts: Vec<usize> = (per_part..dims.x.n).step_by(per_part).collect();
    let (_, others) = rayon::join(
        || part(0, dw),
        || {
            let sums = starts.into_par_iter().map(|first| {
                let mut sum = vec![T::zero(); depth * dims.k];
                part(first, &mut sum);
                sum
            });
            sums.collect::<Vec<_>>()
        },
    );
    // The parts are added in the order of their images.
    for sum in others {
        dw.iter_mut().zip(&sum).for_each(|(dw, &v)| *dw += v);
    }
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
