//! Experiments: what is compared, on which data, with which schedule.

use super::{
    Arm, Half, Halving, Judging, ProtocolError, SourceTask,
    experiment_data::{Data, is_usual},
    net_choice::NetChoice,
};
use crate::train::Solver;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A resolved experiment.
///
/// A key that is added later needs `#[serde(default)]` and a default that means what was done before, which must
/// never change: networks made without the key then stay valid (see [`super::settings`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The name, which is that of its run directory.
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// The number from which all streams derive.
    pub seed: u64,
    /// The data.
    pub data: Data,
    /// The net.
    pub net: NetChoice,
    /// Splits, arms and replicates.
    pub protocol: Protocol,
    /// The schedule of every network. In a file, `max_epochs`, `stepsize_epochs`, `stepvalue_epochs` and
    /// `warmup_epochs` may stand for `max_iter`, `stepsize`, `stepvalue` and `warmup_iter`; see [`super::resolve`].
    pub solver: Solver,
    /// How the report judges; no network depends on it.
    #[serde(default, skip_serializing_if = "Judging::is_usual")]
    pub report: Judging,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// What A and B are: `random`, `man-made-natural`, `man-made-natural-balanced`, `listed`, `two-data-sets` or
    /// `distance`.
    pub split: Halving,
    /// What A is in turn, where `protocol.split` is `distance` and B stays; else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceTask>,
    /// The file of a listed split: a class name, a comma, and A or B on each line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub split_file: String,
    /// Classes of each half, drawn by the split's seed; 0 takes all.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub classes_per_half: usize,
    /// The seeds of the random splits; where nothing is drawn by a seed there is one split.
    pub splits: Vec<u32>,
    /// Networks of each kind on each split.
    pub replicates: u32,
    /// Bases of each half, replicate and split, and as many restarts and bases of double length where there are these
    /// arms. Everything else derives from the first of them; the others make the reference less noisy.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub base_draws: u32,
    /// The values of n, of every arm that `layers_of` does not name.
    pub layers: Vec<usize>,
    /// The arms beside the base.
    pub arms: Vec<Arm>,
    /// Reduced target sets: training images of each class; every network is trained on each of these, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub train_sizes: Vec<usize>,
    /// Which images are left in reduced sets: `first` (of each class, as the authors did) or `random` (drawn anew for
    /// each split and replicate).
    #[serde(default, skip_serializing_if = "is_usual")]
    pub train_sizes_of: Kept,
    /// Test images of each half on which `reproduce` compares layers when all networks are trained (linear CKA);
    /// 0 means that only `strata similarity` does.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub similarity_images: usize,
    /// Evaluations in one training run, the last one included; fewer where its steps cannot be divided so.
    pub evaluations: u64,
    /// Evaluations of each base, restart and base of double length on the held-out images, the last step's included:
    /// they show whether its schedule has reached a plateau, and no test image is looked at. 0 makes none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub held_out_evaluations: u64,
    /// Steps between two checkpoints.
    pub checkpoint_every: u64,
    /// The values of n of single arms, where they are not those of `layers`: fine-tuned arms cost most. An override of
    /// `protocol.layers` is one of every arm, and an override of `protocol.arms` drops the entries of arms that are
    /// gone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub layers_of: BTreeMap<Arm, Vec<usize>>,
}

impl Protocol {
    /// The values of n of an arm.
    pub fn layers_of(&self, arm: Arm) -> &[usize] {
        self.layers_of.get(&arm).unwrap_or(&self.layers)
    }
}

/// Which images of a class are left in a reduced set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// The first ones of the set.
    #[default]
    First,
    /// Ones drawn at random; a smaller set is part of a larger one.
    Random,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(draws: &u32) -> bool {
    *draws == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_none(evaluations: &u64) -> bool {
    *evaluations == 0
}

impl Experiment {
    /// The resolved configuration as text.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// The schedule of an arm's networks: the experiment's, of double length for [`Arm::Base2x`].
    pub fn solver_of(&self, arm: Arm) -> Solver {
        let solver = self.solver.clone();
        if arm == Arm::Base2x { solver.twice_as_long() } else { solver }
    }

    /// The names of the net's blocks, which n counts.
    ///
    /// # Errors
    /// A net that is missing or invalid.
    pub fn block_names(&self) -> Result<Vec<String>, ProtocolError> {
        Ok(self.net.blocks()?.into_iter().map(|block| block.name).collect())
    }

    /// The net's first convolution over the image, whose filters can be looked at.
    pub fn first_convolution(&self) -> Option<String> {
        self.net.def().ok()?.first_convolution().map(String::from)
    }

    /// Whether an arm has a network at n of a net whose largest n is `most`: the blocks that it preserves must be
    /// there. The last block, whose outputs are the classes of one half, can be preserved for the other half only where
    /// outputs are fixed.
    pub fn copies(&self, arm: Arm, n: usize, most: usize) -> bool {
        let own = arm.source(Half::A) == Some(Half::A);
        n + arm.preserved() <= most + usize::from(own || self.net.outputs > 0)
    }
}
