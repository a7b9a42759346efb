//! The cancellation flag, which long loops read.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether work should stop. Long loops look at it once a batch; without flags nobody ever asks.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    flags: Vec<Arc<AtomicBool>>,
}

impl Stop {
    /// A stop that is asked for by setting any of these flags.
    pub fn of(flags: impl IntoIterator<Item = Arc<AtomicBool>>) -> Self {
        Self { flags: flags.into_iter().collect() }
    }

    /// Whether it is asked for.
    pub fn asked(&self) -> bool {
        self.flags.iter().any(|flag| flag.load(Ordering::Relaxed))
    }
}
