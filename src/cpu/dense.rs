//! A fully connected layer: `y[n,k] = b[k] + sum over i of x[n,i] * w[i,k]`.
//!
//! With few images every pass reads or writes all weights for little work, so each goes over them once, in order.

use super::{
    conv2d::column_sums,
    memory::Scratch,
    panels::{Packed, Panels},
    product::{View, product as product_of_views},
    sgd,
    tiles::{Left, Then, product},
};
use crate::host::Real;
use rayon::prelude::*;

/// Images in one product, and columns or rows of the weights in one part of it: fixed, so that an image's bits
/// depend neither on its batch nor on the number of threads.
const IMAGES_PER_PRODUCT: usize = 32;
const COLUMNS_PER_PART: usize = 512;
const ROWS_PER_PART: usize = 64;

/// Rows of weights whose gradient is computed before they are updated: two megabytes where a layer has 4,096 outputs.
const ROWS_PER_UPDATE: usize = 128;

/// Terms that are summed before they are added to the sum of those in front of them.
const TERMS_PER_SUM: usize = 512;

/// Overwrites `y`. `x` holds `inputs` features an image, `y` holds `outputs`.
pub fn forward<T: Real>(
    [inputs, outputs]: [usize; 2],
    x: &[T],
    w: &[T],
    b: Option<&[T]>,
    y: &mut [T],
    scratch: &Scratch<T>,
) {
    if scratch.direct {
        return forward_directly([inputs, outputs], x, w, b, y, scratch);
    }
    let images = x.len() / inputs;
    let all = images.next_multiple_of(IMAGES_PER_PRODUCT);
    // The last images are computed at full width on zeros: a product may choose its order of summation by its width.
    let whole = images / IMAGES_PER_PRODUCT * IMAGES_PER_PRODUCT;
    let mut last = scratch.zeros(if whole < images { IMAGES_PER_PRODUCT * inputs } else { 0 });
    last[..(images - whole) * inputs].copy_from_slice(&x[whole * inputs..]);
    let of_part = all * COLUMNS_PER_PART;
    let mut parts = scratch.lend(outputs.div_ceil(COLUMNS_PER_PART) * of_part);
    parts.par_chunks_mut(IMAGES_PER_PRODUCT * COLUMNS_PER_PART).enumerate().for_each(|(index, part)| {
        let image = index * IMAGES_PER_PRODUCT % all;
        let first = index * IMAGES_PER_PRODUCT / all * COLUMNS_PER_PART;
        let columns = COLUMNS_PER_PART.min(outputs - first);
        let rows = if image < whole { &x[image * inputs..] } else { &last[..] };
        let x = View::rows(rows, [IMAGES_PER_PRODUCT, inputs], inputs);
        product_of_views(x, View::rows(&w[first..], [inputs, columns], outputs), part, COLUMNS_PER_PART, false);
    });
    y.par_chunks_mut(outputs).enumerate().for_each(|(n, y)| {
        for (y, part) in y.chunks_mut(COLUMNS_PER_PART).zip(parts.chunks(of_part)) {
            y.copy_from_slice(&part[n * COLUMNS_PER_PART..][..y.len()]);
        }
        if let Some(b) = b {
            y.iter_mut().zip(b).for_each(|(y, &b)| *y += b);
        }
    });
}

/// The same, each sum over the inputs in their order.
fn forward_directly<T: Real>(
    [inputs, outputs]: [usize; 2],
    x: &[T],
    w: &[T],
    b: Option<&[T]>,
    y: &mut [T],
    scratch: &Scratch<T>,
) {
    let shape = Panels::new::<T>(inputs, outputs);
    let weights = Packed::new(scratch, shape, 1, |_, columns, panel| {
        for (row, w) in panel.chunks_exact_mut(shape.width).zip(w.chunks_exact(outputs)) {
            row[..columns.len()].copy_from_slice(&w[columns.clone()]);
            row[columns.len()..].fill(T::zero());
        }
    });
    let rows = Left::matrix(x, x.len() / inputs, inputs, inputs);
    product(&rows, weights.matrix(0), b.map_or(Then::Write, Then::AddBias), y, outputs);
}

