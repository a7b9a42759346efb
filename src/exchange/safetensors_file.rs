//! Safetensors files of any program.

use super::{
    ExchangeError, FileTensor, ForeignFile, Format, Order,
    file::elements,
    layer_names,
    pytorch::{of_bf16, of_f16, of_f32, of_f64},
};
use crate::nn::weights::MAX_HEADER;
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

/// Reads a file.
///
/// # Errors
/// As [`super::parse`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<ForeignFile, ExchangeError> {
    let format = Format::Safetensors;
    let corrupt = |reason: String| ExchangeError::Corrupt { path: path.into(), format, reason };
    let length = bytes.first_chunk::<8>().map_or(0, |b| u64::from_le_bytes(*b));
    if length > MAX_HEADER {
        return Err(ExchangeError::TooLarge {
            path: path.into(),
            what: "bytes of header",
            got: length,
            limit: MAX_HEADER,
        });
    }
    let (length, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| corrupt(error.to_string()))?;
    let body = &bytes[8 + length..];
    let text = metadata.metadata().as_ref().and_then(|entries| entries.get("strata").cloned()).unwrap_or_default();
    let (mut tensors, mut ignored) = (Vec::new(), Vec::new());
    // In the order of their offsets, in which the program that wrote the file had them.
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else { continue };
        if !text.is_empty() && name == "preprocessing.mean" {
            ignored.push(format!("{name}: strata's mean image"));
            continue;
        }
        let (from, to) = info.data_offsets;
        let values = body.get(from..to).ok_or_else(|| corrupt(format!("tensor {name} lies past the end")))?;
        let values = match info.dtype {
            Dtype::F32 => of_f32(values),
            Dtype::F64 => of_f64(values),
            Dtype::F16 => of_f16(values),
            Dtype::BF16 => of_bf16(values),
            other => {
                ignored.push(format!("{name}: elements of type {other:?}"));
                continue;
            }
        };
        let shape = info.shape.clone();
        if elements(&shape) != Some(values.len()) {
            return Err(corrupt(format!("tensor {name} has the shape {shape:?} and {} values", values.len())));
        }
        tensors.push(FileTensor { name, shape, values, order: Order::OutFirst });
    }
    if tensors.is_empty() {
        return Err(ExchangeError::NoWeights { path: path.into(), format, remedy: "save the tensors of a model" });
    }
    let groups = layer_names::groups(&tensors);
    Ok(ForeignFile { format, tensors, groups, layers: Vec::new(), ignored, text })
}
