//! The plain record of one study: what was compared, and its runs.

use super::{
    kind::Kind,
    measured::{Confusion, Filters, Similarity},
    run::{Reported, Run},
};
use crate::protocol::USUAL_MARGIN;
use serde::{Deserialize, Serialize};

const fn usual_margin() -> f64 {
    USUAL_MARGIN
}

/// The classes of one half of a split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HalfClasses {
    /// The class split.
    pub split: String,
    /// The half.
    pub half: String,
    /// What A is, where it is several things in turn.
    pub source_task: Option<String>,
    /// The names of its classes.
    pub classes: Vec<String>,
}

/// Everything a report is made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Study {
    /// Name of the experiment.
    pub experiment: String,
    /// How its two halves are related.
    #[serde(default)]
    pub kind: Kind,
    /// Name of the data set.
    pub dataset: String,
    /// Name of the network.
    pub net: String,
    /// Names of its layers, lowest first.
    pub layers: Vec<String>,
    /// The device that trained, with driver.
    pub device: String,
    /// Version of the program that trained.
    pub version: String,
    /// The resolved configuration, as TOML.
    pub config_toml: String,
    /// Which number of a curve is a run's result.
    #[serde(default)]
    pub reported: Reported,
    /// Differences smaller than this many points are taken for none.
    #[serde(default = "usual_margin")]
    pub margin: f64,
    /// Whether the plan was cut down by `--quick`, so that its numbers mean nothing.
    #[serde(default)]
    pub quick: bool,
    /// Whether accuracies are those on held-out training images instead of test images.
    #[serde(default)]
    pub on_held_out: bool,
    /// Images of one training step, where it is known.
    #[serde(default)]
    pub batch_size: Option<usize>,
    /// Which classes the halves of each split have, where it is known.
    #[serde(default)]
    pub halves: Vec<HalfClasses>,
    /// Every run of the plan, finished or not.
    pub runs: Vec<Run>,
    /// Most training images of a class, in runs without a size of their own; `None` where unknown.
    #[serde(default)]
    pub train_per_class: Option<usize>,
    /// First-layer filters to draw.
    #[serde(default)]
    pub filters: Vec<Filters>,
    /// What some networks took the test images for.
    #[serde(default)]
    pub confusions: Vec<Confusion>,
    /// How alike the activations of pairs of networks are.
    #[serde(default)]
    pub similarities: Vec<Similarity>,
}
