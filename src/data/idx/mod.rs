//! The IDX format of the MNIST family, plain or gzip.
//!
//! A file is a magic number (two zero bytes, the type code 0x08 of unsigned bytes, the number of
//! dimensions), the dimensions as big-endian 32-bit integers, then the values, the last dimension running
//! fastest (LeCun, Cortes and Burges, "The MNIST database of handwritten digits").

mod file;
mod folder;

pub use file::{IdxArray, pair, read_idx, read_idx_file};
pub use folder::{load_idx_folder, load_idx_folder_as};
