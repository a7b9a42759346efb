//! Taking a lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock whose content is whole even if another thread panicked while holding it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
