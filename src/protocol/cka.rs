//! Linear centred kernel alignment (Kornblith et al. 2019): how alike two layers' activations are on the same images.
//!
//! With the Gram matrices `K = X X^T` and `L = Y Y^T` of activations X and Y (images x features),
//! `CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L))`: 1 where one layer is a rotated and scaled copy of the other, and 0
//! where they have nothing in common. The estimators differ in what they put for HSIC, the Hilbert-Schmidt
//! independence criterion:
//!
//! - **debiased**: Song et al.'s (2012), whose expectation is the true value with any number of images n:
//!   `HSIC = (tr(K' L') + sum(K') sum(L') / ((n-1)(n-2)) - 2 sum(K' L') / (n-2)) / (n (n-3))`, where K' and L' are the
//!   Gram matrices with a zero diagonal. It needs four images; values a little below 0 and above 1 are noise.
//! - **biased**: `HSIC = |Y^T X|^2` in the Frobenius norm, columns centred. With fewer images than features it is near
//!   1 for layers that have nothing in common: 0.97 at 33 independent features an image.
//!
//! Both are computed from Gram matrices, whose size does not depend on the number of features.

use crate::cpu::{View, product};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows of a Gram matrix that one task computes; fixed, so that bits do not depend on the number of threads.
const ROWS: usize = 64;

/// The fewest images that the debiased estimator is defined for.
pub const FEWEST_IMAGES: usize = 4;

/// What is put for HSIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// Its plain value, which grows with the number of features an image.
    Biased,
    /// Song et al.'s estimate, whose expectation is right with any number of images.
    Debiased,
}

impl Estimator {
    /// What values were computed with where a file does not say.
    pub const fn unsaid() -> Self {
        Self::Biased
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Biased => "biased",
            Self::Debiased => "debiased",
        }
    }
}

/// The centred Gram matrix of one layer's activations.
#[derive(Clone, Debug)]
pub struct Gram {
    values: Vec<f32>,
    images: usize,
    /// The sums of its rows without the diagonal.
    rows: Vec<f64>,
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
        let sum = |(at, row): (usize, &[f32])| row.iter().map(|&v| f64::from(v)).sum::<f64>() - f64::from(row[at]);
        let rows = values.chunks_exact(images.max(1)).enumerate().map(sum).collect();
        Self { values, images, rows }
    }

    /// The alignment with another layer on the same images; NaN where it is not defined: where a layer gives every
    /// image the same, with fewer than [`FEWEST_IMAGES`] where it is debiased, and where the estimate of a layer's own
    /// HSIC is not above 0.
    pub fn cka(&self, other: &Self, estimator: Estimator) -> f64 {
        let hsic = |one: &Self, other: &Self| match estimator {
            Estimator::Biased => inner(&one.values, &other.values),
            Estimator::Debiased => one.debiased(other),
        };
        let own = [hsic(self, self), hsic(other, other)];
        if own.iter().all(|&value| value > 0.0) {
            hsic(self, other) / (own[0].sqrt() * own[1].sqrt())
        } else {
            f64::NAN
        }
    }

    /// Song et al.'s estimate of HSIC. Centring has no part in it, because it is the same for all features shifted.
    fn debiased(&self, other: &Self) -> f64 {
        if self.images < FEWEST_IMAGES {
            return f64::NAN;
        }
        let n = self.images as f64;
        let diagonal = |gram: &Self| gram.values.iter().copied().step_by(gram.images + 1).collect::<Vec<f32>>();
        let trace = inner(&self.values, &other.values) - inner(&diagonal(self), &diagonal(other));
        let sums = self.rows.iter().sum::<f64>() * other.rows.iter().sum::<f64>();
        let products: f64 = self.rows.iter().zip(&other.rows).map(|(a, b)| a * b).sum();
        (trace + sums / ((n - 1.0) * (n - 2.0)) - 2.0 * products / (n - 2.0)) / (n * (n - 3.0))
    }
}

