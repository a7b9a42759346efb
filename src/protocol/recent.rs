//! What was used last: results that many networks share, and of which there may be more than memory should hold.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// As many are kept that nobody uses: the halves of the four splits that the authors had.
pub(super) const KEPT: usize = 8;

/// Values by their keys: those in use, and the last [`KEPT`] that were.
pub(super) struct Recent<K, V>(Mutex<Held<K, V>>);

struct Held<K, V> {
    /// The last that were asked for, the latest at the end.
    latest: VecDeque<Arc<V>>,
    /// Every value that somebody holds.
    known: BTreeMap<K, Weak<V>>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Held { latest: VecDeque::new(), known: BTreeMap::new() }))
    }
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

impl<K: Ord, V> Recent<K, V> {
    /// The value of a key, made where there is none. Whoever asks for it meanwhile waits for the one that makes it.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn get<E>(&self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = match held.known.get(&key).and_then(Weak::upgrade) {
            Some(value) => value,
            None => {
                // Room is made before the new value is: both together may be more than there is memory for.
                while held.latest.len() >= KEPT {
                    held.latest.pop_front();
                }
                held.known.retain(|_, value| value.strong_count() > 0);
                let value = Arc::new(make()?);
                held.known.insert(key, Arc::downgrade(&value));
                value
            }
        };
        held.latest.retain(|other| !Arc::ptr_eq(other, &value));
        held.latest.push_back(Arc::clone(&value));
        if held.latest.len() > KEPT {
            held.latest.pop_front();
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn what_is_in_use_or_was_used_last_is_made_once_and_nothing_else_is_kept() {
        let recent = Recent::default();
        let made = Mutex::new(Vec::new());
        let get = |key: usize| {
            let make = || {
                made.lock().unwrap().push(key);
                Ok::<_, Infallible>(key)
            };
            recent.get(key, make).unwrap()
        };
        let first = get(0);
        (1..=KEPT).for_each(|key| drop(get(key)));
        assert!(Arc::ptr_eq(&first, &get(0)), "it is in use");
        for key in [2, KEPT] {
            drop(get(key));
        }
        assert_eq!(*made.lock().unwrap(), (0..=KEPT).collect::<Vec<_>>());
        // The first was pushed out by the last, and the second by the one that was in use.
        drop(get(1));
        assert_eq!(made.lock().unwrap().last(), Some(&1));
        let held = recent.0.lock().unwrap();
        assert!(held.latest.len() <= KEPT && held.known.len() <= KEPT + 1);
    }
}
