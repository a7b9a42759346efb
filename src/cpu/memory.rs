//! The native executor's tensors, and the room that its operations work in.

use crate::host::Real;
use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

/// The tensors of one program, by their numbers. A slot is empty in the two lists that do not hold its kind.
#[derive(Debug, Default)]
pub struct Memory<T> {
    /// Real numbers.
    pub real: Vec<Vec<T>>,
    /// 32-bit words: labels, places, ranks, masks.
    pub words: Vec<Vec<u32>>,
    /// Bytes: stored images.
    pub bytes: Vec<Vec<u8>>,
    /// Room for what operations compute on the way.
    pub scratch: Scratch<T>,
}

impl<T: Real> Memory<T> {
    /// Runs `f` on one tensor, taken out so that it can be written while others are read.
    pub fn write_real<R>(&mut self, id: usize, f: impl FnOnce(&Self, &mut [T]) -> R) -> R {
        let mut taken = std::mem::take(&mut self.real[id]);
        let result = f(self, &mut taken);
        self.real[id] = taken;
        result
    }

    /// The same for two tensors.
    pub fn write_both<R>(&mut self, a: usize, b: usize, f: impl FnOnce(&Self, &mut [T], &mut [T]) -> R) -> R {
        let mut taken = std::mem::take(&mut self.real[b]);
        let result = self.write_real(a, |m, a| f(m, a, &mut taken));
        self.real[b] = taken;
        result
    }

    /// The same for a tensor of words.
    pub fn write_words<R>(&mut self, id: usize, f: impl FnOnce(&mut Self, &mut [u32]) -> R) -> R {
        let mut taken = std::mem::take(&mut self.words[id]);
        let result = f(self, &mut taken);
        self.words[id] = taken;
        result
    }
}

/// Bytes of a line of a cache, on which buffers begin.
const LINE: usize = 64;

/// Buffers that operations lend and give back, so that nothing is allocated once every size has been seen:
/// fresh memory costs a page fault every 4 KiB, more than many an operation computes on it.
#[derive(Debug, Default)]
pub struct Scratch<T>(Mutex<Vec<Vec<T>>>);

impl<T: Real> Scratch<T> {
    /// A buffer of some elements; they hold whatever was left in it.
    pub fn lend(&self, len: usize) -> Lent<'_, T> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest that is large enough, else the largest, so that few buffers serve all sizes.
        let fitting = (0..free.len()).filter(|&i| free[i].len() >= len + LINE).min_by_key(|&i| free[i].len());
        let chosen = fitting.or_else(|| (0..free.len()).max_by_key(|&i| free[i].len()));
        let mut values = chosen.map(|i| free.swap_remove(i)).unwrap_or_default();
        drop(free);
        if values.len() < len + LINE {
            values.resize(len + LINE, T::zero());
        }
        // A register that lies across two lines of a cache costs two loads.
        let start = values.as_ptr().align_offset(LINE).min(LINE);
        Lent { scratch: self, values, start, len }
    }

    /// A buffer of zeros.
    pub fn zeros(&self, len: usize) -> Lent<'_, T> {
        let mut lent = self.lend(len);
        lent.fill(T::zero());
        lent
    }
}

/// A buffer on loan; it goes back where it is dropped.
#[derive(Debug)]
pub struct Lent<'a, T> {
    scratch: &'a Scratch<T>,
    values: Vec<T>,
    start: usize,
    len: usize,
}

impl<T> Deref for Lent<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.values[self.start..][..self.len]
    }
}

impl<T> DerefMut for Lent<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..][..self.len]
    }
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        self.scratch.0.lock().unwrap_or_else(PoisonError::into_inner).push(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_came_back_is_lent_again_and_the_smallest_that_fits_first() {
        let scratch = Scratch::<f32>::default();
        let (large, small) = (scratch.lend(100), scratch.lend(10));
        let places = [large.as_ptr(), small.as_ptr()];
        drop((large, small));
        let (again, other) = (scratch.lend(5), scratch.zeros(90));
        assert_eq!([other.as_ptr(), again.as_ptr()], places);
        assert_eq!((again.len(), other.len()), (5, 90));
        assert!(other.iter().all(|&v| v == 0.0));
    }
}
