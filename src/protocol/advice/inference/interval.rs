//! The interval of a mean over overlapping splits.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A mean with the ends of its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The interval of a mean over J splits, `mean -+ t(J - 1) * s * sqrt(1/J + n_test/n_train)` (Nadeau and Bengio, 2003),
/// where `s` is the standard deviation between splits and t is two-sided at `level`; none of fewer than two splits.
#[must_use]
pub fn corrected_interval(differences: &[f64], test_over_train: f64, level: f64) -> Option<Interval> {
    let (mean, variance) = moments(differences)?;
    let t = quantile(0.5 + level / 2.0, differences.len() as f64 - 1.0)?;
    let half = t * (variance * inflation(differences.len(), test_over_train)).sqrt();
    Some(Interval { mean, low: mean - half, high: mean + half })
}

/// What the variance between splits is multiplied with to be that of their mean.
pub(super) fn inflation(splits: usize, test_over_train: f64) -> f64 {
    1.0 / splits as f64 + test_over_train
}

/// Mean and sample variance; none of fewer than two values.
pub(super) fn moments(values: &[f64]) -> Option<(f64, f64)> {
    let count = values.len();
    let mean = values.iter().sum::<f64>() / count as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (count > 1).then(|| (mean, squares / (count - 1) as f64))
}

/// The quantile of Student's t; none where the degrees of freedom are not positive.
pub(super) fn quantile(probability: f64, degrees: f64) -> Option<f64> {
    Some(StudentsT::new(0.0, 1.0, degrees).ok()?.inverse_cdf(probability))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corrected_interval_matches_scipy() {
        // SciPy 1.17.1: mean -+ scipy.stats.t.ppf(0.5 + level / 2, J - 1) * std(ddof=1) * sqrt(1 / J + ratio)
        let interval = corrected_interval(&[1.5, -0.5, 2.0, 0.75, 1.25], 0.25, 0.95).unwrap();
        approx::assert_relative_eq!(interval.mean, 1.0, epsilon = 1e-12);
        approx::assert_relative_eq!(interval.low, -0.773_043_365_757_439_8, epsilon = 1e-8);
        approx::assert_relative_eq!(interval.high, 2.773_043_365_757_44, epsilon = 1e-8);
        let interval = corrected_interval(&[-8.2, -7.9], 0.5, 0.9).unwrap();
        approx::assert_relative_eq!(interval.low, -9.389_348_953_226_062, epsilon = 1e-7);
        approx::assert_relative_eq!(interval.high, -6.710_651_046_773_94, epsilon = 1e-7);
    }

    #[test]
    fn one_split_says_nothing_about_spread() {
        assert_eq!(corrected_interval(&[3.0], 0.25, 0.95), None);
        assert_eq!(corrected_interval(&[], 0.25, 0.95), None);
    }
}
