//! The halves of an experiment: its data sets halved, with training, held-out and test parts.
//!
//! How large they are is known at once; the images of a half are put together when a network asks for them, and only
//! the last few halves are kept, so that memory does not grow with the number of splits.

use super::{
    Experiment, Node, ProtocolError,
    half_key::HalfKey,
    half_sizes::{HalfSizes, Wanted},
    part::{HalfData, Part},
    recent::{KEPT, Recent},
    sizes::Size,
    source::Sets,
};
use crate::data::subset;
use std::{collections::BTreeSet, sync::Arc};

/// All halves of an experiment.
#[derive(Debug)]
pub struct Halves {
    /// Which there are, how large each is, and what they are parts of.
    pub sizes: HalfSizes,
    made: Recent<HalfKey, HalfData>,
    /// Reduced sets by half, images of a class, and the replicate where they are drawn.
    pub(super) reduced: Recent<(HalfKey, usize, Option<u32>), HalfData>,
}

impl Halves {
    /// Loads the data, splits the classes and counts the images of every half.
    ///
    /// # Errors
    /// Data that cannot be loaded ([`Sets::load`]), and those of [`HalfSizes::of`].
    pub fn of(experiment: &Experiment) -> Result<Self, ProtocolError> {
        Self::loaded(experiment, &Wanted::all(experiment), &BTreeSet::new())
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
        Self::loaded(experiment, &Wanted::by(nodes), earlier)
    }

    fn loaded(experiment: &Experiment, wanted: &Wanted, earlier: &BTreeSet<u32>) -> Result<Self, ProtocolError> {
        let sizes = HalfSizes::counted(experiment, Sets::load(experiment)?, wanted, earlier)?;
        Ok(Self { sizes, made: Recent::default(), reduced: Recent::default() })
    }

    /// The images of a half, with its own mean: nothing is computed over the other half or over test images. Images of
    /// a packed store are checked against the digests that were packed with them.
    ///
    /// # Errors
    /// A split that is not one of these; images that have changed; statistics that cannot be computed.
    pub fn half(&self, experiment: &Experiment, key: HalfKey) -> Result<Arc<HalfData>, ProtocolError> {
        let size = self.sizes.size(experiment, key)?;
        self.made.get(key, || self.part(experiment, key, size)?.ready(experiment))
    }

    /// Looks at images before the first network needs them: of a packed store at all of them, and at the halves that
    /// are kept.
    ///
    /// # Errors
    /// As [`Self::half`].
    pub fn look(&self, experiment: &Experiment) -> Result<(), ProtocolError> {
        for key in self.sizes.keys().take(KEPT) {
            self.half(experiment, key)?;
        }
        if self.sizes.sets.are_stored() {
            for key in self.sizes.keys().skip(KEPT) {
                self.part(experiment, key, self.sizes.size(experiment, key)?)?.verify()?;
            }
        }
        Ok(())
    }

    /// The images of a half by what they are for, as many to train on as its size says: as many as the other half has.
    fn part(&self, experiment: &Experiment, key: HalfKey, size: &Size) -> Result<Part, ProtocolError> {
        let images = self.sizes.task(experiment, key)?.dataset(&self.sizes.sets)?;
        let mut part = Part::of(experiment, key, &images)?;
        if part.train.len() > size.train() {
            part.train = subset::first_evenly(&part.train, size.train())?;
        }
        Ok(part)
    }
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
        // Classes of 3 to 8 images: the halves of every split have numbers of their own.
        for class in 3..9 {
            for (part, count) in [("train", class), ("val", 1)] {
                let to = folder.path().join("unequal").join(part).join(format!("class{class}"));
                std::fs::create_dir_all(&to).unwrap();
                for image in 0..count {
                    let pixels: Vec<u8> = (0..28 * 28).map(|i| (i + 31 * image + 7 * class) as u8).collect();
                    let file = [b"P5 28 28 255\n".as_slice(), &pixels].concat();
                    std::fs::write(to.join(format!("{part}{image}.pgm")), file).unwrap();
                }
            }
        }
        let unequal = format!("data.path={}", folder.path().join("unequal").display());
        let unequal = [
            "data.source=folder",
            &unequal,
            all,
            "data.held_out_per_class=1",
            "data.test_per_class=0",
            &allowed,
            "data.fit=pad",
            "protocol.splits=[0, 1, 2]",
        ];
        for (overrides, count) in [
            (&["data.held_out_per_class=7", "data.test_per_class=30"][..], 12),
            (&[all, "data.held_out_per_class=5", "data.evaluate_on=held-out"], 12),
            (&["protocol.split=listed", &listed, one, &balanced], 2),
            (&["protocol.split=listed", &listed, one, &allowed], 2),
            (&["protocol.split=two-data-sets", "data.other_source=noise", one, all, &balanced], 2),
            (&distance, 30),
            (&unequal, 6),
        ] {
            let experiment = experiment(overrides);
            let halves = Halves::of(&experiment).unwrap();
            assert_eq!(halves.sizes.keys().count(), count, "{overrides:?}");
            for key in halves.sizes.keys() {
                let (size, half) =
                    (halves.sizes.size(&experiment, key).unwrap(), halves.half(&experiment, key).unwrap());
                assert_eq!(half.train.class_counts(half.classes), size.train_of_class[..], "{overrides:?} {key}");
                let held_out = half.held_out.as_ref().map_or(0, |set| set.len());
                assert_eq!((half.evaluate.len(), held_out), (size.evaluate, size.held_out), "{overrides:?} {key}");
                assert_eq!(half.class_names, halves.sizes.class_names(&experiment, key).unwrap());
            }
        }
    }

    #[test]
    fn a_half_that_was_let_go_comes_back_as_it_was_and_one_in_use_is_not_made_again() {
        let experiment = experiment(&["protocol.splits=[0, 1, 2, 3, 4, 5, 6]"]);
        let halves = Halves::of(&experiment).unwrap();
        let all =
            || halves.sizes.keys().map(|key| halves.half(&experiment, key).unwrap().digest.clone()).collect::<Vec<_>>();
        let first = halves.half(&experiment, halves.sizes.keys().next().unwrap()).unwrap();
        let digests = all();
        assert_eq!((digests.len(), all()), (14, digests.clone()));
        assert!(digests.iter().collect::<BTreeSet<_>>().len() == 14);
        assert!(Arc::ptr_eq(&first, &halves.half(&experiment, halves.sizes.keys().next().unwrap()).unwrap()));
    }
}
