//! Every number of the report, computed once; tables, figures, pages and files only format these.
//!
//! Accuracies are in percent, differences in percentage points.

mod beside;
mod boost;
mod claims;
mod confusion;
mod contrast;
mod costs;
mod filters;
mod judgement;
mod paper;
mod preserved;
mod rows;
mod sheet;
mod similarity;
mod sizes;
mod targets;
mod together;

use serde::Serialize;

use super::{
    error::ReportError,
    run::{Arm, Kind, Reported, State, Study},
    statistics::Estimate,
};
pub use beside::Beside;
pub use boost::Boost;
pub use claims::Claim;
pub use confusion::{ClassRow, ConfusionRows};
pub use contrast::{Contrast, Row};
pub use costs::CostRow;
pub use filters::FilterRanges;
pub use judgement::Judgement;
pub use paper::{Level, PaperRow};
pub use preserved::Preserved;
pub use rows::{Curve, Difference, MeanCurve, RunRow};
pub use sheet::Excluded;
use sheet::Sheet;
pub use similarity::SimilarityRow;
pub use sizes::SizeRow;
pub use targets::TargetRow;
pub use together::{Report, report};

/// How many runs stand where.
#[derive(Clone, Debug, Default, Serialize)]
pub struct States {
    /// Not started.
    pub pending: usize,
    /// Started, not finished.
    pub running: usize,
    /// Finished.
    pub done: usize,
    /// Stopped by an error.
    pub failed: usize,
    /// Stopped because the loss left the finite numbers.
    pub diverged: usize,
}

/// Every number of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// Name of the experiment.
    pub experiment: String,
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
    /// How many runs stand where.
    pub states: States,
    /// Runs left out of some or all numbers, by name.
    pub excluded: Vec<Excluded>,
    /// Every n that occurs, rising.
    pub ns: Vec<u32>,
    /// The bases.
    pub base: Option<Level>,
    /// The paper's way: all points of an arm and n pooled, minus the mean of all bases.
    pub paper: Vec<PaperRow>,
    /// The paired way: each run minus its own base, then averaged by target and split.
    pub paired: Vec<Row>,
    /// The paired gain of training the base once more: the yardstick for the fine-tuned arms.
    pub restart: Option<Contrast>,
    /// BnB minus its own base.
    pub co_adaptation: Vec<Row>,
    /// AnB minus BnB of the same split, replicate, target and n.
    pub specificity: Vec<Row>,
    /// The differences behind `specificity`, run by run.
    pub differences: Vec<Difference>,
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
    let excluded = sheets.iter().flat_map(|sheet| sheet.excluded.clone()).collect();
    let sheet = &sheets[0];
    Ok(Results {
        experiment: study.experiment.clone(),
        kind: study.kind,
        dataset: study.dataset.clone(),
        net: study.net.clone(),
        layers: study.layers.clone(),
        device: study.device.clone(),
        version: study.version.clone(),
        config_toml: study.config_toml.clone(),
        reported: study.reported,
        states: states(study),
        ns: sheet.ns(),
        paper: paper::rows(sheet, base.as_ref()),
        paired: Arm::WITH_N.iter().flat_map(|&arm| contrast::by_n(arm, |ns| sheet.deltas(arm, ns), sheet)).collect(),
        restart: contrast::single(&sheet.deltas(Arm::Restart, &(0..=0))),
        co_adaptation: contrast::by_n(Arm::Selffer, |ns| sheet.deltas(Arm::Selffer, ns), sheet),
        specificity: contrast::by_n(Arm::Transfer, |ns| sheet.matched(Arm::Transfer, Arm::Selffer, ns), sheet),
        differences: rows::differences(sheet),
        targets: targets::rows(study.kind, sheet),
        sizes: sizes::rows(study)?,
        train_per_class: study.train_per_class,
        similarity: similarity::rows(study),
        confusions: study.confusions.iter().map(confusion::rows).collect(),
        filters: study.filters.iter().map(filters::ranges).collect::<Result<_, _>>()?,
        costs: costs::rows(study),
        boosts: boost::boosts(sheet, base.as_ref()),
        claims: claims::claims(sheet, base.as_ref()),
        curves: rows::curves(study),
        mean_curves: rows::mean_curves(study),
        excluded,
        base,
        runs,
    })
}

fn states(study: &Study) -> States {
    let count = |state| study.runs.iter().filter(|run| run.state == state).count();
    States {
        pending: count(State::Pending),
        running: count(State::Running),
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

    /// The arms of the headline tables: the paper's and random filters. Preserved layers and probes have figures of
    /// their own.
    #[must_use]
    pub fn headline_arms(&self) -> Vec<Arm> {
        let own = |arm: &Arm| arm.name().contains("-preserve") || arm.name().contains("-probe");
        self.arms().into_iter().filter(|arm| !own(arm)).collect()
    }

    /// The restart's paired gain.
    #[must_use]
    pub fn restart_gain(&self) -> Option<&Estimate> {
        self.restart.as_ref().map(|contrast| &contrast.estimate)
    }
}
