//! A frozen prefix' activations, computed once for each input of a training run.
//!
//! Up to its first layer that learns or draws random numbers a frozen prefix makes the same of an input at every
//! step. Where an image has a fixed number of inputs, its activations are computed once and the layers above train on
//! them. An image's bits do not depend on the batch around it, so that results are the same bits either way.

use super::{Solver, batches::Reading};
use crate::nn::Net;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The largest cache of one network's activations, in bytes.
const MOST_BYTES: usize = 1 << 30;
/// The most that is kept for networks to come, in bytes.
const MOST_KEPT_BYTES: usize = 2 << 30;

/// What is known of a frozen prefix' activations.
#[derive(Debug)]
pub(super) enum Prefix {
    /// Run it at every step: there is none, its inputs have no end, or computing them all does not pay.
    Run,
    /// Worth computing once, not done yet.
    Wanted,
    /// The activations of every input, in outer order.
    Cached(Arc<Vec<f32>>),
}

/// Whether a net's frozen prefix is computed once an input: there is one, the inputs are no more than those that
/// the steps see, and their activations fit into memory.
pub fn pays(net: &Net, images: usize, reading: &Reading, solver: &Solver) -> bool {
    let (Some(boundary), Some(views)) = (net.boundary, reading.inputs()) else { return false };
    let features = net.program.tensors[boundary.0].shape.len() / net.batch;
    let inputs = images * views;
    inputs as u64 <= solver.schedule.max_iter * solver.batch_size as u64
        && inputs.saturating_mul(features * size_of::<f32>()) <= MOST_BYTES
}

/// Activations of frozen prefixes that several networks of one process train on. The oldest make room for new ones.
#[derive(Debug, Default)]
pub struct Prefixes {
    kept: Mutex<Vec<(String, Arc<Vec<f32>>)>>,
}

impl Prefixes {
    fn kept(&self) -> MutexGuard<'_, Vec<(String, Arc<Vec<f32>>)>> {
        // A thread that panicked has left whole entries: they are pushed and removed in one call each.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many prefixes are kept.
    #[cfg(feature = "testing")]
    pub fn count(&self) -> usize {
        self.kept().len()
    }

    /// The activations of a key.
    pub(super) fn get(&self, key: &str) -> Option<Arc<Vec<f32>>> {
        self.kept().iter().find(|(known, _)| known == key).map(|(_, values)| Arc::clone(values))
    }

    /// Keeps activations that another pass has computed, where the key is not there yet. The key is that of
    /// [`super::Trainer::sharing`], a space and the name of the tensor where the prefix ends.
    pub fn keep(&self, key: String, values: impl FnOnce() -> Arc<Vec<f32>>) {
        if self.get(&key).is_none() {
            self.put(key, &values());
        }
    }

    /// Keeps the activations of a key that is not there yet.
    pub(super) fn put(&self, key: String, values: &Arc<Vec<f32>>) {
        let mut kept = self.kept();
        if kept.iter().any(|(known, _)| *known == key) {
            return;
        }
        kept.push((key, Arc::clone(values)));
        let bytes =
            |kept: &[(String, Arc<Vec<f32>>)]| kept.iter().map(|(_, v)| size_of_val(v.as_slice())).sum::<usize>();
        while bytes(&kept) > MOST_KEPT_BYTES {
            kept.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_activations_make_room_and_the_same_key_is_kept_once() {
        let prefixes = Prefixes::default();
        let quarter = Arc::new(vec![0.0; MOST_KEPT_BYTES / 16 + 1]);
        for key in ["a", "b", "b", "c"] {
            prefixes.put(key.into(), &quarter);
        }
        assert_eq!(prefixes.count(), 3);
        prefixes.put("d".into(), &quarter);
        assert!(prefixes.get("a").is_none() && prefixes.get("b").is_some() && prefixes.get("d").is_some());
    }
}
