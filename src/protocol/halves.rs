//! The halves of an experiment: its data sets halved, with training, held-out and test parts.
//!
//! How large they are is known at once; the images of a half are put together when a network asks for them, and only
//! the last few halves are kept, so that memory does not grow with the number of splits.

use super::{
    Experiment, Halving, Node, ProtocolError, SourceTask, degenerate, distance,
    experiment::Protocol,
    half_key::HalfKey,
    part::{HalfData, Part},
    pretrained,
    recent::{KEPT, Recent},
    sizes::{Size, Sizing},
    source::Sets,
    split_classes,
    task::Task,
};
use crate::{data::subset, nn::Input};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// All halves of an experiment.
#[derive(Debug)]
pub struct Halves {
    /// The data set in words.
    pub name: String,
    /// What was taken for what where its files had to be found, and which classes have no image for evaluation: for
    /// people.
    pub taken: Vec<String>,
    sets: Sets,
    sizes: BTreeMap<HalfKey, Size>,
    made: Recent<HalfKey, HalfData>,
    /// Reduced sets by half, images of a class, and the replicate where they are drawn.
    pub(super) reduced: Recent<(HalfKey, usize, Option<u32>), HalfData>,
}

impl Halves {
    /// Splits the classes and counts the images of every half. No pixel is looked at but by whatever decodes files.
    ///
    /// # Errors
    /// Too few images of a class, a split that the data set does not have, and what [`degenerate`] refuses.
    pub fn of(experiment: &Experiment) -> Result<Self, ProtocolError> {
        let Protocol { splits, sources, .. } = &experiment.protocol;
        let (splits, sources) = (splits.iter().copied().collect(), sources.iter().copied().collect());
        Self::of_splits(experiment, &splits, &sources, &BTreeSet::new())
    }

