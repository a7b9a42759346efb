//! Fashion-MNIST, and the part of it that is compiled in.
//!
//! Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
//! algorithms", 2017; MIT licence, kept in `data/fashion-mnist`.

use std::path::Path;

use super::{
    DataError, Dataset, ImageSet,
    idx::{load_idx_folder_as, pair, read_idx},
};

/// The classes, in the order of their labels.
pub const CLASS_NAMES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

static TRAIN_IMAGES: &[u8] = include_bytes!("../../data/fashion-mnist/train-images-idx3-ubyte.gz");
static TRAIN_LABELS: &[u8] = include_bytes!("../../data/fashion-mnist/train-labels-idx1-ubyte.gz");
static TEST_IMAGES: &[u8] = include_bytes!("../../data/fashion-mnist/t10k-images-idx3-ubyte.gz");
static TEST_LABELS: &[u8] = include_bytes!("../../data/fashion-mnist/t10k-labels-idx1-ubyte.gz");

/// The embedded data set: the first 600 training images of each class (meant as 500 to train
/// on and 100 held out) and the whole test set (1,000 a class),
/// 28 x 28 gray, classes mixed in the order of the official files.
///
/// # Errors
/// None that a user could cause; the embedded bytes go through the same checks as a file's.
pub fn embedded() -> Result<Dataset, DataError> {
    let train = unpack("train", TRAIN_IMAGES, TRAIN_LABELS)?;
    let test = unpack("t10k", TEST_IMAGES, TEST_LABELS)?;
    Dataset::new("fashion-mnist-6000", class_names(), train, test)
}

/// The whole of Fashion-MNIST from a folder of its four official files.
///
/// # Errors
/// Those of [`load_idx_folder_as`].
pub fn load_fashion_folder(folder: &Path) -> Result<Dataset, DataError> {
    load_idx_folder_as(folder, "fashion-mnist", class_names())
}

fn class_names() -> Vec<String> {
    CLASS_NAMES.map(String::from).into()
}

fn unpack(part: &str, images: &[u8], labels: &[u8]) -> Result<ImageSet, DataError> {
    let images = read_idx(images, Path::new(&format!("embedded:{part}-images")), 3)?;
    let labels = read_idx(labels, Path::new(&format!("embedded:{part}-labels")), 1)?;
    pair(images, labels, CLASS_NAMES.len())
}
