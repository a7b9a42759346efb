//! The images of an experiment: its data sets, halved, with training, held-out and test parts.

use super::{
    Experiment, Half, Halving, Node, ProtocolError, SourceTask, balance, degenerate, distance,
    experiment::Protocol,
    half_key::HalfKey,
    part::{HalfData, Part},
    pretrained,
    reduced::Reduced,
    shapes, split_classes,
};
use crate::data::{Dataset, Source};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

/// All halves of an experiment.
#[derive(Debug)]
pub struct Halves {
    /// The halves.
    pub halves: BTreeMap<HalfKey, Arc<HalfData>>,
    /// The data set in words.
    pub name: String,
    /// What was taken for what where its files had to be found, and which classes have no image for evaluation: for
    /// people.
    pub taken: Vec<String>,
    pub(super) reduced: Reduced,
}

/// Loads an experiment's data set, of two the one that is A, or B where A is one source after the other.
///
/// # Errors
/// A missing path, files that are missing or damaged, images that do not fit.
fn load(experiment: &Experiment) -> Result<Dataset, ProtocolError> {
    let data = &experiment.data;
    read(experiment, "data.path", data.source, &data.path)
}

/// Loads the second data set, where there are two.
fn load_other(experiment: &Experiment, first: &Dataset) -> Result<Option<Dataset>, ProtocolError> {
    let data = &experiment.data;
    let Some(source) = data.other_source else { return Ok(None) };
    let other = read(experiment, "data.other_path", source, &data.other_path)?;
    if other.train.shape() != first.train.shape() {
        let shapes = (first.train.shape(), other.train.shape());
        return Err(ProtocolError::Value {
            experiment: experiment.name.clone(),
            key: "data.fit",
            expected: format!(
                "\"resize\" or \"pad\": images of {:?} and {:?} (H, W, C) need one shape",
                shapes.0, shapes.1
            ),
            got: "\"exact\"".into(),
        });
    }
    Ok(Some(other))
}

/// A data set with images of the shape that the experiment's net takes; an empty path is none.
fn read(experiment: &Experiment, key: &'static str, source: Source, path: &str) -> Result<Dataset, ProtocolError> {
    let path = Some(Path::new(path)).filter(|path| !path.as_os_str().is_empty());
    if source.needs_path() && path.is_none() {
        let expected = format!("the path of the files that {source} reads; give it with --set {key}=PATH");
        return Err(ProtocolError::Value { experiment: experiment.name.clone(), key, expected, got: "empty".into() });
    }
    shapes::load(source, path, &experiment.net.def()?, experiment.data.fit)
}

impl Halves {
    /// Splits the classes, cuts the training images, and computes each half's own mean:
    /// nothing is computed over the other half or over test images. Images of a packed store are checked against the
    /// digests that were packed with them.
    ///
    /// # Errors
    /// Too few images of a class, a split that the data set does not have, images that have changed, and what
    /// [`degenerate`] refuses.
    pub fn of(experiment: &Experiment) -> Result<Self, ProtocolError> {
        let Protocol { splits, sources, .. } = &experiment.protocol;
        let (splits, tasks) = (splits.iter().copied().collect(), sources.iter().copied().collect());
        Self::of_splits(experiment, splits, &tasks, &BTreeSet::new())
    }

