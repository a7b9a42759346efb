//! Estimates with their tests: alone, or one per n as a family.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::super::{
    run::Arm,
    statistics::{Estimate, Observation, Test, aggregate, estimate, judge},
};
use super::sheet::Sheet;

/// A difference in points, estimated and tested.
#[derive(Clone, Debug, Serialize)]
pub struct Contrast {
    /// The difference with its interval and numbers of units.
    pub estimate: Estimate,
    /// The sign-flip test over splits.
    pub test: Test,
}

/// A difference of one arm at one n.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The arm.
    pub arm: Arm,
    /// Copied layers.
    pub n: u32,
    /// The difference with its interval and numbers of units.
    pub estimate: Estimate,
    /// The sign-flip test over splits, corrected across the arm's n.
    pub test: Test,
}

fn cluster_values(observations: &[Observation]) -> Vec<f64> {
    aggregate(observations).values.into_iter().map(|(_, value)| value).collect()
}

/// One difference, tested alone; `None` of no observation.
pub(super) fn single(observations: &[Observation]) -> Option<Contrast> {
    let test = judge(&[cluster_values(observations)]).pop()?;
    Some(Contrast { estimate: estimate(observations)?, test })
}

/// One difference per n, tested as one family.
pub(super) fn by_n(
    arm: Arm,
    observations: impl Fn(&RangeInclusive<u32>) -> Vec<Observation>,
    sheet: &Sheet,
) -> Vec<Row> {
    let of_n: Vec<(u32, Estimate, Vec<f64>)> = sheet
        .ns()
        .into_iter()
        .filter_map(|n| {
            let seen = observations(&(n..=n));
            Some((n, estimate(&seen)?, cluster_values(&seen)))
        })
        .collect();
    let family: Vec<Vec<f64>> = of_n.iter().map(|(_, _, values)| values.clone()).collect();
    let tests = judge(&family);
    of_n.into_iter().zip(tests).map(|((n, estimate, _), test)| Row { arm, n, estimate, test }).collect()
}
