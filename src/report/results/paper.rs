//! The paper's way of computing its figures, kept beside the paired way for comparison.

use serde::Serialize;

use super::super::{
    run::Arm,
    statistics::{Estimate, estimate, mean, sd},
};
use super::sheet::Sheet;

/// The accuracy of the bases.
#[derive(Clone, Debug, Serialize)]
pub struct Level {
    /// Mean over all bases, each counting once, in percent.
    pub mean: f64,
    /// Standard deviation between the bases, in points.
    pub sd: Option<f64>,
    /// Mean over units with its interval, in percent.
    pub estimate: Estimate,
}

/// One arm at one n, all points pooled.
#[derive(Clone, Debug, Serialize)]
pub struct PaperRow {
    /// The arm.
    pub arm: Arm,
    /// Copied layers.
    pub n: u32,
    /// Points pooled.
    pub runs: usize,
    /// Their mean, in percent.
    pub mean: f64,
    /// Their standard deviation, in points.
    pub sd: Option<f64>,
    /// Their mean minus the mean of all bases, in points.
    pub delta: Option<f64>,
    /// The accuracy averaged by target and unit, with an interval between units, in percent.
    pub level: Estimate,
}

pub(super) fn level(sheet: &Sheet) -> Option<Level> {
    let seen = sheet.levels(Arm::Base, &(0..=0));
    let values: Vec<f64> = seen.seen.iter().map(|o| o.value).collect();
    Some(Level { mean: mean(&values)?, sd: sd(&values), estimate: estimate(&seen)? })
}

pub(super) fn rows(sheet: &Sheet, base: Option<&Level>) -> Vec<PaperRow> {
    let mut rows = Vec::new();
    for arm in Arm::WITH_N {
        for n in sheet.ns() {
            let seen = sheet.levels(arm, &(n..=n));
            let values: Vec<f64> = seen.seen.iter().map(|o| o.value).collect();
            if let (Some(mean), Some(level)) = (mean(&values), estimate(&seen)) {
                let delta = base.map(|base| mean - base.mean);
                rows.push(PaperRow { arm, n, runs: values.len(), mean, sd: sd(&values), delta, level });
            }
        }
    }
    rows
}
