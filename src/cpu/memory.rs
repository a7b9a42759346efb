//! The native executor's tensors, and the room that its operations work in.

use super::{ELEMENTS_PER_TASK, vectorised};
use crate::host::Real;
use rayon::prelude::*;
use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

/// The tensors of one program, by their numbers. A slot is empty in the two lists that do not hold its kind.
#[derive(Debug, Default)]
pub struct Memory<T> {
    /// Real numbers.
    pub real: Vec<Values<T>>,
    /// 32-bit words: labels, places, ranks, masks.
    pub words: Vec<Vec<u32>>,
    /// Bytes: stored images.
    pub bytes: Vec<Vec<u8>>,
    /// The tensor that holds the elements of each shared storage.
    holders: Vec<Option<usize>>,
    /// Room for what operations compute on the way.
    pub scratch: Scratch<T>,
}

/// The elements of a tensor of real numbers.
#[derive(Debug, Default)]
pub struct Values<T> {
    /// As many as the largest tensor of a shared storage has.
    stored: Vec<T>,
    len: usize,
    /// The storage that the tensor shares with others. One of them holds the elements, the others are empty.
    storage: Option<usize>,
}

impl<T> From<Vec<T>> for Values<T> {
    fn from(stored: Vec<T>) -> Self {
        Self { len: stored.len(), stored, storage: None }
    }
}

impl<T> Deref for Values<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.stored[..self.len.min(self.stored.len())]
    }
}

impl<T> DerefMut for Values<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        let len = self.len.min(self.stored.len());
        &mut self.stored[..len]
    }
}

impl<T: Real> Memory<T> {
    /// Adds a tensor of real numbers, of zeros, in a storage of its own or in a shared one.
    pub fn add_real(&mut self, len: usize, storage: Option<usize>) {
        let id = self.real.len();
        self.real.push(Values { stored: Vec::new(), len, storage });
        match storage {
            None => self.real[id].stored = vec![T::zero(); len],
            Some(storage) => {
                self.holders.resize(self.holders.len().max(storage + 1), None);
                let holder = *self.holders[storage].get_or_insert(id);
                let stored = &mut self.real[holder].stored;
                stored.reserve_exact(len.saturating_sub(stored.len()));
                stored.resize(stored.len().max(len), T::zero());
            }
        }
    }

    /// Overwrites a tensor of real numbers.
    pub fn put_real(&mut self, id: usize, values: &[T]) {
        self.write_real(id, |_, to| to.copy_from_slice(values));
    }

    /// Bytes of all tensors and of the room for what operations compute on the way.
    pub fn bytes(&self) -> u64 {
        let real: usize = self.real.iter().map(|values| values.stored.capacity()).sum();
        let words: usize = self.words.iter().map(Vec::capacity).sum();
        let bytes: usize = self.bytes.iter().map(Vec::capacity).sum();
        ((real + self.scratch.len()) * size_of::<T>() + 4 * words + bytes) as u64
    }

    /// Lets a tensor have the elements of its storage. Whatever tensor had them is of use no more.
    fn hold(&mut self, id: usize) {
        if let Some(storage) = self.real[id].storage {
            let holder = self.holders[storage].replace(id).unwrap_or(id);
            let stored = std::mem::take(&mut self.real[holder].stored);
            self.real[id].stored = stored;
        }
    }

    /// Runs `f` on one tensor, taken out so that it can be written while others are read.
    pub fn write_real<R>(&mut self, id: usize, f: impl FnOnce(&Self, &mut [T]) -> R) -> R {
        self.hold(id);
        let mut taken = std::mem::take(&mut self.real[id]);
        let result = f(self, &mut taken);
        self.real[id] = taken;
        result
    }

    /// The same for two tensors.
    pub fn write_both<R>(&mut self, a: usize, b: usize, f: impl FnOnce(&Self, &mut [T], &mut [T]) -> R) -> R {
        self.hold(b);
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
pub struct Scratch<T> {
    free: Mutex<Vec<Vec<T>>>,
    /// Whether forward products sum term by term: with few images, an image of a small net then has the bits that it
    /// has among many, which are computed side by side (`cpu::interleaved`).
    pub direct: bool,
}

impl<T: Real> Scratch<T> {
    /// A buffer of some elements; they hold whatever was left in it.
    pub fn lend(&self, len: usize) -> Lent<'_, T> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Runs `write`, which overwrites, on `to`; or, where the result is to be added to `to`, on a buffer.
    pub fn overwrite_or_add(&self, add: bool, to: &mut [T], write: impl FnOnce(&mut [T])) {
        if !add {
            return write(to);
        }
        let mut terms = self.lend(to.len());
        write(&mut terms);
        let parts = to.par_chunks_mut(ELEMENTS_PER_TASK).zip(terms.par_chunks(ELEMENTS_PER_TASK));
        parts.for_each(|(to, terms)| {
            vectorised(
                #[inline(always)]
                || to.iter_mut().zip(terms).for_each(|(to, &v)| *to += v),
            )
        });
    }

    /// Elements of all buffers that are not on loan.
    fn len(&self) -> usize {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Vec::capacity).sum()
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
        self.scratch.free.lock().unwrap_or_else(PoisonError::into_inner).push(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_that_share_a_storage_have_it_in_turn_and_it_is_as_large_as_the_largest() {
        let mut memory = Memory::<f32>::default();
        for (len, storage) in [(3, Some(0)), (5, None), (7, Some(0)), (2, Some(1))] {
            memory.add_real(len, storage);
        }
        memory.put_real(0, &[1.0; 3]);
        let before = memory.bytes();
        memory.put_real(2, &[2.0; 7]);
        assert_eq!((memory.real[0].len(), &memory.real[2][..]), (0, &[2.0; 7][..]));
        memory.put_real(0, &[3.0; 3]);
        assert_eq!((&memory.real[0][..], memory.real[2].len()), (&[3.0; 3][..], 0));
        assert_eq!((&memory.real[1][..], &memory.real[3][..]), (&[0.0; 5][..], &[0.0; 2][..]));
        assert_eq!(memory.bytes(), before);
    }

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
