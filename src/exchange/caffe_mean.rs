//! Caffe's mean images (`mean.binaryproto`).

use super::{
    ExchangeError, Format,
    caffe::{contents, decoded},
    caffe_messages::{BLOB, Blob},
};
use crate::host::bounded;
use std::path::Path;

/// The largest mean image, in bytes.
const MAX_MEAN: u64 = 64 << 20;

/// A mean image: channels, height and width, blue first.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanFile {
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// Its values, `[c][h][w]`, in the file's order of channels.
    pub values: Vec<f32>,
}

/// Reads a mean image of Caffe (`mean.binaryproto`).
///
/// # Errors
/// A file that cannot be read, is damaged, or is no image.
pub fn mean(path: &Path) -> Result<MeanFile, ExchangeError> {
    let bytes = bounded::read(path, MAX_MEAN).map_err(|source| ExchangeError::Io { path: path.into(), source })?;
    parse_mean(path, &bytes)
}

/// Reads the bytes of a mean image; `path` names it in messages.
///
/// # Errors
/// As [`mean`].
pub fn parse_mean(path: &Path, bytes: &[u8]) -> Result<MeanFile, ExchangeError> {
    let format = Format::CaffeMean;
    let corrupt = |reason: String| ExchangeError::Corrupt { path: path.into(), format, reason };
    let blob: Blob = decoded(path, format, bytes, &BLOB)?;
    let (shape, values) = contents(blob).map_err(corrupt)?;
    let shape = match shape[..] {
        [c, h, w] | [1, c, h, w] if !values.is_empty() => [c, h, w],
        _ => return Err(corrupt(format!("its shape is {shape:?}, expected channels, height and width"))),
    };
    if let count @ 1.. = values.iter().filter(|value| !value.is_finite()).count() {
        let tensor = "the mean".to_string();
        return Err(ExchangeError::NonFinite { path: path.into(), tensor, count, of: values.len() });
    }
    Ok(MeanFile { shape, values })
}
