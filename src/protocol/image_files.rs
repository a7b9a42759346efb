//! Data sets of image files: a folder that is decoded into memory, or a packed store.

use super::{Experiment, ProtocolError};
use crate::data::{DataError, Dataset, folder, store::Store};
use std::path::Path;

/// The side of the paper's images, and the sides of the windows that its nets and torchvision's see.
const PAPER: (usize, [usize; 2]) = (256, [227, 224]);

/// The shape in which images are kept for an experiment's net, `[height, width, channels]`: its input's, or 256 x 256
/// for nets that see 227 x 227 or 224 x 224 of it.
pub(super) fn shape(experiment: &Experiment) -> Result<[usize; 3], ProtocolError> {
    let [channels, height, width] = experiment.net.def()?.input;
    let side = |of_net: usize| if PAPER.1.contains(&of_net) { PAPER.0 } else { of_net };
    Ok([side(height), side(width), channels])
}

/// A folder's images, warped to the rows of [`shape`]. Pack the folder for another size.
pub(super) fn folder(path: &Path, experiment: &Experiment) -> Result<Dataset, ProtocolError> {
    let [side, ..] = shape(experiment)?;
    Ok(folder::load(&folder::open(path, None)?, side as u32)?)
}

/// The images of a packed store, which stay where they are.
pub(super) fn packed(path: &Path) -> Result<Dataset, DataError> {
    Store::open(path)?.dataset()
}
