//! Reduced sets: halves with fewer training images of each class.

use super::{
    Experiment, Node, ProtocolError,
    experiment::{Data, Kept},
    half_key::HalfKey,
    part::{HalfData, digest_of},
    streams,
};
use crate::{
    data::{DataError, subset},
    host::Stream,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The half and the images of a class of a reduced set, and the replicate where it is drawn.
type Key = (HalfKey, usize, Option<u32>);

/// The reduced sets that networks have asked for: one serves all networks at it.
#[derive(Debug, Default)]
pub(super) struct Reduced(Mutex<BTreeMap<Key, Arc<HalfData>>>);

impl HalfData {
    /// The half with at most `per_class` training images of each class, the first ones or those that a stream draws,
    /// evaluated on as many images as before. Its statistics are those of the images left.
    ///
    /// # Errors
    /// No class that has as many images.
    pub fn reduced(&self, data: &Data, per_class: usize, drawn: Option<Stream>) -> Result<Self, ProtocolError> {
        let counts = self.train.class_counts(self.classes);
        if let Some((class, &got)) = counts.iter().enumerate().max_by_key(|(_, count)| **count)
            && got < per_class
        {
            let name = self.class_names.get(class).cloned();
            return Err(DataError::TooFewImages { class: class as u16, name, expected: per_class, got }.into());
        }
        let train = match drawn {
            Some(stream) => subset::drawn_per_class(&self.train, per_class, stream)?,
            None => subset::first_per_class(&self.train, per_class)?,
        };
        Ok(Self {
            normalisation: data.normalisation(&train)?,
            digest: digest_of(&train, &self.evaluate),
            train,
            evaluate: self.evaluate.clone(),
            held_out: self.held_out.clone(),
            classes: self.classes,
            class_names: self.class_names.clone(),
        })
    }
}

impl Reduced {
    /// The reduced set of a network with `size` training images of each class of its target half.
    ///
    /// # Errors
    /// No class that has as many images.
    pub fn of(
        &self,
        experiment: &Experiment,
        node: &Node,
        size: usize,
        half: &HalfData,
    ) -> Result<Arc<HalfData>, ProtocolError> {
        let drawn = experiment.protocol.train_sizes_of == Kept::Random;
        let key = (node.key_of(node.target), size, drawn.then_some(node.replicate));
        // Networks side by side wait for the first of them to make the set that they share.
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = made.get(&key) {
            return Ok(Arc::clone(set));
        }
        let set =
            Arc::new(half.reduced(&experiment.data, size, drawn.then(|| streams::kept(experiment.seed, node)))?);
        made.insert(key, Arc::clone(&set));
        Ok(set)
    }
}
