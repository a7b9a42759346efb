//! The tensors of one block of images.

use super::{IMAGES, Pack};
use std::ops::Range;

/// Bytes of a line of a cache: a pack that lies across two of them costs two loads.
const LINE: usize = 64;

/// Packs that begin where a line of a cache does.
#[derive(Debug, Default)]
pub struct Aligned<T> {
    values: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// Packs of zeros.
    pub fn zeros(len: usize) -> Self {
        let mut aligned = Self::default();
        aligned.fit(len);
        aligned
    }

    /// Has at least `len` packs; whatever they hold.
    pub fn fit(&mut self, len: usize) {
        if len > self.len {
            self.values = vec![T::default(); len * IMAGES + LINE / size_of::<T>()];
            self.start = self.values.as_ptr().align_offset(LINE).min(LINE / size_of::<T>());
            self.len = len;
        }
    }

    /// The packs.
    pub fn packs(&self) -> &[Pack<T>] {
        self.values[self.start..][..self.len * IMAGES].as_chunks().0
    }

    /// The packs, to be written.
    pub fn packs_mut(&mut self) -> &mut [Pack<T>] {
        self.values[self.start..][..self.len * IMAGES].as_chunks_mut().0
    }

    fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<T>()
    }
}

/// A tensor of real numbers: its storage, which others may have in turn, and its packs.
#[derive(Clone, Copy, Debug)]
struct Place {
    storage: usize,
    len: usize,
}

/// The tensors of a block, by their numbers; none for those that do not lie in blocks.
#[derive(Debug, Default)]
pub struct Block {
    /// The images, by their numbers in the batch. Lanes after the last one are computed like all others: their input
    /// is zero, and so are their gradients.
    pub images: Range<usize>,
    places: Vec<Option<Place>>,
    real: Vec<Aligned<f32>>,
    words: Vec<Aligned<u32>>,
    /// What an operation leaves to its end, by the number of the tensor that it writes there.
    kept: Vec<Vec<f32>>,
    room: Aligned<f32>,
}

impl Block {
    /// The block of some images.
    pub fn new(images: Range<usize>) -> Self {
        Self { images, ..Self::default() }
    }

    /// Adds the next tensor: packs of real numbers, in a storage of its own or in one that others of the same number
    /// share, and packs of words.
    pub fn add(&mut self, real: usize, storage: Option<usize>, words: usize) {
        let place = (real > 0).then(|| {
            // Storages that are shared come first, by their numbers.
            let storage = storage.unwrap_or(self.real.len());
            while self.real.len() <= storage {
                self.real.push(Aligned::default());
            }
            self.real[storage].fit(real);
            Place { storage, len: real }
        });
        self.places.push(place);
        self.words.push(if words > 0 { Aligned::zeros(words) } else { Aligned::default() });
        self.kept.push(Vec::new());
    }

    /// Makes room for shared storages, whose numbers are below `count`.
    pub fn share(&mut self, count: usize) {
        self.real.resize_with(count, Aligned::default);
    }

    /// Has room for what an operation leaves to its end.
    pub fn keep(&mut self, id: usize, len: usize) {
        self.kept[id].resize(len, 0.0);
    }

    /// Has room of at least so many packs.
    pub fn reserve(&mut self, room: usize) {
        self.room.fit(room);
    }

    /// Whether a tensor lies in blocks.
    pub fn holds(&self, id: usize) -> bool {
        self.places[id].is_some() || !self.words[id].packs().is_empty()
    }

    /// A tensor of real numbers.
    pub fn real(&self, id: usize) -> &[Pack<f32>] {
        match self.places[id] {
            Some(Place { storage, len }) => &self.real[storage].packs()[..len],
            None => &[],
        }
    }

    /// A tensor of words.
    pub fn words(&self, id: usize) -> &[Pack<u32>] {
        self.words[id].packs()
    }

    /// What an operation has left to its end.
    pub fn kept(&self, id: usize) -> &[f32] {
        &self.kept[id]
    }

    /// Runs `f` on one tensor, taken out so that it can be written while others are read.
    pub fn write<R>(&mut self, id: usize, f: impl FnOnce(&mut Self, &mut [Pack<f32>]) -> R) -> Option<R> {
        let Place { storage, len } = self.places[id]?;
        let mut taken = std::mem::take(&mut self.real[storage]);
        let result = f(self, &mut taken.packs_mut()[..len]);
        self.real[storage] = taken;
        Some(result)
    }

    /// The same for a tensor of words.
    pub fn write_words<R>(&mut self, id: usize, f: impl FnOnce(&mut Self, &mut [Pack<u32>]) -> R) -> R {
        let mut taken = std::mem::take(&mut self.words[id]);
        let result = f(self, taken.packs_mut());
        self.words[id] = taken;
        result
    }

    /// The same for what is left to an operation's end.
    pub fn write_kept<R>(&mut self, id: usize, f: impl FnOnce(&mut Self, &mut [f32]) -> R) -> R {
        let mut taken = std::mem::take(&mut self.kept[id]);
        let result = f(self, &mut taken);
        self.kept[id] = taken;
        result
    }

    /// The same for room of at least `len` packs, whatever they hold.
    pub fn with_room<R>(&mut self, len: usize, f: impl FnOnce(&mut Self, &mut [Pack<f32>]) -> R) -> R {
        let mut taken = std::mem::take(&mut self.room);
        taken.fit(len);
        let result = f(self, &mut taken.packs_mut()[..len]);
        self.room = taken;
        result
    }

    /// Bytes of all tensors, and of the room for what operations compute on the way.
    pub fn bytes(&self) -> usize {
        let real: usize = self.real.iter().map(Aligned::bytes).sum();
        let words: usize = self.words.iter().map(Aligned::bytes).sum();
        let kept: usize = self.kept.iter().map(Vec::capacity).sum();
        real + words + 4 * kept + self.room.bytes()
    }
}
