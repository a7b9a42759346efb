//! Experiments: what is compared, on which data, with which schedule. One TOML file is one experiment.

use super::{Arm, Half, ProtocolError, halving::Halving};
use crate::{
    data::fit::Fit,
    host::bounded,
    nn::zoo,
    train::{Reading, Solver, batches::Augmentation},
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The most networks of one experiment; the published study has 170.
const MAX_NETWORKS: usize = 100_000;
/// The most evaluations of a network: its checkpoints and its log hold every one of them.
const MAX_EVALUATIONS: u64 = 10_000;

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
            set(&mut table, assignment)?;
        }
        check_keys(origin, &table, "")?;
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

    fn check(&self) -> Result<(), ProtocolError> {
        let bad = |key, expected: &str, got: String| {
            let (experiment, expected) = (self.name.clone(), expected.to_string());
            Err(ProtocolError::Value { experiment, key, expected, got })
        };
        let name_ok = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.starts_with('.') || !self.name.chars().all(name_ok) {
            return bad("name", "letters, digits, '-', '_' and '.'", format!("{:?}", self.name));
        }
        // Multiplied without overflow and before lists are looked through, so that no file can ask for a plan that
        // fills the memory or takes hours to check.
        let protocol = &self.protocol;
        let kinds =
            (protocol.layers.len() * protocol.arms.len() + 1).saturating_mul(2 * (self.protocol.train_sizes.len() + 1));
        let networks = kinds.saturating_mul(protocol.splits.len().max(1)).saturating_mul(protocol.replicates as usize);
        if networks > MAX_NETWORKS {
            let expected = format!("splits, replicates, layers and arms for at most {MAX_NETWORKS} networks");
            return bad("protocol", &expected, format!("for up to {networks}"));
        }
        self.solver.check()?;
        let net = zoo::net(&self.net.name, 2)?;
        if let Some(n) = self.protocol.layers.iter().find(|&&n| n == 0 || n > net.most_n()) {
            return bad("protocol.layers", &format!("numbers from 1 to {}", net.most_n()), n.to_string());
        }
        let (sizes, all) = (&self.protocol.train_sizes, self.data.train_per_class);
        for (i, &size) in sizes.iter().enumerate() {
            if size == 0 || (all > 0 && size >= all) || sizes[..i].contains(&size) {
                let expected = "numbers that differ, from 1 to below data.train_per_class";
                return bad("protocol.train_sizes", expected, size.to_string());
            }
        }
        // A network that stands in a plan twice would wait for itself, and count twice.
        let (layers, arms) = (&self.protocol.layers, &self.protocol.arms);
        if let Some(n) = repeated(layers) {
            return bad("protocol.layers", "numbers that differ", format!("{n} twice"));
        }
        if let Some(arm) = repeated(arms) {
            return bad("protocol.arms", "arms that differ", format!("{:?} twice", arm.name()));
        }
        if self.protocol.splits.is_empty() {
            return bad("protocol.splits", "at least one seed", "empty".into());
        }
        if let Some(seed) = repeated(&self.protocol.splits) {
            return bad("protocol.splits", "seeds that differ", format!("{seed} twice"));
        }
        let Protocol { split, classes_per_half, splits, .. } = &self.protocol;
        if splits.len() > 1 && !split.is_drawn(*classes_per_half) {
            let expected =
                "one seed, since it draws no classes here; for more runs of the one split, raise protocol.replicates";
            return bad("protocol.splits", expected, format!("{splits:?}"));
        }
        if *classes_per_half == 1 {
            return bad("protocol.classes_per_half", "0 for all, or at least 2", "1".into());
        }
        if (*split == Halving::Listed) == self.protocol.split_file.is_empty() {
            let expected = "a file where protocol.split is \"listed\", and none elsewhere";
            return bad("protocol.split_file", expected, format!("{:?}", self.protocol.split_file));
        }
        if (*split == Halving::TwoDataSets) == self.data.other_source.is_empty() {
            let expected = "a data set where protocol.split is \"two-data-sets\", and none elsewhere";
            return bad("data.other_source", expected, format!("{:?}", self.data.other_source));
        }
        if self.data.other_source.is_empty() && !self.data.other_path.is_empty() {
            let expected = "empty, unless data.other_source names a data set";
            return bad("data.other_path", expected, format!("{:?}", self.data.other_path));
        }
        if !["test", "held-out"].contains(&self.data.evaluate_on.as_str()) {
            return bad("data.evaluate_on", "\"test\" or \"held-out\"", format!("{:?}", self.data.evaluate_on));
        }
        if self.data.evaluate_on == "held-out" && self.data.held_out_per_class == 0 {
            return bad("data.held_out_per_class", "at least 1 to evaluate on held-out images", "0".into());
        }
        if self.protocol.replicates == 0 {
            return bad("protocol.replicates", "at least 1", "0".into());
        }
        if self.net.outputs > usize::from(u16::MAX) {
            return bad("net.outputs", "at most 65535, as many as labels can name", self.net.outputs.to_string());
        }
        let most = self.solver.max_iter.min(MAX_EVALUATIONS);
        if self.protocol.evaluations == 0 || self.protocol.evaluations > most {
            let got = self.protocol.evaluations.to_string();
            return bad("protocol.evaluations", &format!("1 to solver.max_iter, and at most {MAX_EVALUATIONS}"), got);
        }
        if self.protocol.checkpoint_every == 0 {
            return bad("protocol.checkpoint_every", "at least 1", "0".into());
        }
        if self.data.views > 0 && self.data.augmentation == Augmentation::None {
            return bad("data.views", "0 without augmentation", self.data.views.to_string());
        }
        if !self.data.scale.is_finite() || self.data.scale <= 0.0 {
            return bad("data.scale", "a number above 0", self.data.scale.to_string());
        }
        Ok(())
    }
}

