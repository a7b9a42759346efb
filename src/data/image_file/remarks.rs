//! Faults of files that did no harm to their pixels, counted for the whole process until somebody asks.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What was found since the last time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remarks {
    /// Images with such a fault.
    pub images: usize,
    /// One of them, with what was found: that whose name comes first, whatever the order of threads.
    pub first: String,
}

static FOUND: Mutex<Option<Remarks>> = Mutex::new(None);

fn found() -> MutexGuard<'static, Option<Remarks>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts an image.
pub(super) fn add(path: &Path, remark: &str) {
    let text = format!("{}: {remark}", path.display());
    let mut found = found();
    *found = Some(match found.take() {
        Some(Remarks { images, first }) => Remarks { images: images + 1, first: first.min(text) },
        None => Remarks { images: 1, first: text },
    });
}

/// The faults since the last call; None where there was none.
pub fn take_remarks() -> Option<Remarks> {
    found().take()
}
