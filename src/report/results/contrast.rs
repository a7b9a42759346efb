//! Estimates with their tests: alone, or one per n as a family.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::super::{
    run::Arm,
    statistics::{Estimate, Sample, Test, judge},
};
use super::sheet::Sheet;

/// A difference in points, estimated and tested.
#[derive(Clone, Debug, Serialize)]
pub struct Contrast {
    /// The difference with its interval and numbers of units.
    pub estimate: Estimate,
    /// What its tests say.
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
    /// What its tests say; the sign-flip test is corrected across the arm's n.
    pub test: Test,
}

/// Several differences, tested as one family; `None` in the place of one without observations.
pub(super) fn family(samples: &[Sample], margin: f64) -> Vec<Option<Contrast>> {
    let contrast = |(estimate, test)| Contrast { estimate, test };
    judge(samples, margin).into_iter().map(|judged| judged.map(contrast)).collect()
}

/// One difference, tested alone; `None` of no observation.
pub(super) fn single(sample: Sample, margin: f64) -> Option<Contrast> {
    family(&[sample], margin).pop()?
}

/// One difference per n, tested as one family.
pub(super) fn by_n(arm: Arm, sample: impl Fn(&RangeInclusive<u32>) -> Sample, sheet: &Sheet, margin: f64) -> Vec<Row> {
    let ns = sheet.ns();
    let samples: Vec<Sample> = ns.iter().map(|&n| sample(&(n..=n))).collect();
    let rows = ns.into_iter().zip(family(&samples, margin));
    rows.filter_map(|(n, found)| found.map(|Contrast { estimate, test }| Row { arm, n, estimate, test })).collect()
}
