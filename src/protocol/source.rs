//! The images of an experiment: its data sets, halved, with training, held-out and test parts.

use super::{
    Experiment, Half, Halving, Node, ProtocolError, SourceTask, balance, degenerate, distance,
    experiment::Protocol,
    half_key::HalfKey,
    image_files,
    part::{HalfData, Part},
    reduced::Reduced,
    shapes, split_classes,
};
use crate::data::{Dataset, cifar, fashion, fit::fit, idx, noise};
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
/// An unknown source, a missing path, files that are missing or damaged, images that do not fit.
pub fn load(experiment: &Experiment) -> Result<Dataset, ProtocolError> {
    let data = &experiment.data;
    read(experiment, ["data.source", "data.path"], &data.source, &data.path)
}

/// Loads an experiment's data set whatever net there is: images keep their shape, but for a folder's, which have many.
///
/// # Errors
/// As [`load`], but for those of shapes.
pub fn load_as_it_is(experiment: &Experiment) -> Result<Dataset, ProtocolError> {
    let data = &experiment.data;
    files(experiment, ["data.source", "data.path"], &data.source, &data.path)
}

/// Loads the second data set, where there are two.
fn load_other(experiment: &Experiment, first: &Dataset) -> Result<Option<Dataset>, ProtocolError> {
    let data = &experiment.data;
    if data.other_source.is_empty() {
        return Ok(None);
    }
    let other = read(experiment, ["data.other_source", "data.other_path"], &data.other_source, &data.other_path)?;
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

/// The sources of data, as an experiment names them.
const SOURCES: [&str; 8] =
    ["fashion-mnist", "idx", "cifar10", "cifar100", "cifar100-coarse", "folder", "packed", "noise"];

/// A data set with images of the shape that the experiment's net takes.
fn read(experiment: &Experiment, keys: [&'static str; 2], source: &str, path: &str) -> Result<Dataset, ProtocolError> {
    let data = fit(files(experiment, keys, source, path)?, image_files::shape(experiment)?, experiment.data.fit)?;
    shapes::check(experiment, &data)?;
    Ok(data)
}

/// A data set as its files hold it.
fn files(
    experiment: &Experiment,
    keys: [&'static str; 2],
    source: &str,
    path_given: &str,
) -> Result<Dataset, ProtocolError> {
    let path = Path::new(path_given);
    let value = |key, expected: String, got: String| ProtocolError::Value {
        experiment: experiment.name.clone(),
        key,
        expected,
        got,
    };
    if !SOURCES.contains(&source) {
        let known = SOURCES.map(|name| format!("{name:?}")).join(", ");
        return Err(value(keys[0], format!("one of {known}"), format!("{source:?}")));
    }
    if !["fashion-mnist", "noise"].contains(&source) && path_given.is_empty() {
        let expected = format!("the folder of the data set's files; give it with --set {}=DIR", keys[1]);
        return Err(value(keys[1], expected, "empty".into()));
    }
    Ok(match source {
        "idx" => idx::load_idx_folder(path)?,
        "cifar10" => cifar::load_cifar(path, &cifar::CIFAR10)?,
        "cifar100" => cifar::load_cifar(path, &cifar::CIFAR100_FINE)?,
        "cifar100-coarse" => cifar::load_cifar(path, &cifar::CIFAR100_COARSE)?,
        "folder" => image_files::folder(path, experiment)?,
        "packed" => image_files::packed(path)?,
        "noise" => noise::noise(image_files::shape(experiment)?, noise::CLASSES)?,
        _ if path_given.is_empty() => fashion::embedded()?,
        _ => fashion::load_fashion_folder(path)?,
    })
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
                let told = |key: HalfKey, count| format!("{key} of split {} has {count}", key.split);
                return Err(ProtocolError::Value {
                    experiment: experiment.name.clone(),
                    key: "solver",
                    expected: "lengths in steps, or as many training images in every half (data.train_per_class)"
                        .into(),
                    got: format!(
                        "in epochs, which are not the same for all: {}, {}",
                        told(of, expected),
                        told(part.key, count)
                    ),
                });
            }
        }
    }
    Ok(first.map_or(0, |(_, count)| count))
}