/// Overwrites `dx` with the gradient with respect to the input: `dx = dy w^T`, computed as `dx^T = w dy^T`,
/// so that the weights are read where they lie.
pub fn backward_input<T: Real>([inputs, outputs]: [usize; 2], w: &[T], dy: &[T], dx: &mut [T], scratch: &Scratch<T>) {
    let images = dy.len() / outputs;
    let parts = outputs.div_ceil(TERMS_PER_SUM);
    let terms = |part: usize| TERMS_PER_SUM.min(outputs - part * TERMS_PER_SUM);
    let all = Panels::new::<T>(TERMS_PER_SUM.min(outputs), images);
    let gradients = Packed::new(scratch, all, parts, |part, columns, panel| {
        panel.fill(T::zero());
        for (lane, n) in columns.enumerate() {
            let row = &dy[n * outputs + part * TERMS_PER_SUM..][..terms(part)];
            panel[lane..].iter_mut().step_by(all.width).zip(row).for_each(|(place, &v)| *place = v);
        }
    });
    let mut transposed = scratch.zeros(inputs * images);
    let rows = transposed.par_chunks_mut(ROWS_PER_PART * images).zip(w.par_chunks(ROWS_PER_PART * outputs));
    rows.for_each(|(to, w)| {
        for part in 0..parts {
            let mut gradients = gradients.matrix(part);
            gradients.shape.depth = terms(part);
            let rows = Left::matrix(&w[part * TERMS_PER_SUM..], w.len() / outputs, outputs, terms(part));
            product(&rows, gradients, Then::Accumulate, to, images);
        }
    });
    dx.par_chunks_mut(inputs).enumerate().for_each(|(n, dx)| {
        dx.iter_mut().zip(transposed[n..].iter().step_by(images)).for_each(|(dx, &v)| *dx = v);
    });
}

/// Overwrites the gradient of some rows of the weights from the row `first` on.
fn gradient_of_rows<T: Real>([inputs, outputs]: [usize; 2], x: &[T], dy: &[T], first: usize, dw: &mut [T]) {
    let (images, rows) = (x.len() / inputs, dw.len() / outputs);
    let x = View::rows(&x[first..], [images, rows], inputs).transposed();
    product_of_views(x, View::rows(dy, [images, outputs], outputs), dw, outputs, false);
}

/// Overwrites `dw` with the gradient with respect to the weights: `dw = x^T dy`, summed in the order of the images.
pub fn backward_weight<T: Real>(size: [usize; 2], x: &[T], dy: &[T], dw: &mut [T]) {
    let parts = dw.par_chunks_mut(COLUMNS_PER_PART * size[1]).enumerate();
    parts.for_each(|(index, dw)| gradient_of_rows(size, x, dy, index * COLUMNS_PER_PART, dw));
}

/// Updates the weights `w` and the history `h` with the gradient that [`backward_weight`] would write, some rows at a
/// time, so that the gradient does not leave the cache.
pub fn update_weight<T: Real>(
    size: [usize; 2],
    x: &[T],
    dy: &[T],
    update: &sgd::Update,
    [w, h]: [&mut [T]; 2],
    scratch: &Scratch<T>,
) {
    let of_part = ROWS_PER_UPDATE * size[1];
    w.par_chunks_mut(of_part).zip(h.par_chunks_mut(of_part)).enumerate().for_each(|(index, (w, h))| {
        let mut dw = scratch.lend(w.len());
        gradient_of_rows(size, x, dy, index * ROWS_PER_UPDATE, &mut dw);
        sgd::step_of_task(update, &dw, w, h);
    });
}

/// Overwrites `db` with the gradient with respect to the bias: the sum of `dy` over the images.
pub fn backward_bias<T: Real>(dy: &[T], db: &mut [T], scratch: &Scratch<T>) {
    column_sums(dy, IMAGES_PER_PRODUCT * db.len(), db, scratch);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Stream;

    #[test]
    fn a_gradient_of_weights_is_the_sum_over_the_images_in_their_order_to_the_last_bit() {
        for [images, inputs, outputs] in [[1, 1, 1], [32, 65, 513], [33, 7, 1000], [128, 130, 10], [300, 64, 37]] {
            let x = Stream::named("x").normal(images * inputs, 1.0);
            let dy = Stream::named("dy").normal(images * outputs, 1.0);
            let mut dw = vec![f32::NAN; inputs * outputs];
            backward_weight([inputs, outputs], &x, &dy, &mut dw);
            for (i, &dw) in dw.iter().enumerate() {
                let (row, column) = (i / outputs, i % outputs);
                let sum = (0..images).fold(0.0, |s, n| x[n * inputs + row].mul_add(dy[n * outputs + column], s));
                assert_eq!(dw.to_bits(), f32::to_bits(sum), "{images} x {inputs} x {outputs}, {i}");
            }
        }
    }
}
