//! Local response normalisation over packs: the formulas, and the order of every sum, are those of `cpu/lrn.rs`.
//!
//! A place is one run of elements, channel by channel, with zeros for half a window before and after: so that all of
//! it is a few long loops.

use super::{IMAGES, Pack};
use crate::{
    cpu::{lrn::write_powers, vectorised},
    host::LrnDims,
};

/// Packs of room that a call needs: for each channel its square or ratio, its scale, its power and the quotient of
/// these.
pub const fn room(dims: &LrnDims) -> usize {
    4 * dims.x.c + 2 * (dims.size / 2)
}

/// Overwrites `sums` with those of the windows of `values`, of which the first begins with the first value.
#[inline(always)]
fn window_sums(size: usize, values: &[f32], sums: &mut [f32]) {
    let len = sums.len();
    let at = |j: usize| &values[j * IMAGES..][..len];
    match size {
        3 => {
            let (a, b, c) = (at(0), at(1), at(2));
            (0..len).for_each(|i| sums[i] = a[i] + b[i] + c[i]);
        }
        5 => {
            let (a, b, c, d, e) = (at(0), at(1), at(2), at(3), at(4));
            (0..len).for_each(|i| sums[i] = a[i] + b[i] + c[i] + d[i] + e[i]);
        }
        _ => {
            sums.fill(0.0);
            (0..size).for_each(|j| sums.iter_mut().zip(at(j)).for_each(|(sum, &v)| *sum += v));
        }
    }
}

/// The room of a call, in runs of elements: values between zeros, scales, powers and quotients.
fn runs<'a>(dims: &LrnDims, room: &'a mut [Pack<f32>]) -> [&'a mut [f32]; 4] {
    let len = dims.x.c * IMAGES;
    let (values, others) = room.as_flattened_mut().split_at_mut(len + 2 * (dims.size / 2) * IMAGES);
    values.fill(0.0);
    let (scales, others) = others.split_at_mut(len);
    let (powers, quotients) = others.split_at_mut(len);
    [values, scales, powers, &mut quotients[..len]]
}

/// Overwrites the scales of one place.
#[inline(always)]
fn write_scales(dims: &LrnDims, x: &[f32], values: &mut [f32], scales: &mut [f32]) {
    values[dims.size / 2 * IMAGES..].iter_mut().zip(x).for_each(|(square, &x)| *square = x * x);
    window_sums(dims.size, values, scales);
    let (k, weight) = (dims.k as f32, (dims.alpha / dims.size as f64) as f32);
    scales.iter_mut().for_each(|scale| *scale = k + weight * *scale);
}

/// Overwrites `y`.
pub fn forward(dims: &LrnDims, x: &[Pack<f32>], y: &mut [Pack<f32>], room: &mut [Pack<f32>]) {
    let len = dims.x.c * IMAGES;
    let [values, scales, powers, quotients] = runs(dims, room);
    let places = x.as_flattened().chunks_exact(len).zip(y.as_flattened_mut().chunks_exact_mut(len));
    vectorised(
        #[inline(always)]
        || {
            for (x, y) in places {
                write_scales(dims, x, values, scales);
                write_powers(scales, dims.beta, powers, quotients);
                (0..len).for_each(|i| y[i] = x[i] * powers[i]);
            }
        },
    );
}

/// Overwrites `dx`; where `rectified`, x is the output of a rectifier, and dx is 0 where it is not positive.
pub fn backward(
    dims: &LrnDims,
    x: &[Pack<f32>],
    dy: &[Pack<f32>],
    dx: &mut [Pack<f32>],
    rectified: bool,
    room: &mut [Pack<f32>],
) {
    let len = dims.x.c * IMAGES;
    let factor = (2.0 * dims.alpha * dims.beta / dims.size as f64) as f32;
    let [values, scales, powers, quotients] = runs(dims, room);
    let places = x.as_flattened().chunks_exact(len).zip(dy.as_flattened().chunks_exact(len));
    let places = places.zip(dx.as_flattened_mut().chunks_exact_mut(len));
    vectorised(
        #[inline(always)]
        || {
            for ((x, dy), dx) in places {
                write_scales(dims, x, values, scales);
                write_powers(scales, dims.beta, powers, quotients);
                let ratios = &mut values[dims.size / 2 * IMAGES..][..len];
                (0..len).for_each(|i| ratios[i] = dy[i] * x[i] * quotients[i]);
                // The scales have served; their place holds the sums of the ratios.
                window_sums(dims.size, values, scales);
                for i in 0..len {
                    let value = dy[i] * powers[i] - factor * x[i] * scales[i];
                    dx[i] = if !rectified | (x[i] > 0.0) { value } else { 0.0 };
                }
            }
        },
    );
}