fn inner(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Stream;

    const X: [f32; 15] = [1.0, 2.0, 0.0, 0.0, 1.0, -1.0, 3.0, -2.0, 5.0, 2.0, 2.0, 2.0, -1.0, 0.0, 4.0];
    const Y: [f32; 10] = [0.5, -1.0, 2.0, 0.0, 1.0, 1.0, -3.0, 4.0, 0.0, 2.5];

    fn gram(values: &[f32]) -> Gram {
        Gram::of(values.to_vec(), 5)
    }

    /// Song et al.'s formula word by word, in double precision, on activations that are not centred.
    fn direct(x: &[f32], y: &[f32], n: usize) -> f64 {
        let gram = |x: &[f32]| {
            let features = x.len() / n;
            let row = |i: usize| &x[i * features..(i + 1) * features];
            let entry =
                |i: usize, j: usize| row(i).iter().zip(row(j)).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            let entry = |i, j| if i == j { 0.0 } else { entry(i, j) };
            (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect::<Vec<Vec<f64>>>()
        };
        let hsic = |k: &[Vec<f64>], l: &[Vec<f64>]| {
            let (mut trace, mut product) = (0.0, 0.0);
            for i in 0..n {
                for j in 0..n {
                    trace += k[i][j] * l[j][i];
                    product += (0..n).map(|m| k[i][m] * l[m][j]).sum::<f64>();
                }
            }
            let total = |k: &[Vec<f64>]| k.iter().flatten().sum::<f64>();
            let m = n as f64;
            (trace + total(k) * total(l) / ((m - 1.0) * (m - 2.0)) - 2.0 * product / (m - 2.0)) / (m * (m - 3.0))
        };
        let (k, l) = (gram(x), gram(y));
        hsic(&k, &l) / (hsic(&k, &k) * hsic(&l, &l)).sqrt()
    }

    #[test]
    fn the_biased_alignment_of_small_matrices_equals_numpys() {
        // x = X - X.mean(0); y = Y - Y.mean(0)
        // norm(y.T @ x)**2 / (norm(x.T @ x) * norm(y.T @ y)), NumPy in double precision.
        let (x, y) = (gram(&X), gram(&Y));
        approx::assert_relative_eq!(x.cka(&y, Estimator::Biased), 0.155_980_237_322_986_94, epsilon = 1e-6);
        for estimator in [Estimator::Biased, Estimator::Debiased] {
            assert_eq!(x.cka(&y, estimator), y.cka(&x, estimator));
            approx::assert_relative_eq!(x.cka(&x, estimator), 1.0, epsilon = 1e-12);
        }
    }

    #[test]
    fn the_debiased_alignment_equals_the_formula_in_double_precision() {
        approx::assert_relative_eq!(gram(&X).cka(&gram(&Y), Estimator::Debiased), direct(&X, &Y, 5), epsilon = 1e-5);
        // Features that share a part, far from their mean, more of them than images and fewer.
        for (images, features) in [(4, 3), (12, 50), (60, 7)] {
            let shared = Stream::named("shared").normal(images * features, 1.0);
            let own = |name: &str| Stream::named(name).normal(images * features, 1.0);
            let mixed = |name: &str| shared.iter().zip(own(name)).map(|(a, b)| 3.0 + a + 0.5 * b).collect::<Vec<f32>>();
            let (x, y) = (mixed("x"), mixed("y"));
            let expected = direct(&x, &y, images);
            let found = Gram::of(x, images).cka(&Gram::of(y, images), Estimator::Debiased);
            approx::assert_relative_eq!(found, expected, epsilon = 2e-4, max_relative = 2e-4);
        }
    }

    #[test]
    fn independent_features_have_nothing_in_common_by_the_debiased_estimate_and_nearly_all_by_the_biased() {
        // 33 features an image.
        let (images, features) = (120, 33 * 120);
        let noise = |name: &str| Gram::of(Stream::named(name).normal(images * features, 1.0), images);
        let (x, y) = (noise("one"), noise("other"));
        assert!(x.cka(&y, Estimator::Debiased).abs() < 0.02, "{}", x.cka(&y, Estimator::Debiased));
        assert!((x.cka(&y, Estimator::Biased) - 0.97).abs() < 0.01, "{}", x.cka(&y, Estimator::Biased));
    }

    #[test]
    fn rotating_scaling_and_shifting_all_features_changes_nothing() {
        // A quarter turn of the first two features, all tripled and shifted by seven.
        let turned: Vec<f32> = X.chunks_exact(3).flat_map(|r| [-r[1], r[0], r[2]]).map(|v| 3.0 * v + 7.0).collect();
        let (x, y, turned) = (gram(&X), gram(&Y), gram(&turned));
        for estimator in [Estimator::Biased, Estimator::Debiased] {
            approx::assert_relative_eq!(x.cka(&turned, estimator), 1.0, epsilon = 1e-6);
            approx::assert_relative_eq!(y.cka(&turned, estimator), x.cka(&y, estimator), epsilon = 1e-5);
        }
    }

    #[test]
    fn a_layer_that_tells_no_image_from_another_is_like_none_and_three_images_are_too_few_to_be_debiased() {
        for estimator in [Estimator::Biased, Estimator::Debiased] {
            assert!(gram(&[2.5; 20]).cka(&gram(&X), estimator).is_nan());
        }
        let three = Gram::of(X[..9].to_vec(), 3);
        assert!(three.cka(&three, Estimator::Debiased).is_nan() && three.cka(&three, Estimator::Biased).is_finite());
    }

    #[test]
    fn more_images_than_one_block_give_the_same_bits_with_any_number_of_threads() {
        let values = Stream::named("cka").normal(150 * 7, 1.0);
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
