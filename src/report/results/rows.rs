//! One row per run, one difference per matched pair, one thinned curve per run.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::super::{
    run::{Arm, Run, State},
    statistics::{Sample, mean},
    study::Study,
};
use super::{paper::Level, sheet::Sheet};

/// The most points of a curve that is drawn; more would only make the page heavy.
const POINTS: usize = 100;

/// One run with its numbers.
#[derive(Clone, Debug, Serialize)]
pub struct RunRow {
    /// Name of the run.
    pub run: String,
    /// The class split.
    pub split: String,
    /// The seed replicate.
    pub replicate: u32,
    /// What was trained.
    pub arm: Arm,
    /// Copied layers.
    pub n: Option<u32>,
    /// Half whose weights were copied.
    pub source: Option<String>,
    /// Half trained and tested on.
    pub target: String,
    /// Most training images of a class, where the training set was reduced.
    pub train_size: Option<usize>,
    /// Where the run stands.
    pub state: State,
    /// Steps at the last evaluation.
    pub steps: Option<u64>,
    /// The run's accuracy, in percent; `None` for a run that is not counted.
    pub top1: Option<f64>,
    /// The accuracy of its own base, in percent.
    pub base: Option<f64>,
    /// Accuracy minus own base, in points.
    pub delta: Option<f64>,
    /// Accuracy minus the mean of all bases, in points.
    pub delta_paper: Option<f64>,
    /// What an answer that never changes scores, in percent, where it is known.
    pub chance: Option<f64>,
    /// Whether the run ended no higher than that.
    pub at_chance: bool,
    /// Accuracy at the last evaluation that shows a plateau, in percent: on held-out images where there are such ones.
    pub last: Option<f64>,
    /// The same at the last of these evaluations in the first two thirds of the schedule.
    pub two_thirds: Option<f64>,
    /// Wall-clock seconds spent.
    pub seconds: f64,
    /// Multiply-adds of training and evaluation in units of 10^12, where they are known.
    pub tera_macs: Option<f64>,
    /// What went wrong, or was done otherwise than asked for.
    pub message: Option<String>,
    /// The command that makes this run again.
    pub command: String,
}

/// One run minus its counterpart of the same split, replicate, target and n.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Name of the run.
    pub run: String,
    /// Copied layers.
    pub n: u32,
    /// The difference, in points.
    pub value: f64,
    /// Whether one of its runs ended at chance.
    pub at_chance: bool,
}

/// A training curve, thinned for drawing.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// Name of the run.
    pub run: String,
    /// What was trained.
    pub arm: Arm,
    /// Copied layers.
    pub n: Option<u32>,
    /// Most training images of a class, where the training set was reduced.
    pub train_size: Option<usize>,
    /// Step and test top-1 accuracy in percent, in order; evaluations without a finite accuracy are left out.
    pub points: Vec<(u64, f64)>,
    /// Step and mean training loss since the evaluation before, in nats, where it was recorded.
    pub losses: Vec<(u64, f64)>,
    /// Whether the run has finished.
    pub done: bool,
    /// How many evaluations the whole curve has.
    pub evaluations: usize,
}

/// The mean of all curves of finished runs of an arm at n, on whole training sets.
#[derive(Clone, Debug, Serialize)]
pub struct MeanCurve {
    /// What was trained.
    pub arm: Arm,
    /// Copied layers.
    pub n: Option<u32>,
    /// Step and mean test top-1 accuracy in percent, over the runs that have a point at that step.
    pub points: Vec<(u64, f64)>,
    /// Step and mean training loss in nats, over the same runs.
    pub losses: Vec<(u64, f64)>,
}

/// Averages the thinned curves of finished runs on whole training sets by arm, n and step.
pub(super) fn mean_curves(study: &Study) -> Vec<MeanCurve> {
    let mut groups: BTreeMap<(Arm, Option<u32>), Vec<Curve>> = BTreeMap::new();
    for curve in curves(study).into_iter().filter(|curve| curve.done && curve.train_size.is_none()) {
        groups.entry((curve.arm, curve.n)).or_default().push(curve);
    }
    let averaged = |((arm, n), curves): ((Arm, Option<u32>), Vec<Curve>)| MeanCurve {
        arm,
        n,
        points: by_step(curves.iter().flat_map(|curve| &curve.points)),
        losses: by_step(curves.iter().flat_map(|curve| &curve.losses)),
    };
    groups.into_iter().map(averaged).collect()
}

