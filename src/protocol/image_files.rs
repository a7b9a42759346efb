//! Data sets of image files: a folder that is decoded into memory, or a packed store.

use super::{Experiment, ProtocolError};
use crate::{
    data::{DataError, Dataset, folder, store::Store},
    nn::zoo,
};
use std::path::Path;

/// The side of the paper's images and of the window that its nets see.
const PAPER: [usize; 2] = [256, 227];

/// A folder's images, warped to 256 x 256 for nets that see 227 x 227 of it, else to the net's own input. Pack the
/// folder for another size.
pub(super) fn folder(path: &Path, experiment: &Experiment) -> Result<Dataset, ProtocolError> {
    let [_, height, _] = zoo::net(&experiment.net.name, 2)?.input;
    let side = if height == PAPER[1] { PAPER[0] } else { height };
    Ok(folder::load(&folder::open(path, None)?, side as u32)?)
}

/// The images of a packed store, which stay where they are.
pub(super) fn packed(path: &Path) -> Result<Dataset, DataError> {
    Store::open(path)?.dataset()
}
