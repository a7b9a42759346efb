//! What an advice found, as plain data: everything that its sentence, table, figure, page and document are made of.
//!
//! Accuracies and differences are in percent and percentage points. Candidates are named by their place in
//! [`Advice::candidates`].

use super::inference::Interval;
use serde::{Deserialize, Serialize};

/// One advice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// The version of strata.
    pub version: String,
    /// The device, as its description says.
    pub device: String,
    /// The cpu's version of the order of sums; none on a gpu.
    pub numerics: Option<u32>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// The network that is copied from.
    pub source: Source,
    /// The images.
    pub data: Data,
    /// Steps of one network on all training images of a split.
    pub steps: u64,
    /// Images of a step.
    pub batch_size: usize,
    /// The paired splits that candidates were compared on.
    pub splits: usize,
    /// What candidates are compared by.
    pub measure: Measure,
    /// The confidence of every interval and of the set, such as 0.95.
    pub level: f64,
    /// A candidate whose corrected upper bound is this many points below the leader is dropped.
    pub margin: f64,
    /// Every candidate, scratch first.
    pub candidates: Vec<Candidate>,
    /// How a score without training judges each n.
    pub neighbours: Vec<Neighbours>,
    /// What follows from the candidates.
    pub choice: Choice,
    /// The recommendation beside fine-tuning all and scratch, on test images opened once; none where it was not
    /// reached.
    pub refit: Option<Refit>,
    /// Whether more images would change it: 25, 50 and 100 % of the training images.
    pub curve: Vec<CurvePoint>,
    /// What a reader should know: fewer splits, candidates left out for the budget, classes of the source among the
    /// target's. Whole sentences.
    pub remarks: Vec<String>,
    /// Seconds over all sittings.
    pub seconds: f64,
    /// The minutes that were given, where they were.
    pub budget_minutes: Option<f64>,
}

/// The network that is copied from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its file.
    pub path: String,
    /// The BLAKE3 of the file.
    pub digest: String,
    /// The net's name.
    pub net: String,
    /// The largest n: as many blocks can be copied, the last one is always new.
    pub most_n: usize,
    /// The net's input: channels, height, width.
    pub input: [usize; 3],
    /// The classes that it was trained on, where the file names them.
    pub classes: Vec<String>,
}

/// The images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// Their name or folder.
    pub name: String,
    /// The BLAKE3 of all images and labels.
    pub digest: String,
    /// All images of each class, in the order of the labels.
    pub classes: Vec<ClassCount>,
    /// Images, all parts together.
    pub images: usize,
    /// Locked away until the refit.
    pub test_images: usize,
    /// Training images of one split.
    pub training_images: usize,
    /// Validation images of one split.
    pub validation_images: usize,
}

/// A class and its images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// The class.
    pub name: String,
    /// Its images, all parts together.
    pub images: usize,
}

/// What candidates are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The share of images that are right.
    Accuracy,
    /// The mean over classes of the share of their images that are right: where classes have unequal numbers.
    BalancedAccuracy,
}

/// A way to use the source.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// All blocks are new.
    Scratch,
    /// The first n blocks are copied and do not learn.
    Frozen {
        /// How many.
        n: usize,
    },
    /// The first n blocks are copied and learn like the new ones.
    FineTuned {
        /// How many.
        n: usize,
    },
    /// The first n blocks are copied; only the new ones learn in the first half of the schedule, all in the second
    /// (LP-FT, Kumar et al. 2022).
    HeadFirst {
        /// How many.
        n: usize,
    },
    /// The first n blocks are copied and learn at a lower rate.
    LowRate {
        /// How many.
        n: usize,
        /// What their rate is multiplied with.
        lr_mult: f64,
    },
}

/// A candidate, and what was measured of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its name for files and tables: `scratch`, `frozen-4`, `fine-tuned-4`, `head-first-7`, `low-rate-7`.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// Validation accuracy on each split, in percent; none where it was not run.
    pub accuracy: Vec<Option<f64>>,
    /// Balanced accuracy on each split, in percent; empty where classes are equal.
    pub balanced: Vec<Option<f64>>,
    /// Mean of what candidates are compared by over its own splits, with an interval (none of fewer than two).
    pub mean: Option<Interval>,
    /// The difference to the leader over the splits that both have; none for the leader itself.
    pub to_leader: Option<Interval>,
    /// Seconds of training one network, the mean over its splits.
    pub seconds: f64,
    /// Multiply-adds of training one network, caches counted.
    pub multiply_adds: u64,
    /// Why it has no further splits.
    pub dropped: Option<Dropped>,
}

/// When and why a candidate was dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// After this many splits; 0 is before the first.
    pub after_splits: usize,
    /// Why.
    pub reason: DropReason,
}

/// Why a candidate was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropReason {
    /// It was shown to be worse than the leader by more than the margin.
    Worse,
    /// The budget had no room for it.
    Budget,
    /// Its loss was not finite.
    Diverged,
}

/// Scores of the features of the first n blocks, without training a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    /// How many blocks.
    pub n: usize,
    /// Validation accuracy of the k nearest neighbours, in percent, the mean over splits.
    pub knn: f64,
    /// The k.
    pub k: usize,
    /// Validation accuracy of a ridge regression to the classes in closed form, in percent, the mean over splits.
    pub ridge: Option<f64>,
}

/// What follows from the candidates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The candidate of the highest mean.
    pub leader: usize,
    /// The candidates that were not shown to be worse than another one, in their order.
    pub set: Vec<usize>,
    /// The recommended one.
    pub recommended: usize,
    /// Whether the splits do not decide: the set holds both kinds of answers that matter (see `reason`).
    pub cannot_tell: bool,
    /// Why this one, in a whole sentence.
    pub reason: String,
}

/// Three networks of a kind with fresh seeds on all training images, on test images opened once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refit {
    /// The recommendation, fine-tuning all, scratch, without doubles.
    pub networks: Vec<Refitted>,
    /// The recommendation less each other one.
    pub differences: Vec<Difference>,
    /// Draws of the bootstrap that crosses images with seeds.
    pub draws: usize,
    /// The recommended weights, a path relative to the advice's directory.
    pub weights: String,
}

/// The networks of one candidate that were refitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refitted {
    /// The candidate.
    pub candidate: usize,
    /// Test accuracy of each seed, in percent.
    pub accuracy: Vec<f64>,
    /// Balanced test accuracy of each seed, in percent; empty where classes are equal.
    pub balanced: Vec<f64>,
    /// The mean of what candidates are compared by, with an interval.
    pub mean: Interval,
}

/// The recommendation less another candidate, on the same test images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The other candidate.
    pub against: usize,
    /// In points.
    pub difference: Interval,
}

/// One share of the training images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The share of the training images of a split, such as 0.25.
    pub share: f64,
    /// Training images.
    pub images: usize,
    /// Accuracy of the candidates that were tried at this share.
    pub values: Vec<CurveValue>,
}

/// A candidate at one share of the training images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveValue {
    /// The candidate.
    pub candidate: usize,
    /// Validation scores of each split that was run, in percent, by the measure.
    pub scores: Vec<f64>,
}
