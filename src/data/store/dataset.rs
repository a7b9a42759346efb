//! The data set in a store.

use super::{Store, Stored};
use crate::data::{DataError, Dataset, ImageSet};
use std::{ops::Range, sync::Arc};

impl Store {
    /// The data set in the store. Its pixels stay where they are.
    ///
    /// # Errors
    /// [`DataError::LabelOutOfRange`] for labels that the classes do not cover.
    pub fn dataset(self: &Arc<Self>) -> Result<Dataset, DataError> {
        let part = |places: Range<usize>| {
            let labels = self.labels[places.clone()].to_vec();
            let places = places.map(|place| place as u32).collect();
            ImageSet::stored(Stored { store: Arc::clone(self), places }, labels)
        };
        let (train, test) = (part(0..self.index.train), part(self.index.train..self.len()));
        Dataset::new(self.index.name.clone(), self.index.class_names.clone(), train, test)
    }
}
