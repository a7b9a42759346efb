//! The packed store: every image of a data set decoded once, in one file that is mapped into memory.
//!
//! ```text
//! 0       magic, padded to 4096 bytes
//! 4096    pixels    N x H x W x 3 bytes, training images first, then test images
//!         labels    N x u16, little-endian
//!         digests   N x 32 bytes, the BLAKE3 of each image's pixels
//!         index     JSON: name, shape, classes, counts, source names, skipped images, the tables' digest
//!         footer    64 bytes: the index' offset and length (u64, little-endian), its BLAKE3, a magic
//! ```
//!
//! There are no means in it: a mean belongs to one training half. A store is written beside its final name, with a
//! journal from which a killed build resumes, and gets its name once whole. The index holds one digest of the bytes
//! of all files, by which [`pack`] knows whether they have changed. Opening a store checks the footer, the index and
//! the tables; [`Store::verify`] checks every pixel, and [`crate::data::ImageSet::verify`] those of some images.

mod build;
mod content;
mod dataset;
mod error;
mod format;
mod journal;
mod map;
mod open;
mod options;
mod pack;

pub use error::StoreError;
pub use format::Skipped;
pub use open::{Store, Stored};
pub use options::PackOptions;
pub use pack::{Packed, pack};
