//! Means over ranges of n: the paper's Table 1, its way and the paired way.

use serde::Serialize;

use super::super::{
    run::Arm,
    statistics::{Observation, mean},
};
use super::{
    contrast::{Contrast, single},
    paper::Level,
    sheet::Sheet,
};

/// The gain of the fine-tuned arms over one range of n, in points.
#[derive(Clone, Debug, Serialize)]
pub struct Boost {
    /// First n of the range.
    pub from: u32,
    /// Last n of the range.
    pub to: u32,
    /// The paper's way: mean of all AnB+ points minus mean of all bases.
    pub paper_over_base: Option<f64>,
    /// The paper's way: mean of all AnB+ points minus mean of all BnB+ points.
    pub paper_over_selffer: Option<f64>,
    /// Mean over all AnB+ runs of the difference to the run's own base, each run counting once.
    pub transfer_runs: Option<f64>,
    /// Mean over all BnB+ runs of the difference to the run's own base, each run counting once.
    pub selffer_runs: Option<f64>,
    /// AnB+ minus own base, by target and split.
    pub transfer: Option<Contrast>,
    /// BnB+ minus own base, by target and split.
    pub selffer: Option<Contrast>,
    /// AnB+ minus BnB+ of the same split, replicate, target and n, by target and split.
    pub matched: Option<Contrast>,
}

pub(super) fn boosts(sheet: &Sheet, base: Option<&Level>) -> Vec<Boost> {
    let Some(&to) = sheet.ns().last() else { return Vec::new() };
    let boost = |from: u32| {
        let ns = from..=to;
        let pooled = |seen: Vec<Observation>| mean(&seen.iter().map(|o| o.value).collect::<Vec<_>>());
        let transfer = pooled(sheet.levels(Arm::TransferPlus, &ns));
        let selffer = pooled(sheet.levels(Arm::SelfferPlus, &ns));
        Boost {
            from,
            to,
            paper_over_base: transfer.zip(base).map(|(t, base)| t - base.mean),
            paper_over_selffer: transfer.zip(selffer).map(|(t, s)| t - s),
            transfer_runs: pooled(sheet.deltas(Arm::TransferPlus, &ns)),
            selffer_runs: pooled(sheet.deltas(Arm::SelfferPlus, &ns)),
            transfer: single(&sheet.deltas(Arm::TransferPlus, &ns)),
            selffer: single(&sheet.deltas(Arm::SelfferPlus, &ns)),
            matched: single(&sheet.matched(Arm::TransferPlus, Arm::SelfferPlus, &ns)),
        }
    };
    [1, 3, 5]
        .into_iter()
        .filter(|&from| from <= to)
        .map(boost)
        .filter(|b| b.transfer_runs.is_some() || b.selffer_runs.is_some() || b.paper_over_base.is_some())
        .collect()
}
