//! What the networks of each arm cost.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{
    run::{Arm, Run, State},
    statistics::mean,
    study::Study,
};

/// Work and time of the finished networks of one arm at one n.
#[derive(Clone, Debug, Serialize)]
pub struct CostRow {
    /// The arm.
    pub arm: Arm,
    /// Copied layers; `None` where there are none.
    pub n: Option<u32>,
    /// Finished networks.
    pub runs: usize,
    /// Mean multiply-adds of a network in units of 10^12, where they are known.
    pub tera_macs: Option<f64>,
    /// Mean wall-clock seconds of a network.
    pub seconds: f64,
    /// Seconds of all of them.
    pub total_seconds: f64,
    /// Multiply-adds a second in units of 10^9, over the networks whose work and time are known.
    pub giga_macs_a_second: Option<f64>,
}

pub(super) fn rows(study: &Study) -> Vec<CostRow> {
    let mut groups: BTreeMap<_, Vec<&Run>> = BTreeMap::new();
    for run in study.runs.iter().filter(|run| run.state == State::Done && run.seconds > 0.0) {
        groups.entry((run.arm, run.n)).or_default().push(run);
    }
    groups.into_iter().map(|((arm, n), runs)| row(arm, n, &runs)).collect()
}

fn row(arm: Arm, n: Option<u32>, runs: &[&Run]) -> CostRow {
    let total_seconds: f64 = runs.iter().map(|run| run.seconds).sum();
    let known: Vec<(f64, f64)> = runs.iter().filter_map(|run| Some((run.seconds, run.work?))).collect();
    let (time, work) = known.iter().fold((0.0, 0.0), |(time, work), (t, w)| (time + t, work + w));
    CostRow {
        arm,
        n,
        runs: runs.len(),
        tera_macs: mean(&known.iter().map(|(_, work)| work / 1e12).collect::<Vec<_>>()),
        seconds: total_seconds / runs.len() as f64,
        total_seconds,
        giga_macs_a_second: (time > 0.0).then(|| work / time / 1e9),
    }
}
