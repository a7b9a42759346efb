//! A folder of the four IDX files in which the MNIST family is published.

use std::path::{Path, PathBuf};

use super::file::{pair, read_idx_file};
use crate::data::{DataError, Dataset, ImageSet};

/// Reads a folder of digits as MNIST publishes them: classes `0` to `9`, the name taken from the folder.
///
/// For other class names use [`load_idx_folder_as`].
///
/// # Errors
/// Those of [`load_idx_folder_as`].
pub fn load_idx_folder(folder: &Path) -> Result<Dataset, DataError> {
    let name = folder.file_name().map_or_else(|| "idx".into(), |name| name.to_string_lossy());
    load_idx_folder_as(folder, &name, (0..10).map(|digit| digit.to_string()).collect())
}

/// Reads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same of `t10k`, each plain or with `.gz`;
/// the spelling with a dot (`train-images.idx3-ubyte`) is accepted, too.
///
/// # Errors
/// [`DataError::MissingFile`] when none of the spellings is there, else those of the two files
/// ([`super::read_idx`], [`super::pair`]) and of [`Dataset::new`].
pub fn load_idx_folder_as(folder: &Path, name: &str, class_names: Vec<String>) -> Result<Dataset, DataError> {
    let train = load_pair(folder, "train", class_names.len())?;
    let test = load_pair(folder, "t10k", class_names.len())?;
    Dataset::new(name, class_names, train, test)
}

fn load_pair(folder: &Path, part: &str, classes: usize) -> Result<ImageSet, DataError> {
    let images = read_idx_file(&find(folder, &format!("{part}-images"), 3)?, 3)?;
    let labels = read_idx_file(&find(folder, &format!("{part}-labels"), 1)?, 1)?;
    pair(images, labels, classes)
}

/// The first of the accepted spellings that exists.
fn find(folder: &Path, stem: &str, rank: u8) -> Result<PathBuf, DataError> {
    let names = ["-", "."].map(|joint| [".gz", ""].map(|end| format!("{stem}{joint}idx{rank}-ubyte{end}")));
    let names = names.as_flattened();
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| DataError::MissingFile { folder: folder.into(), names: names.join(", ") })
}
