//! The images of one network: its target half, or a reduced set of it, and how it normalises them.

use super::{
    Experiment, Half, Node, ProtocolError,
    experiment::{Data, Kept},
    source::{HalfData, Halves},
    streams,
};
use crate::{
    data::{DataError, Normalisation, subset},
    host::{Stream, digest},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The split, the half and the images of a class of a reduced set, and the replicate where it is drawn.
type Key = (u32, Half, usize, Option<u32>);

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
            digest: digest::hex(format!("{} {}", train.digest(), self.evaluate.digest()).as_bytes()),
            train,
            evaluate: self.evaluate.clone(),
            classes: self.classes,
            class_names: self.class_names.clone(),
        })
    }
}

impl Halves {
    /// What a network is trained and evaluated on, and how it normalises pixels: a transfer network takes the
    /// statistics of its source's training half, as the authors' did.
    ///
    /// # Errors
    /// A split that is not loaded; a reduced set of more images than any class has.
    pub fn of_node(
        &self,
        experiment: &Experiment,
        node: &Node,
    ) -> Result<(Arc<HalfData>, Normalisation), ProtocolError> {
        let half = |half| {
            self.halves.get(&(node.split, half)).ok_or_else(|| ProtocolError::Value {
                experiment: experiment.name.clone(),
                key: "protocol.splits",
                expected: "the split of the network".into(),
                got: node.split.to_string(),
            })
        };
        let target = match node.train_size {
            Some(size) => self.reduced(experiment, node, size, half(node.target)?)?,
            None => Arc::clone(half(node.target)?),
        };
        let normalisation = match node.source {
            Some(source) if source != node.target => half(source)?.normalisation.clone(),
            _ => target.normalisation.clone(),
        };
        Ok((target, normalisation))
    }

    fn reduced(
        &self,
        experiment: &Experiment,
        node: &Node,
        size: usize,
        half: &HalfData,
    ) -> Result<Arc<HalfData>, ProtocolError> {
        let drawn = experiment.protocol.train_sizes_of == Kept::Random;
        let key = (node.split, node.target, size, drawn.then_some(node.replicate));
        // Networks side by side wait for the first of them to make the set that they share.
        let mut made = self.reduced.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = made.get(&key) {
            return Ok(Arc::clone(set));
        }
        let set =
            Arc::new(half.reduced(&experiment.data, size, drawn.then(|| streams::kept(experiment.seed, node)))?);
        made.insert(key, Arc::clone(&set));
        Ok(set)
    }
}
