//! Training sets of reduced size: accuracies and differences to the base of the same size.

use serde::Serialize;

use super::super::{
    error::ReportError,
    run::Arm,
    statistics::{Estimate, estimate},
    study::Study,
};
use super::sheet::Sheet;

/// One arm at one n with one size of the training set.
#[derive(Clone, Debug, Serialize)]
pub struct SizeRow {
    /// Most training images of a class; `None` for the whole training set.
    pub train_size: Option<usize>,
    /// The arm.
    pub arm: Arm,
    /// Copied layers; 0 for a base.
    pub n: u32,
    /// The accuracy averaged by target and unit, in percent.
    pub level: Estimate,
    /// The difference to the base of the same size, in points; `None` for a base.
    pub delta: Option<Estimate>,
}

/// The sizes of the training sets, rising, the whole set last.
pub(super) fn sizes(study: &Study) -> Vec<Option<usize>> {
    let mut sizes: Vec<Option<usize>> = study.runs.iter().map(|run| run.train_size).collect();
    sizes.sort_by_key(|size| size.unwrap_or(usize::MAX));
    sizes.dedup();
    sizes
}

/// Rows by size, rising, the whole set last; none where no run has a reduced set.
pub(super) fn rows(study: &Study) -> Result<Vec<SizeRow>, ReportError> {
    let sizes = sizes(study);
    if sizes.iter().all(Option::is_none) {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for train_size in sizes {
        let sheet = Sheet::of_size(study, train_size)?;
        for arm in Arm::ALL {
            for n in std::iter::once(0).chain(sheet.ns()) {
                if let Some(level) = estimate(&sheet.levels(arm, &(n..=n))) {
                    let delta = if arm == Arm::Base { None } else { estimate(&sheet.deltas(arm, &(n..=n))) };
                    rows.push(SizeRow { train_size, arm, n, level, delta });
                }
            }
        }
    }
    Ok(rows)
}