    /// The halves of the splits that some networks belong to, and of no other: means over a large set take time.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_nodes<'a>(
        experiment: &Experiment,
        nodes: impl IntoIterator<Item = &'a Node>,
    ) -> Result<Self, ProtocolError> {
        Self::beside(experiment, nodes, &BTreeSet::new())
    }

    /// The same where a study is resumed that has networks on other splits already: they must be other partitions.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn beside<'a>(
        experiment: &Experiment,
        nodes: impl IntoIterator<Item = &'a Node>,
        earlier: &BTreeSet<u32>,
    ) -> Result<Self, ProtocolError> {
        let (mut splits, mut tasks) = (BTreeSet::new(), BTreeSet::new());
        for node in nodes {
            splits.insert(node.split);
            tasks.extend(node.source_task);
        }
        Self::of_splits(experiment, splits, &tasks, earlier)
    }

    fn of_splits(
        experiment: &Experiment,
        splits: BTreeSet<u32>,
        tasks: &BTreeSet<SourceTask>,
        earlier: &BTreeSet<u32>,
    ) -> Result<Self, ProtocolError> {
        // All halves share the images of the sets that they are parts of.
        let dataset = load(experiment)?.into_shared();
        let other = load_other(experiment, &dataset)?.map(Dataset::into_shared);
        let all: BTreeSet<u32> = experiment.protocol.splits.iter().chain(earlier).copied().collect();
        degenerate::same_partitions(experiment, &dataset, other.as_ref(), all)?;
        let mut taken = [&dataset.taken[..], other.as_ref().map_or(&[][..], |other| &other.taken)].concat();
        taken.extend(pretrained::told(experiment));
        let mut halves = BTreeMap::new();
        for split in splits {
            let images = of_split(experiment, &dataset, other.as_ref(), split, tasks)?;
            for (key, images) in &images {
                degenerate::task(&degenerate::half_name(&images.name, key), images)?;
            }
            for part in parts(experiment, split, &images)? {
                let what = degenerate::half_name(&part.name, &part.key);
                degenerate::evaluated(&what, &part.evaluate)?;
                degenerate::outputs(experiment, part.class_names.len())?;
                taken.extend(degenerate::not_evaluated(&what, &part.evaluate, &part.class_names));
                halves.insert(part.key, Arc::new(part.ready(experiment)?));
            }
        }
        let name = other.map_or(dataset.name.clone(), |other| format!("{} and {}", dataset.name, other.name));
        Ok(Self { halves, name, taken, reduced: Reduced::default() })
    }
}

/// The halves of one split.
fn of_split(
    experiment: &Experiment,
    data: &Dataset,
    other: Option<&Dataset>,
    split: u32,
    tasks: &BTreeSet<SourceTask>,
) -> Result<Vec<(HalfKey, Dataset)>, ProtocolError> {
    if experiment.protocol.split == Halving::Distance {
        return distance::halves(experiment, data, other, split, tasks);
    }
    let key = |half| HalfKey { split, half, source_task: None };
    Ok([Half::A, Half::B].map(key).into_iter().zip(split_classes::halves(experiment, data, other, split)?).collect())
}

/// The images of the halves of one split by what they are for, as many to train on of each.
fn parts(experiment: &Experiment, split: u32, halves: &[(HalfKey, Dataset)]) -> Result<Vec<Part>, ProtocolError> {
    let mut parts = Vec::new();
    for (key, images) in halves {
        parts.push(Part::of(experiment, *key, images)?);
    }
    balance::balance(experiment, split, &mut parts)?;
    Ok(parts)
}

/// How many images every network of an experiment trains on: what an epoch is where all have the same number.
///
/// # Errors
/// Data that cannot be read; halves with different numbers of training images.
pub fn images_of_an_epoch(experiment: &Experiment) -> Result<usize, ProtocolError> {
    let dataset = load(experiment)?.into_shared();
    let other = load_other(experiment, &dataset)?.map(Dataset::into_shared);
    let tasks = experiment.protocol.sources.iter().copied().collect();
    let mut first: Option<(HalfKey, usize)> = None;
    for &seed in &experiment.protocol.splits {
        let halves = of_split(experiment, &dataset, other.as_ref(), seed, &tasks)?;
        for part in parts(experiment, seed, &halves)? {
            let count = part.train.len();
            let (of, expected) = *first.get_or_insert((part.key, count));
            if count != expected {
                let count_of = |key: HalfKey, count| format!("{key} of split {} has {count}", key.split);
                return Err(ProtocolError::Value {
                    experiment: experiment.name.clone(),
                    key: "solver",
                    expected: "lengths in steps, or as many training images in every half (data.train_per_class)"
                        .into(),
                    got: format!(
                        "in epochs, which are not the same for all: {}, {}",
                        count_of(of, expected),
                        count_of(part.key, count)
                    ),
                });
            }
        }
    }
    Ok(first.map_or(0, |(_, count)| count))
}
