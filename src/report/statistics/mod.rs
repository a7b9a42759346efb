//! Statistics over independent units.
//!
//! Replicates are averaged within a target and the targets of a split within the split: two halves of one class split
//! share the split, so they are not two samples. Where the pair of tasks is fixed, as man-made and natural things are,
//! the replicates are the units, and what follows holds for that pair.

mod aggregate;
mod estimate;
mod sign_flip;
mod single_case;
mod verdict;

pub use aggregate::{Clusters, Observation, Sample, Unit, aggregate};
pub use estimate::{Estimate, TTest, estimate, t_interval, t_test};
pub use sign_flip::{LEVEL, Member, joint_sign_flip, smallest_p};
pub use single_case::{SingleCase, single_case};
pub use verdict::{Check, Test, UNITS_TO_JUDGE, Verdict, judge};

/// Arithmetic mean; `None` of no values.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation `sqrt(sum (x - mean)^2 / (k - 1))`; `None` of fewer than two values.
#[must_use]
pub fn sd(values: &[f64]) -> Option<f64> {
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_sd_match_numpy() {
        let values = [0.3, -1.2, 2.5, 0.9, 1.1];
        approx::assert_relative_eq!(mean(&values).unwrap(), 0.72, epsilon = 1e-12);
        approx::assert_relative_eq!(sd(&values).unwrap(), 1.342_385_935_563_986_7, epsilon = 1e-12);
    }

    #[test]
    fn nothing_has_no_mean_and_one_value_has_no_sd() {
        assert_eq!(mean(&[]), None);
        assert_eq!(sd(&[1.0]), None);
    }
}