/// The first value that stands in a list for the second time.
fn repeated<T: PartialEq>(values: &[T]) -> Option<&T> {
    values.iter().enumerate().find(|(i, value)| values[..*i].contains(value)).map(|(_, value)| value)
}

const fn is_zero(value: &usize) -> bool {
    *value == 0
}

/// All keys of an experiment file, with dots between a table and its keys.
const KEYS: [&str; 44] = [
    "name",
    "description",
    "seed",
    "data",
    "data.source",
    "data.path",
    "data.other_source",
    "data.other_path",
    "data.fit",
    "data.train_per_class",
    "data.held_out_per_class",
    "data.test_per_class",
    "data.evaluate_on",
    "data.scale",
    "data.augmentation",
    "data.views",
    "net",
    "net.name",
    "net.outputs",
    "protocol",
    "protocol.split",
    "protocol.split_file",
    "protocol.classes_per_half",
    "protocol.splits",
    "protocol.replicates",
    "protocol.layers",
    "protocol.arms",
    "protocol.train_sizes",
    "protocol.train_sizes_of",
    "protocol.similarity_images",
    "protocol.evaluations",
    "protocol.checkpoint_every",
    "solver",
    "solver.base_lr",
    "solver.gamma",
    "solver.stepsize",
    "solver.max_iter",
    "solver.batch_size",
    "solver.batch_parts",
    "solver.momentum",
    "solver.weight_decay",
    "solver.convention",
    "solver.precision",
    "solver.loss_scale",
];

fn check_keys(origin: &str, table: &toml::Table, prefix: &str) -> Result<(), ProtocolError> {
    for (key, value) in table {
        let full = format!("{prefix}{key}");
        if !KEYS.contains(&full.as_str()) {
            let distance = |known: &&&str| (strsim::jaro_winkler(known, &full) * -1e6) as i64;
            let nearest = KEYS.iter().min_by_key(distance).map_or("", |key| key).to_string();
            return Err(ProtocolError::UnknownKey { origin: origin.into(), key: full, nearest });
        }
        if let toml::Value::Table(inner) = value {
            check_keys(origin, inner, &format!("{full}."))?;
        }
    }
    Ok(())
}

/// Applies one `key=value`; the value is read as TOML, and as a plain string where it is none.
fn set(table: &mut toml::Table, assignment: &str) -> Result<(), ProtocolError> {
    let origin = || "--set".to_string();
    let Some((key, value)) = assignment.split_once('=') else {
        let reason = format!("{assignment:?} is not of the form key=value");
        return Err(ProtocolError::Experiment { origin: origin(), reason });
    };
    let parsed: Option<toml::Value> =
        format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
    let value = parsed.unwrap_or_else(|| toml::Value::String(value.into()));
    let mut at = table;
    let mut parts = key.trim().split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            at.insert(part.into(), value);
            break;
        }
        let next = at.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        let toml::Value::Table(inner) = next else {
            let reason = format!("{part:?} in {key:?} is a value, not a table");
            return Err(ProtocolError::Experiment { origin: origin(), reason });
        };
        at = inner;
    }
    check_keys(&origin(), table_of(key, assignment)?.as_ref(), "")
}

/// The key alone as a table, so that an unknown key is blamed on `--set` and not on the file.
fn table_of(key: &str, assignment: &str) -> Result<Box<toml::Table>, ProtocolError> {
    let text = format!("{} = 0", key.trim());
    let reason = || format!("{assignment:?} does not begin with a key");
    let table = text.parse().map_err(|_| ProtocolError::Experiment { origin: "--set".into(), reason: reason() })?;
    Ok(Box::new(table))
}
