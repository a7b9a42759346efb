//! Linear centred kernel alignment (Kornblith et al. 2019): how alike two layers' activations are on the same images.
//!
//! With activations X (images x features) and Y, their columns centred:
//! `CKA = |Y^T X|^2 / (|X^T X| |Y^T Y|)` in Frobenius norms, 0 to 1; 1 where one is a rotated and scaled copy of the
//! other. It is computed from the Gram matrices `X X^T` and `Y Y^T`, of which `|Y^T X|^2` is the inner product:
//! their size does not depend on the number of features.

use crate::cpu::{View, product};
use rayon::prelude::*;

/// Rows of a Gram matrix that one task computes; fixed, so that bits do not depend on the number of threads.
const ROWS: usize = 64;

/// The centred Gram matrix of one layer's activations.
#[derive(Clone, Debug)]
pub struct Gram {
    values: Vec<f32>,
    norm: f64,
}

impl Gram {
    /// The Gram matrix of `images` rows of activations. Columns are centred before the product, which keeps what
    /// rounding costs small.
    pub fn of(mut activations: Vec<f32>, images: usize) -> Self {
        let features = activations.len() / images.max(1);
        let mut means = vec![0.0; features];
        for row in activations.chunks_exact(features.max(1)) {
            means.iter_mut().zip(row).for_each(|(mean, &value)| *mean += f64::from(value) / images as f64);
        }
        for row in activations.chunks_exact_mut(features.max(1)) {
            row.iter_mut().zip(&means).for_each(|(value, mean)| *value = (f64::from(*value) - mean) as f32);
        }
        let mut values = vec![0.0; images * images];
        let all = View::rows(&activations, [images, features], features);
        values.par_chunks_mut(ROWS * images.max(1)).enumerate().for_each(|(block, rows)| {
            let count = rows.len() / images;
            let some = View::rows(&activations[block * ROWS * features..], [count, features], features);
            product(some, all.transposed(), rows, images, false);
        });
        let norm = inner(&values, &values).sqrt();
        Self { values, norm }
    }

    /// The alignment with another layer on the same images; NaN where a layer gives every image the same.
    pub fn cka(&self, other: &Self) -> f64 {
        inner(&self.values, &other.values) / (self.norm * other.norm)
    }
}

fn inner(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: [f32; 15] = [1.0, 2.0, 0.0, 0.0, 1.0, -1.0, 3.0, -2.0, 5.0, 2.0, 2.0, 2.0, -1.0, 0.0, 4.0];
    const Y: [f32; 10] = [0.5, -1.0, 2.0, 0.0, 1.0, 1.0, -3.0, 4.0, 0.0, 2.5];

    #[test]
    fn the_alignment_of_small_matrices_equals_numpys() {
        // x = X - X.mean(0); y = Y - Y.mean(0)
        // norm(y.T @ x)**2 / (norm(x.T @ x) * norm(y.T @ y)), NumPy in double precision.
        let (x, y) = (Gram::of(X.to_vec(), 5), Gram::of(Y.to_vec(), 5));
        approx::assert_relative_eq!(x.cka(&y), 0.155_980_237_322_986_94, epsilon = 1e-6);
        assert_eq!(x.cka(&y), y.cka(&x));
        approx::assert_relative_eq!(x.cka(&x), 1.0, epsilon = 1e-12);
    }

    #[test]
    fn rotating_scaling_and_shifting_all_features_changes_nothing() {
        // A quarter turn of the first two features, all tripled and shifted by seven.
        let turned: Vec<f32> = X.chunks_exact(3).flat_map(|r| [-r[1], r[0], r[2]]).map(|v| 3.0 * v + 7.0).collect();
        let (x, y) = (Gram::of(X.to_vec(), 5), Gram::of(Y.to_vec(), 5));
        approx::assert_relative_eq!(x.cka(&Gram::of(turned.clone(), 5)), 1.0, epsilon = 1e-6);
        approx::assert_relative_eq!(y.cka(&Gram::of(turned, 5)), x.cka(&y), epsilon = 1e-6);
    }

    #[test]
    fn a_layer_that_tells_no_image_from_another_is_like_none() {
        assert!(Gram::of(vec![2.5; 20], 5).cka(&Gram::of(X.to_vec(), 5)).is_nan());
    }

    #[test]
    fn more_images_than_one_block_give_the_same_bits_with_any_number_of_threads() {
        let values = crate::host::Stream::named("cka").normal(150 * 7, 1.0);
        let gram = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Gram::of(values.clone(), 150))
        };
        let (one, two) = (gram(1), gram(2));
        assert_eq!(one.values, two.values);
        // Each entry is the inner product of two centred rows.
        let mean = |j: usize| values.iter().skip(j).step_by(7).map(|&v| f64::from(v)).sum::<f64>() / 150.0;
        let means: Vec<f64> = (0..7).map(mean).collect();
        let at = |i: usize, j: usize| f64::from(values[i * 7 + j]) - means[j];
        for (i, k) in [(0, 0), (3, 149), (64, 63), (140, 2)] {
            let direct: f64 = (0..7).map(|j| at(i, j) * at(k, j)).sum();
            approx::assert_relative_eq!(f64::from(one.values[i * 150 + k]), direct, epsilon = 1e-5);
        }
    }
}
