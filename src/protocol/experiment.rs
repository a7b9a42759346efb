//! Experiments: what is compared, on which data, with which schedule. One TOML file is one experiment.

use super::{Arm, Half, ProtocolError, halving::Halving, keys};
use crate::{
    data::fit::Fit,
    host::bounded,
    nn::zoo,
    train::{Reading, Solver, batches::Augmentation},
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The experiments that are built in.
const BUILT_IN: [(&str, &str); 7] = [
    ("default", include_str!("../../experiments/default.toml")),
    ("cifar100", include_str!("../../experiments/cifar100.toml")),
    ("cifar100-natural", include_str!("../../experiments/cifar100-natural.toml")),
    ("cross-dataset", include_str!("../../experiments/cross-dataset.toml")),
    ("distance-random", include_str!("../../experiments/distance-random.toml")),
    ("distance-natural", include_str!("../../experiments/distance-natural.toml")),
    ("distance-noise", include_str!("../../experiments/distance-noise.toml")),
];

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
    /// The schedule of every network.
    pub solver: Solver,
    /// How the report judges; no network depends on it.
    #[serde(default, skip_serializing_if = "Judging::is_usual")]
    pub report: Judging,
}

/// Differences smaller than this many points are taken for none where nothing else is asked for; training a network
/// again moved those of the published runs by about 0.3.
pub const USUAL_MARGIN: f64 = 0.5;

/// How the report judges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Judging {
    /// Differences smaller than this many points of accuracy are taken for none.
    pub margin: f64,
}

impl Default for Judging {
    fn default() -> Self {
        Self { margin: USUAL_MARGIN }
    }
}

impl Judging {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// The data of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// `fashion-mnist` (compiled in), `idx`, `cifar10`, `cifar100`, `cifar100-coarse` (its 20 superclasses), `folder`
    /// (image files), `packed` (a store) or `noise` (made up).
    pub source: String,
    /// The folder of the files, or the packed file; empty for the embedded set and noise. Best given with
    /// `--set data.path=DIR`.
    pub path: String,
    /// A second data set, which is B where `protocol.split` is `two-data-sets`; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub other_source: String,
    /// The files of the second data set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub other_path: String,
    /// How images of another shape become the net's input: `exact` (not at all), `resize` or `pad`. Gray becomes three
    /// equal channels, colours become gray.
    #[serde(default, skip_serializing_if = "is_exact")]
    pub fit: Fit,
    /// Training images of each class: the first ones of the set, or all where it is 0.
    pub train_per_class: usize,
    /// Images of each class behind these, held out to choose schedules on.
    pub held_out_per_class: usize,
    /// Test images of each class: the first ones of the set, or all where it is 0.
    pub test_per_class: usize,
    /// What networks are evaluated on: `test`, or `held-out` while a schedule is being chosen.
    pub evaluate_on: String,
    /// What a pixel's difference to the mean is multiplied with.
    pub scale: f64,
    /// `none`, `crop` or `crop-and-mirror`.
    pub augmentation: Augmentation,
    /// Windows of each image where there is augmentation, drawn once and seen in turn from epoch to epoch: a frozen
    /// prefix is then computed once for each. 0 draws a new window every time.
    #[serde(default, skip_serializing_if = "is_no_view")]
    pub views: u32,
}

fn is_exact(fit: &Fit) -> bool {
    *fit == Fit::Exact
}

const fn is_no_view(views: &u32) -> bool {
    *views == 0
}

impl Data {
    /// How images become a net's input.
    pub const fn reading(&self) -> Reading {
        Reading { scale: self.scale, augmentation: self.augmentation, views: self.views }
    }
}

