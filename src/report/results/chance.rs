//! Networks that have learnt nothing: they are named, and what they are part of is not judged.

use serde::Serialize;

use super::super::{run::Arm, study::Study};
use super::sheet::Sheet;

/// A network that ended no higher than an answer that never changes.
#[derive(Clone, Debug, Serialize)]
pub struct AtChance {
    /// Name of the run.
    pub run: String,
    /// What was trained.
    pub arm: Arm,
    /// Its accuracy, in percent.
    pub top1: f64,
    /// Chance, in percent.
    pub chance: f64,
}

/// The counted runs at chance, on whole training sets and on reduced ones.
pub(super) fn at_chance(study: &Study, sheets: &[Sheet]) -> Vec<AtChance> {
    let counted = sheets.iter().flat_map(|sheet| &sheet.counted).filter(|one| one.at_chance);
    let mut found: Vec<AtChance> = counted
        .filter_map(|one| {
            Some(AtChance {
                run: one.run.name.clone(),
                arm: one.run.arm,
                top1: one.value,
                chance: one.run.chance? * 100.0,
            })
        })
        .collect();
    let place = |name: &str| study.runs.iter().position(|run| run.name == name);
    found.sort_by_key(|one| place(&one.run));
    found
}
