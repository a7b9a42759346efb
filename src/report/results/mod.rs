//! Every number of the report, computed once; tables, figures, pages and files only format these.
//!
//! Accuracies are in percent, differences in percentage points.

mod answer;
mod beside;
mod boost;
mod chance;
mod claim;
mod claims;
mod confusion;
mod contrast;
mod costs;
mod filters;
mod judgement;
mod paper;
mod plateau;
mod preserved;
mod rows;
mod shared;
mod sheet;
mod similarity;
mod sizes;
mod targets;
mod together;
mod trained;

use std::ops::RangeInclusive;

use serde::Serialize;

use super::{
    error::ReportError,
    run::{Arm, Kind, Reported, State},
    statistics::{Estimate, Sample, Unit},
    study::{HalfClasses, Study},
};
pub(super) use answer::QUICK;
pub use beside::Beside;
pub use boost::{Boost, Gains};
pub use chance::AtChance;
pub use claim::Claim;
pub use confusion::{ClassRow, ConfusionRows};
pub use contrast::{Contrast, Row};
pub use costs::CostRow;
pub use filters::FilterRanges;
pub use judgement::Judgement;
pub use paper::{Level, PaperRow};
pub use plateau::Plateau;
pub use preserved::Preserved;
pub use rows::{Curve, Difference, MeanCurve, RunRow};
pub use shared::{Shared, SharedCell};
pub use sheet::Excluded;
use sheet::Sheet;
pub use similarity::SimilarityRow;
pub use sizes::SizeRow;
pub use targets::TargetRow;
pub use together::{Report, report};
pub use trained::{Count, Trained};

/// How many runs are in each state.
#[derive(Clone, Debug, Default, Serialize)]
pub struct States {
    /// Not started.
    pub pending: usize,
    /// Started, not finished.
    pub running: usize,
    /// Begun, not finished, with no process at work on them.
    pub interrupted: usize,
    /// Finished.
    pub done: usize,
    /// Stopped by an error.
    pub failed: usize,
    /// Stopped because of non-finite values.
    pub diverged: usize,
}

