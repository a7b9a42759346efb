//! Records of a training run: one JSON line for each evaluation, of those on held-out images in a file of their own.

use super::TrainError;
use crate::host::{
    atomic::{self, Owner},
    bounded,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::Path;

/// One evaluation. It holds nothing that depends on the clock, so that a resumed run writes the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Training steps done.
    pub step: u64,
    /// Passes over the training images done.
    pub epoch: f64,
    /// The mean training loss since the record before.
    pub train_loss: f64,
    /// The mean loss on the evaluated images.
    pub loss: f64,
    /// The share of images whose true class has the greatest score.
    pub top1: f64,
    /// The share of images whose true class is among the five greatest scores.
    pub top5: f64,
    /// Images evaluated.
    pub images: u64,
}

/// One evaluation on images that are held out: what shows whether a schedule has reached its plateau.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Training steps done.
    pub step: u64,
    /// Passes over the training images done.
    pub epoch: f64,
    /// The mean loss on the held-out images.
    pub loss: f64,
    /// The share of them whose true class has the greatest score.
    pub top1: f64,
    /// The share of them whose true class is among the five greatest scores.
    pub top5: f64,
    /// Images evaluated.
    pub images: u64,
}

/// The text of a file of records.
pub fn text<T: Serialize>(records: &[T]) -> String {
    // A record holds numbers only, which always serialise.
    records.iter().map(|record| serde_json::to_string(record).unwrap_or_default() + "\n").collect()
}

/// Writes all records, replacing the file of this owner.
///
/// # Errors
/// A file that cannot be written.
pub fn write<T: Serialize>(path: &Path, records: &[T], owner: &dyn Owner) -> Result<(), TrainError> {
    let text = text(records);
    atomic::write_owned(path, text.as_bytes(), owner).map_err(|source| TrainError::Io { path: path.into(), source })
}

/// Reads all records; none where there is no file yet.
///
/// # Errors
/// A file that cannot be read, or a line that is no record.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, TrainError> {
    let text = match bounded::read_text(path, bounded::TEXT) {
        Ok(text) => text,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(TrainError::Io { path: path.into(), source }),
    };
    let parse = |(i, line)| {
        serde_json::from_str(line).map_err(|e: serde_json::Error| TrainError::Records {
            path: path.into(),
            line: i + 1,
            reason: e.to_string(),
        })
    };
    text.lines().enumerate().map(parse).collect()
}
