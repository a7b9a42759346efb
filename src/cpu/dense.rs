//! A fully connected layer: `y[n,k] = b[k] + sum over i of x[n,i] * w[i,k]`.

use super::{
    conv2d::column_sums,
    product::{View, product},
};
use crate::host::Real;
use rayon::prelude::*;

/// Images in one product, and columns in one part of it: fixed, so that an image's bits
/// depend neither on its batch nor on the number of threads.
const IMAGES_PER_PRODUCT: usize = 32;
const COLUMNS_PER_PRODUCT: usize = 512;

/// Overwrites `y`. `x` holds `inputs` features an image, `y` holds `outputs`.
pub fn forward<T: Real>([inputs, outputs]: [usize; 2], x: &[T], w: &[T], b: Option<&[T]>, y: &mut [T]) {
    y.par_chunks_mut(IMAGES_PER_PRODUCT * outputs).zip(x.par_chunks(IMAGES_PER_PRODUCT * inputs)).for_each(|(y, x)| {
        let mut padded;
        let rows = if x.len() < IMAGES_PER_PRODUCT * inputs {
            padded = vec![T::zero(); IMAGES_PER_PRODUCT * inputs];
            padded[..x.len()].copy_from_slice(x);
            &padded[..]
        } else {
            x
        };
        let parts: Vec<Vec<T>> = (0..outputs)
            .into_par_iter()
            .step_by(COLUMNS_PER_PRODUCT)
            .map(|first| {
                let columns = COLUMNS_PER_PRODUCT.min(outputs - first);
                let mut part = vec![T::zero(); IMAGES_PER_PRODUCT * columns];
                let x = View::rows(rows, [IMAGES_PER_PRODUCT, inputs], inputs);
                product(x, View::rows(&w[first..], [inputs, columns], outputs), &mut part, columns, false);
                part
            })
            .collect();
        for (part, first) in parts.iter().zip((0..outputs).step_by(COLUMNS_PER_PRODUCT)) {
            let columns = COLUMNS_PER_PRODUCT.min(outputs - first);
            for (y, part) in y.chunks_exact_mut(outputs).zip(part.chunks_exact(columns)) {
                y[first..first + columns].copy_from_slice(part);
            }
        }
        if let Some(b) = b {
            y.chunks_exact_mut(outputs).for_each(|row| row.iter_mut().zip(b).for_each(|(y, &b)| *y += b));
        }
    });
}

/// Overwrites `dx` with the gradient with respect to the input: `dx = dy w^T`.
pub fn backward_input<T: Real>([inputs, outputs]: [usize; 2], w: &[T], dy: &[T], dx: &mut [T]) {
    dx.par_chunks_mut(IMAGES_PER_PRODUCT * inputs).zip(dy.par_chunks(IMAGES_PER_PRODUCT * outputs)).for_each(
        |(dx, dy)| {
            let gradients = View::rows(dy, [dy.len() / outputs, outputs], outputs);
            product(gradients, View::rows(w, [inputs, outputs], outputs).transposed(), dx, inputs, false);
        },
    );
}

/// Overwrites `dw` with the gradient with respect to the weights: `dw = x^T dy`.
pub fn backward_weight<T: Real>([inputs, outputs]: [usize; 2], x: &[T], dy: &[T], dw: &mut [T]) {
    let images = x.len() / inputs;
    dw.par_chunks_mut(COLUMNS_PER_PRODUCT * outputs).enumerate().for_each(|(index, dw)| {
        let rows = dw.len() / outputs;
        let x = View::rows(&x[index * COLUMNS_PER_PRODUCT..], [images, rows], inputs).transposed();
        product(x, View::rows(dy, [images, outputs], outputs), dw, outputs, false);
    });
}

/// Overwrites `db` with the gradient with respect to the bias: the sum of `dy` over the images.
pub fn backward_bias<T: Real>(dy: &[T], db: &mut [T]) {
    column_sums(dy, IMAGES_PER_PRODUCT * db.len(), db);
}
