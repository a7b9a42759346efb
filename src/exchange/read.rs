//! Reads a weights file of whatever format its first bytes tell.

use super::{ExchangeError, ForeignFile, Format, caffe, file::MAX_TENSORS, onnx, pytorch, safetensors_file, wire};
use crate::{host::bounded, nn::weights};
use std::path::Path;

/// Reads a weights file.
///
/// # Errors
/// A file that cannot be read; those of [`parse`].
pub fn read(path: &Path) -> Result<ForeignFile, ExchangeError> {
    let bytes =
        bounded::read(path, weights::MAX_FILE).map_err(|source| ExchangeError::Io { path: path.into(), source })?;
    parse(path, bytes)
}

/// Reads the bytes of a weights file; `path` names it in messages. Nothing in it is run.
///
/// # Errors
/// Bytes of no known format; a file that is damaged, over a limit, without weights, or not what its format allows; a
/// pickle that names anything a state dict does not need.
pub fn parse(path: &Path, bytes: Vec<u8>) -> Result<ForeignFile, ExchangeError> {
    let unknown = |reason: &str| Err(ExchangeError::Unknown { path: path.into(), reason: reason.into() });
    let file = match &bytes[..] {
        [] => return unknown("is empty"),
        [b'P', b'K', ..] => pytorch::zip(path, bytes)?,
        [0x80, _, ..] => pytorch::stream(path, bytes)?,
        [0x1f, 0x8b, ..] => return unknown("is compressed by gzip; decompress it first"),
        [0x89, b'H', b'D', b'F', ..] => return unknown("is HDF5 (Keras)"),
        [_, _, _, _, _, _, _, _, b'{', ..] => safetensors_file::parse(path, &bytes)?,
        _ => match wire::kind(&bytes) {
            Some(Format::Onnx) => onnx::parse(path, &bytes)?,
            Some(Format::Caffe) => caffe::parse(path, &bytes)?,
            Some(_) => return unknown("is a mean image of Caffe, which --mean takes"),
            None => return unknown("its first bytes are of no known format"),
        },
    };
    if file.tensors.len() > MAX_TENSORS {
        let (got, limit) = (file.tensors.len() as u64, MAX_TENSORS as u64);
        return Err(ExchangeError::TooLarge { path: path.into(), what: "tensors", got, limit });
    }
    Ok(file)
}
