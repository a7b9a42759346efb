//! A mean over clusters with its 95 % interval.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Observation, aggregate, mean, percentile_bootstrap, sd};

/// From this number of clusters on, the interval is bootstrapped instead of taken from Student's t.
const CLUSTERS_FOR_BOOTSTRAP: usize = 10;

/// How an interval was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    /// One cluster says nothing about spread.
    None,
    /// Student's t with clusters - 1 degrees of freedom.
    T,
    /// Percentile bootstrap over clusters.
    Bootstrap,
}

/// A mean over clusters, its 95 % interval, and the number of units behind it.
#[derive(Clone, Debug, Serialize)]
pub struct Estimate {
    /// Mean of the clusters' values.
    pub mean: f64,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// How the interval was made.
    pub interval: Interval,
    /// Splits: the independent units.
    pub clusters: usize,
    /// Targets over all splits.
    pub targets: usize,
    /// Runs over all targets.
    pub runs: usize,
}

impl Estimate {
    /// Half the width of the interval; of a bootstrapped one, which need not be symmetric, half the distance
    /// between its ends.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }
}

/// The two-sided 95 % interval `mean -+ t(0.975, k - 1) * sd / sqrt(k)`; `None` of fewer than two values.
#[must_use]
pub fn t_interval(values: &[f64]) -> Option<(f64, f64)> {
    let (centre, spread) = (mean(values)?, sd(values)?);
    let k = values.len() as f64;
    let quantile = StudentsT::new(0.0, 1.0, k - 1.0).ok()?.inverse_cdf(0.975);
    let half = quantile * spread / k.sqrt();
    Some((centre - half, centre + half))
}

/// Aggregates observations to clusters and estimates their mean; `None` of no observation.
#[must_use]
pub fn estimate(observations: &[Observation]) -> Option<Estimate> {
    let clusters = aggregate(observations);
    let values: Vec<f64> = clusters.values.iter().map(|(_, value)| *value).collect();
    let (interval, ends) = match values.len() {
        0 | 1 => (Interval::None, None),
        k if k < CLUSTERS_FOR_BOOTSTRAP => (Interval::T, t_interval(&values)),
        _ => (Interval::Bootstrap, percentile_bootstrap(&values)),
    };
    Some(Estimate {
        mean: mean(&values)?,
        low: ends.map(|e| e.0),
        high: ends.map(|e| e.1),
        interval,
        clusters: values.len(),
        targets: clusters.targets,
        runs: clusters.runs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_t_interval_matches_scipy() {
        // SciPy 1.17.1: scipy.stats.t.interval(0.95, k - 1, loc=mean, scale=scipy.stats.sem(values))
        let (low, high) = t_interval(&[0.3, -1.2, 2.5, 0.9, 1.1]).unwrap();
        approx::assert_relative_eq!(low, -0.946_792_287_884_880_2, epsilon = 1e-8);
        approx::assert_relative_eq!(high, 2.386_792_287_884_88, epsilon = 1e-8);
        let (low, high) = t_interval(&[-8.2, -7.9]).unwrap();
        approx::assert_relative_eq!(low, -9.955_930_710_426_198, epsilon = 1e-7);
        approx::assert_relative_eq!(high, -6.144_069_289_573_803, epsilon = 1e-7);
    }

    #[test]
    fn one_cluster_has_a_number_and_no_interval() {
        let one = estimate(&Observation::of_splits(&[2.5])).unwrap();
        assert_eq!((one.mean, one.low, one.high, one.interval), (2.5, None, None, Interval::None));
        assert_eq!((one.clusters, one.targets, one.runs), (1, 1, 1));
        assert!(estimate(&[]).is_none());
    }

    #[test]
    fn ten_clusters_are_bootstrapped_and_nine_are_not() {
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        assert_eq!(estimate(&Observation::of_splits(&values)).unwrap().interval, Interval::Bootstrap);
        assert_eq!(estimate(&Observation::of_splits(&values[..9])).unwrap().interval, Interval::T);
    }
}
