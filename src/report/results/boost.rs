//! Means over ranges of n: the paper's Table 1, its way and the paired way, and what fine-tuning gains beyond a second
//! training run.

use serde::Serialize;

use super::super::run::Arm;
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
    /// AnB+ against its controls, by target and unit.
    pub transfer: Gains,
    /// BnB+ against its controls, by target and unit.
    pub selffer: Gains,
    /// AnB+ minus BnB+ of the same split, replicate, target and n, by target and unit.
    pub matched: Option<Contrast>,
}

/// A fine-tuned arm minus each of its controls on the same targets.
#[derive(Clone, Debug, Serialize)]
pub struct Gains {
    /// Minus its own base, which was trained half as long.
    pub over_base: Option<Contrast>,
    /// Minus the restarted base, all of whose layers were copied and learnt on.
    pub over_restart: Option<Contrast>,
    /// Minus the base trained once for twice as long.
    pub over_double: Option<Contrast>,
}

pub(super) fn boosts(sheet: &Sheet, base: Option<&Level>, margin: f64) -> Vec<Boost> {
    let Some(&to) = sheet.ns().last() else { return Vec::new() };
    let boost = |from: u32| {
        let ns = from..=to;
        let gains = |arm: Arm| Gains {
            over_base: single(sheet.deltas(arm, &ns), margin),
            over_restart: single(sheet.matched(arm, Arm::Restart, &ns), margin),
            over_double: single(sheet.matched(arm, Arm::Base2x, &ns), margin),
        };
        let transfer = sheet.levels(Arm::TransferPlus, &ns).pooled();
        let selffer = sheet.levels(Arm::SelfferPlus, &ns).pooled();
        Boost {
            from,
            to,
            paper_over_base: transfer.zip(base).map(|(t, base)| t - base.mean),
            paper_over_selffer: transfer.zip(selffer).map(|(t, s)| t - s),
            transfer_runs: sheet.deltas(Arm::TransferPlus, &ns).pooled(),
            selffer_runs: sheet.deltas(Arm::SelfferPlus, &ns).pooled(),
            transfer: gains(Arm::TransferPlus),
            selffer: gains(Arm::SelfferPlus),
            matched: single(sheet.matched(Arm::TransferPlus, Arm::SelfferPlus, &ns), margin),
        }
    };
    [1, 3, 5]
        .into_iter()
        .filter(|&from| from <= to)
        .map(boost)
        .filter(|b| b.transfer_runs.is_some() || b.selffer_runs.is_some() || b.paper_over_base.is_some())
        .collect()
}
