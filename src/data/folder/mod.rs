//! Folders of image files: torchvision's `ImageFolder`, the ILSVRC2012 layout, and tar archives of either.
//!
//! A data set is a folder with a training part (`train` or `training`) and a test part (the first that is there of
//! `val`, `valid`, `validation`, `test` and `testing`), in any case. Where the only thing in a folder or archive is
//! another folder, the set is looked for in that one.
//!
//! - **Class folders** (`train/CLASS/.../IMAGE`): a class is a folder, its number the place of its name in byte order;
//!   files are found at any depth and ordered as torchvision orders them. Files without an image's suffix are passed
//!   over, and so are files beside the class folders. A class without an image is an error, as in torchvision.
//! - **A flat test part** (`val/IMAGE`, as ILSVRC2012 publishes it) with a file of labels, see [`labels`].
//! - **Tar archives** in place of a part: `train.tar`, several shards `train-*.tar`, or the official
//!   `ILSVRC2012_img_train.tar` (a tar of one tar a class) and `ILSVRC2012_img_val.tar`; also `train/CLASS.tar`.
//!   Images are read in place by their offset; nothing is unpacked.
//!
//! The same images give the same classes, order and bytes from a folder and from its archives; of entries of one
//! name the last one counts, as it does where an archive is extracted.
//! A folder without a training part is one training part itself, and its test part is empty, unless the names of its
//! folders are those of parts. [`FolderSet::taken`] says what was taken for what.

mod around;
mod error;
pub mod labels;
mod listing;
mod load;
mod names;
mod parts;
mod place;
mod tar_entries;
mod tree;
mod walk;

pub use error::FolderError;
pub use listing::{Item, Listing, SUFFIXES, is_image};
pub use load::{MAX_MEMORY, list, load, load_good, sizes};
pub use names::{TEST, TRAIN};
pub use parts::{FolderSet, open};
pub use place::Place;
