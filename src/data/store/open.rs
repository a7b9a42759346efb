//! Reading a store.

use super::{
    Skipped, StoreError,
    format::{DIGEST, Index, MAX_IMAGES, PIXELS_AT, parse},
    map::Map,
};
use crate::data::DataError;
use rayon::prelude::*;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A packed store, mapped into memory.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    map: Map,
    pub(super) index: Index,
    pub(super) labels: Vec<u16>,
    /// Which images were found to be what was packed, so that none is looked at twice.
    verified: Vec<AtomicBool>,
}

impl Store {
    /// Opens a store and checks everything but its pixels.
    ///
    /// # Errors
    /// [`DataError::Read`]; [`StoreError::Damaged`] for a file of another kind, one cut short, or tables that have
    /// changed.
    pub fn open(path: &Path) -> Result<Arc<Self>, DataError> {
        let map = Map::open(path).map_err(|source| DataError::Read { path: path.into(), source })?;
        let damaged = |reason: String| DataError::from(StoreError::Damaged { path: path.into(), reason });
        let (index, end) = parse(&map).map_err(damaged)?;
        let images = index.names.len();
        if images > MAX_IMAGES {
            return Err(damaged(format!("it holds {images} images, above the limit of {MAX_IMAGES}")));
        }
        let image = index.side.checked_mul(index.side).and_then(|pixels| pixels.checked_mul(3));
        let pixels = image.filter(|&image| image > 0).and_then(|image| image.checked_mul(images));
        let tables = pixels.and_then(|pixels| pixels.checked_add(PIXELS_AT)).filter(|&at| at <= end);
        let tables = tables
            .filter(|&at| index.train.checked_add(index.test) == Some(images) && end - at == images * (2 + DIGEST));
        let Some(tables) = tables else { return Err(damaged("its sizes do not agree".into())) };
        if crate::host::digest::hex(&map[tables..end]) != index.tables {
            return Err(damaged("its labels or digests have changed".into()));
        }
        let labels: Vec<u16> =
            map[tables..tables + 2 * images].chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        let verified = labels.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(Arc::new(Self { path: path.into(), map, index, labels, verified }))
    }

    /// The number of images, N.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Rows and columns of every image.
    pub fn side(&self) -> usize {
        self.index.side
    }

    /// What it was built from: equal for the same listing and size.
    pub fn identity(&self) -> &str {
        &self.index.identity
    }

    /// Bad images that were left out when it was built.
    pub fn skipped(&self) -> &[Skipped] {
        &self.index.skipped
    }

    /// Where image `place` came from, within its part.
    pub fn source_name(&self, place: usize) -> &str {
        self.index.names.get(place).map_or("", String::as_str)
    }

    /// The H x W x 3 bytes of image `place`; like a slice, it panics when `place` is not below [`Self::len`].
    pub fn image(&self, place: usize) -> &[u8] {
        let size = 3 * self.index.side * self.index.side;
        &self.map[PIXELS_AT + place * size..PIXELS_AT + (place + 1) * size]
    }

    /// The BLAKE3 of the pixels of image `place`, as it was packed.
    pub fn image_digest(&self, place: usize) -> &[u8] {
        let tables = PIXELS_AT + self.len() * 3 * self.index.side * self.index.side;
        let digests = tables + 2 * self.len();
        &self.map[digests + place * DIGEST..digests + (place + 1) * DIGEST]
    }

    /// Whether an image is what was packed.
    fn holds(&self, place: usize) -> bool {
        let verified = &self.verified[place];
        if verified.load(Ordering::Relaxed) {
            return true;
        }
        let same = blake3::hash(self.image(place)).as_bytes()[..] == *self.image_digest(place);
        verified.store(same, Ordering::Relaxed);
        same
    }

    /// Checks every image against its digest.
    ///
    /// # Errors
    /// [`StoreError::ChangedImage`] for the first one that differs.
    pub fn verify(&self) -> Result<(), DataError> {
        let places: Vec<u32> = (0..self.len() as u32).collect();
        self.verify_places(&places)
    }

    /// Checks some images against their digests, each of them once.
    ///
    /// # Errors
    /// [`StoreError::ChangedImage`] for the first one that differs.
    pub fn verify_places(&self, places: &[u32]) -> Result<(), DataError> {
        let changed = |place: &&u32| !self.holds(**place as usize);
        let Some(&first) = places.par_iter().find_first(changed) else { return Ok(()) };
        let changed = places.par_iter().filter(changed).count();
        let name = self.source_name(first as usize).to_string();
        Err(StoreError::ChangedImage { path: self.path.clone(), name, changed, of: places.len() }.into())
    }

    /// What the files were that it was packed from, and how they were read.
    pub(super) fn content(&self) -> (&str, u32) {
        (&self.index.content, self.index.reading)
    }
}

/// Some images of a store, in an order of their own.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The store.
    pub store: Arc<Store>,
    /// The place of each image in it.
    pub places: Vec<u32>,
}

impl Stored {
    /// The bytes of the image at `index` of this order.
    pub fn image(&self, index: usize) -> &[u8] {
        self.store.image(self.places[index] as usize)
    }

    /// The images at `indices` of this order, all of which must be there.
    pub fn select(&self, indices: &[usize]) -> Self {
        Self { store: Arc::clone(&self.store), places: indices.iter().map(|&index| self.places[index]).collect() }
    }
}