/// Every number of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// Name of the experiment.
    pub experiment: String,
    /// The answer in a sentence.
    pub answer: String,
    /// Whether the plan was cut down by `--quick`, so that the numbers mean nothing.
    pub quick: bool,
    /// How its two halves are related.
    pub kind: Kind,
    /// Name of the data set.
    pub dataset: String,
    /// Name of the network.
    pub net: String,
    /// Names of its layers, lowest first.
    pub layers: Vec<String>,
    /// The device that trained.
    pub device: String,
    /// Version of the program that trained.
    pub version: String,
    /// The resolved configuration, as TOML.
    pub config_toml: String,
    /// Which number of a curve is a run's result.
    pub reported: Reported,
    /// The smallest difference that matters, in points.
    pub margin: f64,
    /// Whether accuracies are those on held-out training images instead of test images.
    pub on_held_out: bool,
    /// Steps and images of the bases.
    pub trained: Option<Trained>,
    /// What an answer that never changes scores, in percent: the lowest and the highest over targets.
    pub chance: Option<[f64; 2]>,
    /// Which classes the halves of each split have.
    pub halves: Vec<HalfClasses>,
    /// What counts as an independent unit.
    pub unit: Unit,
    /// How many runs are in each state.
    pub states: States,
    /// Runs left out of some or all numbers, by name.
    pub excluded: Vec<Excluded>,
    /// Runs that ended no higher than an answer that never changes.
    pub at_chance: Vec<AtChance>,
    /// Whether the bases were trained until they stopped improving.
    pub plateau: Plateau,
    /// Every n that occurs, rising.
    pub ns: Vec<u32>,
    /// The bases.
    pub base: Option<Level>,
    /// The paper's way: all points of an arm and n pooled, minus the mean of all bases.
    pub paper: Vec<PaperRow>,
    /// The paired way: each run minus its own base, then averaged by target and split.
    pub paired: Vec<Row>,
    /// The arms side by side at each n where they do not cover the same targets.
    pub shared: Vec<Shared>,
    /// The paired gain of training the base once more: the yardstick for the fine-tuned arms.
    pub restart: Option<Contrast>,
    /// The paired gain of training the base once for twice as long.
    pub double: Option<Contrast>,
    /// What losses of frozen transfer networks are measured against: [`Arm::Continue`] where there is one, else nothing
    /// but the base.
    pub loss_control: Option<Arm>,
    /// AnB minus its control of the same split, replicate, target and n, else minus its own base.
    pub loss: Vec<Row>,
    /// What co-adaptation is measured against: [`Arm::Continue`] where there is one, else nothing but the base.
    pub co_adaptation_control: Option<Arm>,
    /// BnB minus its control of the same split, replicate, target and n, else minus its own base.
    pub co_adaptation: Vec<Row>,
    /// The differences of `co_adaptation`, run by run.
    pub co_adaptation_runs: Vec<Difference>,
    /// AnB minus BnB of the same split, replicate, target and n.
    pub specificity: Vec<Row>,
    /// The differences of `specificity`, run by run.
    pub specificity_runs: Vec<Difference>,
    /// Accuracies by target, where the two targets are not drawn at random.
    pub targets: Vec<TargetRow>,
    /// Accuracies by size of the training set, where it was reduced.
    pub sizes: Vec<SizeRow>,
    /// Most training images of a class in runs without a size of their own, where it is known.
    pub train_per_class: Option<usize>,
    /// How alike the activations of pairs of networks are, by layer.
    pub similarity: Vec<SimilarityRow>,
    /// What some networks took their test images for.
    pub confusions: Vec<ConfusionRows>,
    /// The smallest and largest weight of each drawn filter.
    pub filters: Vec<FilterRanges>,
    /// Work and time by arm and n.
    pub costs: Vec<CostRow>,
    /// Means over ranges of n, as in the paper's Table 1.
    pub boosts: Vec<Boost>,
    /// The paper's five claims.
    pub claims: Vec<Claim>,
    /// One row per run of the plan.
    pub runs: Vec<RunRow>,
    /// Training curves, thinned.
    pub curves: Vec<Curve>,
    /// Their means over the finished runs of each arm and n.
    pub mean_curves: Vec<MeanCurve>,
}

