//! How many images the halves of an experiment have: what a plan needs, for which no image is decoded.

use super::{
    Experiment, Halving, Node, ProtocolError, SourceTask, degenerate, distance,
    experiment::Protocol,
    half_key::HalfKey,
    pretrained, reduced,
    sizes::{Size, Sizing},
    source::Sets,
    split_classes,
    task::Task,
};
use crate::nn::Input;
use std::collections::{BTreeMap, BTreeSet};

/// The halves of an experiment's splits by their sizes.
#[derive(Debug)]
pub struct HalfSizes {
    /// The data set in words.
    pub name: String,
    /// What was taken for what where its files had to be found, and which classes have no image for evaluation: for
    /// people.
    pub taken: Vec<String>,
    /// What the halves are parts of.
    pub(super) sets: Sets,
    sizes: BTreeMap<HalfKey, Size>,
}

impl HalfSizes {
    /// Splits the classes and counts the images of every half.
    ///
    /// # Errors
    /// Data that cannot be listed ([`Sets::list`]), too few images of a class, a split that the data set does not have,
    /// and what [`degenerate`] refuses.
    pub fn of(experiment: &Experiment) -> Result<Self, ProtocolError> {
        Self::counted(experiment, Sets::list(experiment)?, &Wanted::all(experiment), &BTreeSet::new())
    }

    /// The halves of the splits that some networks belong to, and of no other.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_nodes<'a>(
        experiment: &Experiment,
        nodes: impl IntoIterator<Item = &'a Node>,
    ) -> Result<Self, ProtocolError> {
        Self::counted(experiment, Sets::list(experiment)?, &Wanted::by(nodes), &BTreeSet::new())
    }

    /// Counts the images of the halves of some data sets. Of a study that is resumed, the splits of the networks that
    /// are there already are `earlier`: they must be other partitions.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub(super) fn counted(
        experiment: &Experiment,
        sets: Sets,
        wanted: &Wanted,
        earlier: &BTreeSet<u32>,
    ) -> Result<Self, ProtocolError> {
        let all: BTreeSet<u32> = experiment.protocol.splits.iter().chain(earlier).copied().collect();
        degenerate::same_partitions(experiment, &sets.data, sets.other.as_ref(), all)?;
        let (mut taken, mut sizes) = (sets.taken(), BTreeMap::new());
        taken.extend(pretrained::told(experiment));
        let mut sizing = Sizing::new(experiment, &sets);
        for &split in &wanted.splits {
            let (found, notes) = sizing.of_split(split, &tasks(experiment, &sets, split, &wanted.sources)?)?;
            taken.extend(notes);
            sizes.extend(found);
        }
        Ok(Self { name: sets.name(), taken, sets, sizes })
    }

    /// The halves.
    pub fn keys(&self) -> impl Iterator<Item = HalfKey> {
        self.sizes.keys().copied()
    }

    /// How many images a half has.
    ///
    /// # Errors
    /// A split that is not one of these.
    pub fn size(&self, experiment: &Experiment, key: HalfKey) -> Result<&Size, ProtocolError> {
        self.sizes.get(&key).ok_or_else(|| ProtocolError::Value {
            experiment: experiment.name.clone(),
            key: "protocol.splits",
            expected: "the split of the network".into(),
            got: key.split.to_string(),
        })
    }

    /// How many images a network is trained and evaluated on.
    ///
    /// # Errors
    /// A split that is not one of these; a reduced set of more images than any class has.
    pub fn size_of(&self, experiment: &Experiment, node: &Node) -> Result<Size, ProtocolError> {
        let key = node.key_of(node.target);
        let whole = self.size(experiment, key)?;
        let Some(per_class) = node.train_size else { return Ok(whole.clone()) };
        match reduced::left(&whole.train_of_class, per_class) {
            Ok(left) => Ok(Size { train_of_class: left.into(), ..*whole }),
            Err(error) => Err(error.of_classes(&self.class_names(experiment, key)?).into()),
        }
    }

    /// What a net reads that sees such images, which have one shape in all halves.
    pub const fn input(&self, experiment: &Experiment) -> Input {
        experiment.data.input(&self.sets.data.train)
    }

    /// The names of a half's classes, in the order of the labels.
    pub(super) fn class_names(&self, experiment: &Experiment, key: HalfKey) -> Result<Vec<String>, ProtocolError> {
        Ok(self.task(experiment, key)?.class_names(&self.sets))
    }

    pub(super) fn task(&self, experiment: &Experiment, key: HalfKey) -> Result<Task, ProtocolError> {
        let sources = key.source_task.into_iter().collect();
        let tasks = tasks(experiment, &self.sets, key.split, &sources)?;
        let found = tasks.into_iter().find(|task| task.key == key);
        found.ok_or_else(|| ProtocolError::Value {
            experiment: experiment.name.clone(),
            key: "protocol.sources",
            expected: "the source of the network".into(),
            got: key.to_string(),
        })
    }
}

/// Which halves are asked for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    splits: BTreeSet<u32>,
    sources: BTreeSet<SourceTask>,
}

impl Wanted {
    /// All halves of an experiment.
    pub fn all(experiment: &Experiment) -> Self {
        let Protocol { splits, sources, .. } = &experiment.protocol;
        Self { splits: splits.iter().copied().collect(), sources: sources.iter().copied().collect() }
    }

    /// Those that some networks belong to.
    pub fn by<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Self {
        let mut wanted = Self::default();
        for node in nodes {
            wanted.splits.insert(node.split);
            wanted.sources.extend(node.source_task);
        }
        wanted
    }
}

/// The tasks of one split.
fn tasks(
    experiment: &Experiment,
    sets: &Sets,
    split: u32,
    sources: &BTreeSet<SourceTask>,
) -> Result<Vec<Task>, ProtocolError> {
    let (data, other) = (&sets.data, sets.other.as_ref());
    if experiment.protocol.split == Halving::Distance {
        return distance::tasks(experiment, data, other, split, sources);
    }
    Ok(split_classes::tasks(experiment, data, other, split)?.into())
}

/// How many images every network of an experiment trains on: what an epoch is where all have the same number.
///
/// # Errors
/// As [`HalfSizes::of`]; halves with different numbers of training images.
pub fn images_of_an_epoch(experiment: &Experiment) -> Result<usize, ProtocolError> {
    let halves = HalfSizes::of(experiment)?;
    let Some((first, size)) = halves.sizes.first_key_value() else { return Ok(0) };
    let expected = size.train();
    for (key, count) in halves.sizes.iter().map(|(key, size)| (key, size.train())) {
        if count != expected {
            let told = |key: &HalfKey, count| format!("{key} of split {} has {count}", key.split);
            return Err(ProtocolError::Value {
                experiment: experiment.name.clone(),
                key: "solver",
                expected: "lengths in steps, or as many training images in every half (data.train_per_class)".into(),
                got: format!(
                    "in epochs, which are not the same for all: {}, {}",
                    told(first, expected),
                    told(key, count)
                ),
            });
        }
    }
    Ok(expected)
}