    /// The halves of the splits that some networks belong to, and of no other.
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
        let (mut splits, mut sources) = (BTreeSet::new(), BTreeSet::new());
        for node in nodes {
            splits.insert(node.split);
            sources.extend(node.source_task);
        }
        Self::of_splits(experiment, &splits, &sources, earlier)
    }

    fn of_splits(
        experiment: &Experiment,
        splits: &BTreeSet<u32>,
        sources: &BTreeSet<SourceTask>,
        earlier: &BTreeSet<u32>,
    ) -> Result<Self, ProtocolError> {
        let sets = Sets::load(experiment)?;
        let all: BTreeSet<u32> = experiment.protocol.splits.iter().chain(earlier).copied().collect();
        degenerate::same_partitions(experiment, &sets.data, sets.other.as_ref(), all)?;
        let (mut taken, mut sizes) = (sets.taken(), BTreeMap::new());
        taken.extend(pretrained::told(experiment));
        let mut sizing = Sizing::new(experiment, &sets);
        for &split in splits {
            let (found, notes) = sizing.of_split(split, &tasks(experiment, &sets, split, sources)?)?;
            taken.extend(notes);
            sizes.extend(found);
        }
        Ok(Self { name: sets.name(), taken, sets, sizes, made: Recent::default(), reduced: Recent::default() })
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

    /// The images of a half, with its own mean: nothing is computed over the other half or over test images. Images of
    /// a packed store are checked against the digests that were packed with them.
    ///
    /// # Errors
    /// A split that is not one of these; images that have changed; statistics that cannot be computed.
    pub fn half(&self, experiment: &Experiment, key: HalfKey) -> Result<Arc<HalfData>, ProtocolError> {
        let size = self.size(experiment, key)?;
        self.made.get(key, || self.part(experiment, key, size)?.ready(experiment))
    }

    /// What a net reads that sees such images, which have one shape in all halves.
    pub const fn input(&self, experiment: &Experiment) -> Input {
        experiment.data.input(&self.sets.data.train)
    }

    /// Looks at images before the first network needs them: of a packed store at all of them, and at the halves that
    /// are kept.
    ///
    /// # Errors
    /// As [`Self::half`].
    pub fn look(&self, experiment: &Experiment) -> Result<(), ProtocolError> {
        for key in self.keys().take(KEPT) {
            self.half(experiment, key)?;
        }
        if self.sets.are_stored() {
            for (&key, size) in self.sizes.iter().skip(KEPT) {
                self.part(experiment, key, size)?.verify()?;
            }
        }
        Ok(())
    }

    /// The names of a half's classes, in the order of the labels.
    pub(super) fn class_names(&self, experiment: &Experiment, key: HalfKey) -> Result<Vec<String>, ProtocolError> {
        Ok(self.task(experiment, key)?.class_names(&self.sets))
    }

    fn task(&self, experiment: &Experiment, key: HalfKey) -> Result<Task, ProtocolError> {
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

    /// The images of a half by what they are for, as many to train on as its size says: as many as the other half has.
    fn part(&self, experiment: &Experiment, key: HalfKey, size: &Size) -> Result<Part, ProtocolError> {
        let images = self.task(experiment, key)?.dataset(&self.sets)?;
        let mut part = Part::of(experiment, key, &images)?;
        if part.train.len() > size.train() {
            part.train = subset::first_evenly(&part.train, size.train())?;
        }
        Ok(part)
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
/// As [`Halves::of`]; halves with different numbers of training images.
pub fn images_of_an_epoch(experiment: &Experiment) -> Result<usize, ProtocolError> {
    let halves = Halves::of(experiment)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::default_experiment::experiment;

    #[test]
    fn sizes_that_are_known_from_labels_are_those_of_the_images() {
        let folder = tempfile::tempdir().unwrap();
        let listed = folder.path().join("halves.csv");
        std::fs::write(&listed, "Sneaker,A\nBag,A\nCoat,B\nDress,B\nShirt,B\n").unwrap();
        let listed = format!("protocol.split_file={}", listed.display());
        let one = "protocol.splits=[0]";
        let sources = "protocol.sources=[\"other-classes\", \"other-data\", \"shuffled\", \"noise\"]";
        let distance = ["protocol.split=distance", sources, "data.other_source=noise", "protocol.classes_per_half=4"];
        let [balanced, allowed] = ["balanced", "allowed"].map(|how| format!("data.unequal_halves={how}"));
        let all = "data.train_per_class=0";
        for (overrides, count) in [
            (&["data.held_out_per_class=7", "data.test_per_class=30"][..], 12),
            (&[all, "data.held_out_per_class=5", "data.evaluate_on=held-out"], 12),
            (&["protocol.split=listed", &listed, one, &balanced], 2),
            (&["protocol.split=listed", &listed, one, &allowed], 2),
            (&["protocol.split=two-data-sets", "data.other_source=noise", one, all, &balanced], 2),
            (&distance, 30),
        ] {
            let experiment = experiment(overrides);
            let halves = Halves::of(&experiment).unwrap();
            assert_eq!(halves.keys().count(), count, "{overrides:?}");
            for key in halves.keys() {
                let (size, half) = (halves.size(&experiment, key).unwrap(), halves.half(&experiment, key).unwrap());
                assert_eq!(half.train.class_counts(half.classes), size.train_of_class[..], "{overrides:?} {key}");
                let held_out = half.held_out.as_ref().map_or(0, |set| set.len());
                assert_eq!((half.evaluate.len(), held_out), (size.evaluate, size.held_out), "{overrides:?} {key}");
                assert_eq!(half.class_names, halves.class_names(&experiment, key).unwrap());
            }
        }
    }

    #[test]
    fn a_half_that_was_let_go_comes_back_as_it_was_and_one_in_use_is_not_made_again() {
        let experiment = experiment(&["protocol.splits=[0, 1, 2, 3, 4, 5, 6]"]);
        let halves = Halves::of(&experiment).unwrap();
        let all = || halves.keys().map(|key| halves.half(&experiment, key).unwrap().digest.clone()).collect::<Vec<_>>();
        let first = halves.half(&experiment, halves.keys().next().unwrap()).unwrap();
        let digests = all();
        assert_eq!((digests.len(), all()), (14, digests.clone()));
        assert!(digests.iter().collect::<BTreeSet<_>>().len() == 14);
        assert!(Arc::ptr_eq(&first, &halves.half(&experiment, halves.keys().next().unwrap()).unwrap()));
    }
}