/// Computes every number of the report.
///
/// # Errors
/// [`ReportError::TooFewEvaluations`] where the study asks for the ten highest accuracies of a short curve,
/// [`ReportError::FilterShape`] where filters contradict their shape.
pub fn analyse(study: &Study) -> Result<Results, ReportError> {
    let sheet = Sheet::new(study)?;
    let base = paper::level(&sheet);
    // Networks on reduced sets stand in figures of their own, but in the same list of runs.
    let mut sheets = vec![sheet];
    for size in sizes::sizes(study).into_iter().filter(Option::is_some) {
        sheets.push(Sheet::of_size(study, size)?);
    }
    let runs = rows::run_rows(study, &sheets, base.as_ref());
    let at_chance = chance::at_chance(study, &sheets);
    let excluded = sheets.iter().flat_map(|sheet| sheet.excluded.clone()).collect();
    let (sheet, margin) = (&sheets[0], study.margin);
    let by_n = |arm, sample: &dyn Fn(&RangeInclusive<u32>) -> Sample| contrast::by_n(arm, sample, sheet, margin);
    let paired: Vec<Row> = Arm::WITH_N.iter().flat_map(|&arm| by_n(arm, &|ns| sheet.deltas(arm, ns))).collect();
    let every = 0..=u32::MAX;
    let (co_adaptation_control, co_adaptation_runs) =
        claims::control(|control| sheet.losses(Arm::Selffer, control, &every));
    let (loss_control, _) = claims::control(|control| sheet.losses(Arm::Transfer, control, &every));
    let specificity = |ns: &RangeInclusive<u32>| sheet.matched(Arm::Transfer, Arm::Selffer, ns);
    let mut results = Results {
        experiment: study.experiment.clone(),
        answer: String::new(),
        quick: study.quick,
        kind: study.kind,
        dataset: study.dataset.clone(),
        net: study.net.clone(),
        layers: study.layers.clone(),
        device: study.device.clone(),
        version: study.version.clone(),
        config_toml: study.config_toml.clone(),
        reported: study.reported,
        margin,
        on_held_out: study.on_held_out,
        trained: trained::trained(study),
        chance: trained::chance(study),
        halves: study.halves.clone(),
        unit: sheet.unit,
        states: states(study),
        at_chance,
        plateau: plateau::plateau(sheet),
        ns: sheet.ns(),
        paper: paper::rows(sheet, base.as_ref()),
        shared: shared::shared(sheet, &headline(paired.iter().map(|row| row.arm))),
        paired,
        restart: contrast::single(sheet.deltas(Arm::Restart, &(0..=0)), margin),
        double: contrast::single(sheet.deltas(Arm::Base2x, &(0..=0)), margin),
        loss: by_n(Arm::Transfer, &|ns| sheet.losses(Arm::Transfer, loss_control, ns)),
        loss_control,
        co_adaptation: by_n(Arm::Selffer, &|ns| sheet.losses(Arm::Selffer, co_adaptation_control, ns)),
        co_adaptation_control,
        co_adaptation_runs: rows::differences(co_adaptation_runs),
        specificity: by_n(Arm::Transfer, &specificity),
        specificity_runs: rows::differences(specificity(&every)),
        targets: targets::rows(study.kind, sheet),
        sizes: sizes::rows(study)?,
        train_per_class: study.train_per_class,
        similarity: similarity::rows(study),
        confusions: study.confusions.iter().map(confusion::rows).collect(),
        filters: study.filters.iter().map(filters::ranges).collect::<Result<_, _>>()?,
        costs: costs::rows(study),
        boosts: boost::boosts(sheet, base.as_ref(), margin),
        claims: claims::claims(sheet, base.as_ref(), margin),
        curves: rows::curves(study),
        mean_curves: rows::mean_curves(study),
        excluded,
        base,
        runs,
    };
    results.answer = answer::answer(&results);
    Ok(results)
}

/// The arms of the headline tables, in their order: the paper's, the control that freezes as they do, random filters.
/// Preserved layers and probes have figures of their own.
fn headline(present: impl Iterator<Item = Arm>) -> Vec<Arm> {
    let present: Vec<Arm> = present.collect();
    let own = |arm: &Arm| arm.preserved() > 0 || arm.is_probe();
    Arm::WITH_N.into_iter().filter(|arm| present.contains(arm) && !own(arm)).collect()
}

fn states(study: &Study) -> States {
    let count = |state| study.runs.iter().filter(|run| run.state == state).count();
    States {
        pending: count(State::Pending),
        running: count(State::Running),
        interrupted: count(State::Interrupted),
        done: count(State::Done),
        failed: count(State::Failed),
        diverged: count(State::Diverged),
    }
}

impl Results {
    /// The paired row of an arm at n.
    #[must_use]
    pub fn paired_at(&self, arm: Arm, n: u32) -> Option<&Row> {
        self.paired.iter().find(|row| row.arm == arm && row.n == n)
    }

    /// The paper's row of an arm at n.
    #[must_use]
    pub fn paper_at(&self, arm: Arm, n: u32) -> Option<&PaperRow> {
        self.paper.iter().find(|row| row.arm == arm && row.n == n)
    }

    /// The arms with an n that have at least one number.
    #[must_use]
    pub fn arms(&self) -> Vec<Arm> {
        Arm::WITH_N.into_iter().filter(|&arm| self.paper.iter().any(|row| row.arm == arm)).collect()
    }

    /// The arms of the headline tables: the paper's, the control that freezes as they do, random filters.
    #[must_use]
    pub fn headline_arms(&self) -> Vec<Arm> {
        headline(self.arms().into_iter())
    }

    /// The restart's paired gain.
    #[must_use]
    pub fn restart_gain(&self) -> Option<&Estimate> {
        self.restart.as_ref().map(|contrast| &contrast.estimate)
    }
}