/// The mean at every step, over whatever points there are.
fn by_step<'a>(points: impl Iterator<Item = &'a (u64, f64)>) -> Vec<(u64, f64)> {
    let mut steps: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (step, value) in points {
        steps.entry(*step).or_default().push(*value);
    }
    steps.into_iter().filter_map(|(step, values)| Some((step, mean(&values)?))).collect()
}

/// A row for every run of the plan; `sheets` are that of the whole training sets and those of the reduced ones.
pub(super) fn run_rows(study: &Study, sheets: &[Sheet], base: Option<&Level>) -> Vec<RunRow> {
    let counted = sheets.iter().flat_map(|sheet| &sheet.counted);
    let counted: HashMap<*const Run, _> = counted.map(|one| (std::ptr::from_ref(one.run), one)).collect();
    // The mean of all bases is that of the whole training sets.
    let comparable = |run: &Run| base.filter(|_| run.train_size.is_none());
    let row = |run: &Run| {
        let one = counted.get(&std::ptr::from_ref(run));
        RunRow {
            run: run.name.clone(),
            split: run.split.clone(),
            replicate: run.replicate,
            arm: run.arm,
            n: run.n,
            source: run.source.clone(),
            target: run.target.clone(),
            train_size: run.train_size,
            state: run.state,
            steps: run.curve.last().map(|e| e.step),
            top1: one.map(|one| one.value),
            base: one.and_then(|one| Some(one.base?.value)),
            delta: one.and_then(|one| one.delta()),
            delta_paper: one.zip(comparable(run)).map(|(one, base)| one.value - base.mean),
            chance: run.chance.map(|chance| chance * 100.0),
            at_chance: one.is_some_and(|one| one.at_chance),
            last: run.towards_plateau().last().filter(|e| e.top1.is_finite()).map(|e| e.top1 * 100.0),
            two_thirds: run.at_two_thirds().map(|e| e.top1 * 100.0),
            seconds: run.seconds,
            tera_macs: run.work.map(|work| work / 1e12),
            message: run.message.clone(),
            command: run.command.clone(),
        }
    };
    study.runs.iter().map(row).collect()
}

/// Differences as they are drawn, one a run.
pub(super) fn differences(sample: Sample) -> Vec<Difference> {
    sample.seen.into_iter().map(|o| Difference { run: o.run, n: o.n, value: o.value, at_chance: o.at_chance }).collect()
}

/// Keeps every k-th point and the last one.
fn thin(points: Vec<(u64, f64)>) -> Vec<(u64, f64)> {
    let stride = points.len().div_ceil(POINTS).max(1);
    let last = points.len().saturating_sub(1);
    points.into_iter().enumerate().filter(|(i, _)| i % stride == 0 || *i == last).map(|(_, point)| point).collect()
}

pub(super) fn curves(study: &Study) -> Vec<Curve> {
    let curve = |run: &Run| {
        let finite = run.curve.iter().filter(|e| e.top1.is_finite());
        let points = thin(finite.map(|e| (e.step, e.top1 * 100.0)).collect());
        let learnt = run.curve.iter().filter(|e| e.train_loss.is_finite());
        let losses = thin(learnt.map(|e| (e.step, e.train_loss)).collect());
        Curve {
            run: run.name.clone(),
            arm: run.arm,
            n: run.n,
            train_size: run.train_size,
            points,
            losses,
            done: run.state == State::Done,
            evaluations: run.curve.len(),
        }
    };
    study.runs.iter().filter(|run| !run.curve.is_empty()).map(curve).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thinned_curve_keeps_its_ends_and_stays_short() {
        let points: Vec<(u64, f64)> = (0..450).map(|i| (i, i as f64)).collect();
        let thinned = thin(points);
        assert!(thinned.len() <= POINTS + 1);
        assert_eq!((thinned[0].0, thinned[thinned.len() - 1].0), (0, 449));
        assert_eq!(thin(vec![(5, 1.0)]), [(5, 1.0)]);
    }
}