/// The net of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetChoice {
    /// A name of the zoo.
    pub name: String,
    /// Outputs of the last layer; 0 means as many as the half has classes. The authors ran 1000 on every half.
    pub outputs: usize,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// What A and B are: `random`, `man-made-natural`, `man-made-natural-balanced`, `listed` or `two-data-sets`.
    pub split: Halving,
    /// The file of a listed split: a class name, a comma, and A or B a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub split_file: String,
    /// Classes of each half, drawn by the split's seed; 0 takes all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub classes_per_half: usize,
    /// The seeds of the random splits; where nothing is drawn by a seed there is one split.
    pub splits: Vec<u32>,
    /// Networks of each kind on each split.
    pub replicates: u32,
    /// The values of n.
    pub layers: Vec<usize>,
    /// The arms beside the base.
    pub arms: Vec<Arm>,
    /// Reduced target sets: training images of each class; every network is trained on each of these, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub train_sizes: Vec<usize>,
    /// Which images are left in reduced sets: `first` (of each class, as the authors did) or `random` (drawn anew for
    /// each split and replicate).
    #[serde(default, skip_serializing_if = "is_first")]
    pub train_sizes_of: Kept,
    /// Test images of each half on which `reproduce` compares layers when all networks are trained (linear CKA);
    /// 0 means that only `strata similarity` does.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub similarity_images: usize,
    /// Evaluations in one training run, the last one included; fewer where its steps cannot be divided so.
    pub evaluations: u64,
    /// Steps between two checkpoints.
    pub checkpoint_every: u64,
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

fn is_first(kept: &Kept) -> bool {
    *kept == Kept::First
}

impl Experiment {
    /// The names of the built-in experiments.
    pub fn built_in() -> Vec<&'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).collect()
    }

    /// Finds an experiment by its built-in name or its file, with `key=value` overrides applied.
    ///
    /// # Errors
    /// No such experiment; a file that cannot be read; an unknown key, with the nearest valid one; a bad value.
    pub fn find(name: &str, overrides: &[String]) -> Result<Self, ProtocolError> {
        let text = match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => (*text).to_string(),
            None if Path::new(name).is_file() => bounded::read_text(Path::new(name), bounded::TEXT)
                .map_err(|source| ProtocolError::Io { path: name.into(), source })?,
            None => {
                let known = Self::built_in().join(", ");
                return Err(ProtocolError::UnknownExperiment { name: name.into(), known });
            }
        };
        Self::parse(name, &text, overrides)
    }

    /// Parses an experiment; `origin` names it in messages.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn parse(origin: &str, text: &str, overrides: &[String]) -> Result<Self, ProtocolError> {
        let broken = |reason: String| ProtocolError::Experiment { origin: origin.into(), reason };
        let mut table: toml::Table = text.parse().map_err(|e: toml::de::Error| broken(e.to_string()))?;
        for assignment in overrides {
            keys::set(&mut table, assignment)?;
        }
        keys::check(origin, &table, "")?;
        let experiment: Self = table.try_into().map_err(|e: toml::de::Error| broken(e.to_string()))?;
        experiment.check()?;
        Ok(experiment)
    }

    /// The same plan cut down to seconds natively and to minutes on a software adapter: one split, few images,
    /// ten steps, under a name of its own. Its numbers mean nothing; every part of the program runs.
    pub fn quick(mut self) -> Self {
        self.name.push_str("-quick");
        self.data.train_per_class = 20;
        self.data.held_out_per_class = self.data.held_out_per_class.min(10);
        self.data.test_per_class = 10;
        self.protocol.splits.truncate(1);
        self.protocol.train_sizes.retain(|&size| size < 20);
        self.protocol.similarity_images = self.protocol.similarity_images.min(50);
        self.protocol.replicates = 1;
        self.protocol.evaluations = 1;
        let steps = self.solver.max_iter;
        self.solver.batch_size = self.solver.batch_size.min(16);
        if !self.solver.batch_size.is_multiple_of(self.solver.batch_parts) {
            self.solver.batch_parts = 1;
        }
        self.solver.max_iter = steps.min(10);
        self.solver.stepsize = (self.solver.stepsize * self.solver.max_iter).div_ceil(steps).max(1);
        self
    }

    /// The resolved configuration as text.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// The names of the net's layers with weights, which n counts.
    ///
    /// # Errors
    /// A net that the zoo does not have.
    pub fn layer_names(&self) -> Result<Vec<String>, ProtocolError> {
        Ok(zoo::net(&self.net.name, 2)?.weighted().map(|layer| layer.name.clone()).collect())
    }

    /// Whether an arm has a network at n: the layers that it preserves must be there. The last layer, whose outputs
    /// are the classes of one half, can be preserved for the other half only where outputs are fixed.
    pub fn copies(&self, arm: Arm, n: usize) -> bool {
        let most = zoo::net(&self.net.name, 2).map_or(0, |net| net.most_n());
        let own = arm.source(Half::A) == Some(Half::A);
        n + arm.preserved() <= most + usize::from(own || self.net.outputs > 0)
    }
}

const fn is_zero(value: &usize) -> bool {
    *value == 0
}
