//! The images of one half, by what they are for.

use super::{Experiment, ProtocolError, half_key::HalfKey};
use crate::{
    data::{DataError, Dataset, ImageSet, Normalisation, subset},
    host::digest,
};

/// One half of one split, ready to train on.
#[derive(Clone, Debug)]
pub struct HalfData {
    /// Training images.
    pub train: ImageSet,
    /// What networks are evaluated on.
    pub evaluate: ImageSet,
    /// Images that are neither trained on nor tested on, where the experiment holds some out.
    pub held_out: Option<ImageSet>,
    /// What is subtracted from pixels, and what the difference is multiplied with: statistics of the training images.
    pub normalisation: Normalisation,
    /// Classes.
    pub classes: usize,
    /// Their names, in the order of the labels.
    pub class_names: Vec<String>,
    /// The digest of the training images and of those for evaluation, with their labels.
    pub digest: String,
}

/// The images of one half by what they are for, before anything is computed of them.
#[derive(Debug)]
pub(super) struct Part {
    pub key: HalfKey,
    pub name: String,
    pub train: ImageSet,
    pub evaluate: ImageSet,
    pub held_out: Option<ImageSet>,
    pub class_names: Vec<String>,
}

impl Part {
    /// Sorts the images of a half by what an experiment takes them for.
    ///
    /// # Errors
    /// Too few images of a class.
    pub fn of(experiment: &Experiment, key: HalfKey, half: &Dataset) -> Result<Self, ProtocolError> {
        let data = &experiment.data;
        let named = |error: DataError| error.of_classes(&half.class_names);
        let (train, held_out) = match (data.train_per_class, data.held_out_per_class) {
            (0, 0) => (half.train.clone(), None),
            (0, held) => {
                let (train, held) = subset::hold_out_last(&half.train, held).map_err(named)?;
                (train, Some(held))
            }
            (train, held) => {
                let (train, held) = subset::hold_out(&half.train, train, held).map_err(named)?;
                (train, Some(held).filter(|held| !held.is_empty()))
            }
        };
        let evaluate = match (data.evaluate_on.as_str(), &held_out) {
            ("held-out", Some(held)) => held.clone(),
            _ if data.test_per_class > 0 => subset::first_per_class(&half.test, data.test_per_class)?,
            _ => half.test.clone(),
        };
        let (name, class_names) = (half.name.clone(), half.class_names.clone());
        Ok(Self { key, name, train, evaluate, held_out, class_names })
    }

    /// Holds images of a packed store against the digests that were packed with them.
    ///
    /// # Errors
    /// Images that have changed since they were packed.
    pub fn verify(&self) -> Result<(), ProtocolError> {
        self.train.verify()?;
        self.evaluate.verify()?;
        Ok(self.held_out.as_ref().map_or(Ok(()), ImageSet::verify)?)
    }

    /// Computes what networks need of the images: their statistics and their digest.
    ///
    /// # Errors
    /// Images that have changed since they were packed; statistics that cannot be computed.
    pub fn ready(self, experiment: &Experiment) -> Result<HalfData, ProtocolError> {
        // Before anything is computed of them: a result on other images than were packed would be a wrong one.
        self.verify()?;
        let Self { train, evaluate, held_out, class_names, .. } = self;
        let normalisation = experiment.data.normalisation(&train)?;
        let digest = digest_of(&train, &evaluate);
        Ok(HalfData { train, evaluate, held_out, normalisation, classes: class_names.len(), class_names, digest })
    }
}

/// The digest of what a network is trained and evaluated on.
pub(super) fn digest_of(train: &ImageSet, evaluate: &ImageSet) -> String {
    digest::hex(format!("{} {}", train.digest(), evaluate.digest()).as_bytes())
}
