//! The images of one network: its target half, or a reduced set of it, and the mean that it subtracts.

use super::{
    Experiment, Node, ProtocolError,
    experiment::Kept,
    source::{HalfData, Halves},
    streams,
};
use crate::{
    data::{mean, subset},
    host::{Stream, digest},
};
use std::borrow::Cow;

impl HalfData {
    /// The half with `per_class` training images of each class, the first ones or those that a stream draws, evaluated
    /// on as many images as before. Its mean is that of the images left.
    ///
    /// # Errors
    /// A class with fewer images.
    pub fn reduced(&self, per_class: usize, drawn: Option<Stream>) -> Result<Self, ProtocolError> {
        let (first, _) = subset::hold_out(&self.train, per_class, 0)?;
        let train = match drawn {
            Some(stream) => subset::drawn_per_class(&self.train, per_class, stream)?,
            None => first,
        };
        let mean = mean::mean_image(&train)?;
        let digest = digest::hex(format!("{} {}", train.digest(), self.evaluate.digest()).as_bytes());
        Ok(Self { train, mean, digest, ..self.clone() })
    }
}

impl Halves {
    /// What a network is trained and evaluated on, and the mean image that it subtracts: a transfer network takes
    /// that of its source's training half, as the authors' did.
    ///
    /// # Errors
    /// A split that is not loaded; a class with fewer images than a reduced set needs.
    pub fn of_node(
        &self,
        experiment: &Experiment,
        node: &Node,
    ) -> Result<(Cow<'_, HalfData>, Vec<f32>), ProtocolError> {
        let half = |half| {
            self.halves.get(&(node.split, half)).ok_or_else(|| ProtocolError::Value {
                experiment: experiment.name.clone(),
                key: "protocol.splits",
                expected: "the split of the network".into(),
                got: node.split.to_string(),
            })
        };
        let drawn = (experiment.protocol.train_sizes_of == Kept::Random).then(|| streams::kept(experiment.seed, node));
        let target = match node.train_size {
            Some(size) => Cow::Owned(half(node.target)?.reduced(size, drawn)?),
            None => Cow::Borrowed(half(node.target)?),
        };
        let mean = match node.source {
            Some(source) if source != node.target => half(source)?.mean.clone(),
            _ => target.mean.clone(),
        };
        Ok((target, mean))
    }
}
