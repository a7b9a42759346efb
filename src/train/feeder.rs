//! How the bytes of a batch come to the trainer, and how long it waits for them.

use super::Batches;
use crate::data::{
    ImageSet,
    prefetch::{Batch, Prefetch},
};
use std::time::{Duration, Instant};

/// Gathers batches: images in memory when they are due, images of a packed store in threads before that.
#[derive(Debug, Default)]
pub(super) struct Feeder {
    training: Option<Prefetch>,
    in_order: Option<Prefetch>,
    /// The time between asking for bytes and having them, over all batches.
    pub waited: Duration,
}

impl Feeder {
    /// Announces that training continues at `step`.
    pub fn train(&mut self, set: &ImageSet, batches: &Batches, step: u64) {
        self.in_order = None;
        if set.is_stored() && self.training.as_ref().is_none_or(|training| training.next_number() != step) {
            self.training = Some(Prefetch::start(set, step, || {
                let mut batches = batches.clone();
                move |step| Some(batches.indices(step))
            }));
        }
    }

    /// Announces that all images of a set come next, `batch` at a time.
    pub fn go_through(&mut self, set: &ImageSet, batch: usize) {
        let images = set.len();
        let chunk = move |number: u64| {
            let first = number as usize * batch;
            (first < images).then(|| (first..(first + batch).min(images)).collect())
        };
        self.in_order = set.is_stored().then(|| Prefetch::start(set, 0, || chunk));
    }

    /// The images at `indices`.
    pub fn batch(&mut self, set: &ImageSet, indices: &[usize]) -> Batch {
        let start = Instant::now();
        let prefetched = self.in_order.as_mut().or(self.training.as_mut()).and_then(|ahead| ahead.take(indices));
        let batch = prefetched.unwrap_or_else(|| Batch::gather(set, indices.to_vec()));
        self.waited += start.elapsed();
        batch
    }
}
