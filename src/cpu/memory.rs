//! The native executor's tensors.

use crate::host::Real;

/// The tensors of one program, by their numbers. A slot is empty in the two lists that do not hold its kind.
#[derive(Clone, Debug, Default)]
pub struct Memory<T> {
    /// Real numbers.
    pub real: Vec<Vec<T>>,
    /// 32-bit words: labels, places, ranks, masks.
    pub words: Vec<Vec<u32>>,
    /// Bytes: stored images.
    pub bytes: Vec<Vec<u8>>,
}

impl<T: Real> Memory<T> {
    /// Runs `f` on one tensor, taken out so that it can be written while others are read.
    pub fn write_real<R>(&mut self, id: usize, f: impl FnOnce(&Self, &mut [T]) -> R) -> R {
        let mut taken = std::mem::take(&mut self.real[id]);
        let result = f(self, &mut taken);
        self.real[id] = taken;
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
