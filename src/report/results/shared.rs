//! Arms side by side where they do not cover the same targets: only on those that all of them have.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::{
    run::Arm,
    statistics::{Estimate, Sample, estimate},
};
use super::sheet::Sheet;

/// The arms at one n on the targets that all of them have there.
#[derive(Clone, Debug, Serialize)]
pub struct Shared {
    /// Copied layers.
    pub n: u32,
    /// The splits of these targets.
    pub splits: Vec<String>,
    /// The targets: split and half, such as `0A`.
    pub targets: Vec<String>,
    /// One cell an arm.
    pub cells: Vec<SharedCell>,
}

/// One arm on the shared targets.
#[derive(Clone, Debug, Serialize)]
pub struct SharedCell {
    /// The arm.
    pub arm: Arm,
    /// Targets that the arm has in all, shared or not.
    pub own_targets: usize,
    /// The difference to the own base on the shared targets, in points; `None` where there is none.
    pub estimate: Option<Estimate>,
    /// The paper's way on the shared targets: mean of the points minus mean of their bases.
    pub paper: Option<f64>,
}

fn targets(sample: &Sample) -> BTreeSet<(String, String)> {
    sample.seen.iter().map(|o| (o.split.clone(), o.target.clone())).collect()
}

/// One entry for each n at which the arms do not cover the same targets.
pub(super) fn shared(sheet: &Sheet, arms: &[Arm]) -> Vec<Shared> {
    sheet.ns().into_iter().filter_map(|n| at(sheet, arms, n)).collect()
}

fn at(sheet: &Sheet, arms: &[Arm], n: u32) -> Option<Shared> {
    let of_arm = |&arm: &Arm| (arm, sheet.deltas(arm, &(n..=n)));
    let samples: Vec<(Arm, Sample)> = arms.iter().map(of_arm).filter(|(_, sample)| !sample.seen.is_empty()).collect();
    let covered: Vec<_> = samples.iter().map(|(_, sample)| targets(sample)).collect();
    let common =
        covered.iter().skip(1).fold(covered.first()?.clone(), |all, own| all.intersection(own).cloned().collect());
    if covered.iter().all(|own| *own == common) {
        return None;
    }
    let only = |mut sample: Sample| {
        sample.seen.retain(|o| common.contains(&(o.split.clone(), o.target.clone())));
        sample
    };
    let bases = only(sheet.levels(Arm::Base, &(0..=0))).pooled();
    let cells = samples.iter().zip(&covered).map(|((arm, sample), own)| SharedCell {
        arm: *arm,
        own_targets: own.len(),
        estimate: estimate(&only(sample.clone())),
        paper: only(sheet.levels(*arm, &(n..=n))).pooled().zip(bases).map(|(points, bases)| points - bases),
    });
    let splits: BTreeSet<&String> = common.iter().map(|(split, _)| split).collect();
    Some(Shared {
        n,
        splits: splits.into_iter().cloned().collect(),
        targets: common.iter().map(|(split, target)| format!("{split}{target}")).collect(),
        cells: cells.collect(),
    })
}
