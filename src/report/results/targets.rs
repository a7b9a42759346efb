//! Accuracies by target where the two targets have a meaning, as man-made and natural things do.

use serde::Serialize;

use super::super::{
    run::{Arm, Kind},
    statistics::{Estimate, Sample, estimate},
};
use super::sheet::Sheet;

/// One arm at one n on one target.
#[derive(Clone, Debug, Serialize)]
pub struct TargetRow {
    /// Half trained and tested on.
    pub target: String,
    /// The arm.
    pub arm: Arm,
    /// Copied layers; 0 for a base.
    pub n: u32,
    /// The accuracy averaged by unit, in percent.
    pub level: Estimate,
    /// The difference to the own base, in points; `None` for a base.
    pub delta: Option<Estimate>,
}

/// Rows of the frozen arms and the base; none for random halves, whose letters mean nothing across splits.
pub(super) fn rows(kind: Kind, sheet: &Sheet) -> Vec<TargetRow> {
    if !matches!(kind, Kind::ManMadeNatural | Kind::Listed | Kind::OtherData) {
        return Vec::new();
    }
    let mut targets: Vec<&str> = sheet.counted.iter().map(|one| one.run.target.as_str()).collect();
    targets.sort_unstable();
    targets.dedup();
    let mut rows = Vec::new();
    for target in targets {
        for arm in [Arm::Base, Arm::Selffer, Arm::Transfer] {
            for n in std::iter::once(0).chain(sheet.ns()) {
                let of_target = |mut sample: Sample| {
                    sample.seen.retain(|o| o.target == target);
                    estimate(&sample)
                };
                if let Some(level) = of_target(sheet.levels(arm, &(n..=n))) {
                    let delta = of_target(sheet.deltas(arm, &(n..=n))).filter(|_| arm != Arm::Base);
                    rows.push(TargetRow { target: target.to_string(), arm, n, level, delta });
                }
            }
        }
    }
    rows
}
