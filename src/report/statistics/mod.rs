//! Statistics over clustered observations.
//!
//! Replicates are averaged within a target, the targets of a split within the split, and only splits count as
//! independent units: two halves of one class split share the split, so they are not two samples.

mod aggregate;
mod bootstrap;
mod estimate;
mod permutation;
mod single_case;

pub use aggregate::{Clusters, Observation, aggregate};
pub use bootstrap::{Generator, percentile_bootstrap};
pub use estimate::{Estimate, Interval, estimate, t_interval};
pub use permutation::{LEVEL, Test, Verdict, holm, judge, sign_flip, smallest_p};
pub use single_case::{SingleCase, single_case};

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
