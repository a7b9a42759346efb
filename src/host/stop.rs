//! The cancellation flag, which long loops read.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether work should stop. Long loops read it once a batch; without flags it never asks.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    flags: Vec<Arc<AtomicBool>>,
}

impl Stop {
    /// A stop that any of these flags requests.
    pub fn of(flags: impl IntoIterator<Item = Arc<AtomicBool>>) -> Self {
        Self { flags: flags.into_iter().collect() }
    }

    /// The same stop, which this flag requests, too.
    #[must_use]
    pub fn or(&self, flag: Arc<AtomicBool>) -> Self {
        Self { flags: self.flags.iter().cloned().chain([flag]).collect() }
    }

    /// Whether a stop is requested.
    pub fn asked(&self) -> bool {
        self.flags.iter().any(|flag| flag.load(Ordering::Relaxed))
    }
}
