//! Reduced sets: halves with fewer training images of each class.

use super::{
    ProtocolError,
    experiment_data::Data,
    part::{HalfData, digest_of},
};
use crate::{
    data::{DataError, subset},
    host::Stream,
};

/// How many images of each class a reduced set has of at most `per_class`.
///
/// # Errors
/// [`DataError::TooFewImages`] where no class has as many.
pub(super) fn left(counts: &[usize], per_class: usize) -> Result<Vec<usize>, DataError> {
    match counts.iter().enumerate().max_by_key(|(_, count)| **count) {
        Some((class, &got)) if got < per_class => {
            Err(DataError::TooFewImages { class: class as u16, name: None, expected: per_class, got })
        }
        _ => Ok(counts.iter().map(|&count| count.min(per_class)).collect()),
    }
}

impl HalfData {
    /// The half with at most `per_class` training images of each class, the first ones or those that a stream draws,
    /// evaluated on as many images as before. Its statistics are those of the images left.
    ///
    /// # Errors
    /// No class that has as many images.
    pub fn reduced(&self, data: &Data, per_class: usize, drawn: Option<Stream>) -> Result<Self, ProtocolError> {
        left(&self.train.class_counts(self.classes), per_class).map_err(|error| error.of_classes(&self.class_names))?;
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
