//! Weights files: safetensors with the outer shapes (OIHW, `[out, in]`) under PyTorch-like names.

use super::{NnError, Param, ParamRole};
use crate::host::bounded;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{collections::HashMap, path::Path};

/// The largest header that is read, in bytes: weights files of this project need a few kilobytes.
pub const MAX_HEADER: u64 = 10_000_000;

/// The most tensors of one file.
pub const MAX_TENSORS: u64 = 100_000;

/// The largest file that is read: 8 GiB. A checkpoint of AlexNet has half of one.
pub const MAX_FILE: u64 = 8 << 30;

/// The entry of a file's metadata that holds what strata says of it.
const KEY: &str = "strata";

/// Named tensors with their shapes, in the order of their names.
pub type Tensors = std::collections::BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The bytes of a safetensors file that says `text` of itself, under the key `strata` of its metadata. The same tensors
/// and text give the same bytes.
pub fn encode(tensors: &Tensors, text: &str) -> Result<Vec<u8>, NnError> {
    let corrupt = |e: safetensors::SafeTensorError| NnError::Corrupt { path: "".into(), reason: e.to_string() };
    let mut views = Vec::new();
    for (name, (shape, values)) in tensors {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytemuck::cast_slice(values)).map_err(corrupt)?;
        views.push((name.clone(), view));
    }
    // One entry of metadata, because the order of a hash map's entries would change the bytes from run to run.
    let metadata = HashMap::from([(KEY.to_string(), text.to_string())]);
    safetensors::serialize(views, Some(metadata)).map_err(corrupt)
}

/// Reads tensors back, and what the file says of itself: nothing, where another program wrote it.
///
/// # Errors
/// A file that is not there, is cut off, has another element type or is over [`MAX_HEADER`], [`MAX_TENSORS`] or
/// [`MAX_FILE`].
pub fn read(path: &Path) -> Result<(Tensors, String), NnError> {
    let bytes = bounded::read(path, MAX_FILE).map_err(|source| NnError::Io { path: path.into(), source })?;
    decode(path, &bytes)
}

/// Reads tensors and text from bytes; `path` names them in messages.
///
/// # Errors
/// As [`read`].
pub fn decode(path: &Path, bytes: &[u8]) -> Result<(Tensors, String), NnError> {
    let corrupt = |reason: String| NnError::Corrupt { path: path.into(), reason };
    let too_large = |what, got, limit| NnError::TooLarge { path: path.into(), what, got, limit };
    let header = bytes.first_chunk::<8>().map(|b| u64::from_le_bytes(*b));
    match header {
        None => return Err(corrupt("shorter than a header".into())),
        Some(length) if length > MAX_HEADER => return Err(too_large("bytes of header", length, MAX_HEADER)),
        Some(_) => {}
    }
    let (length, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| corrupt(e.to_string()))?;
    let (infos, body) = (metadata.tensors(), &bytes[8 + length..]);
    if infos.len() as u64 > MAX_TENSORS {
        return Err(too_large("tensors", infos.len() as u64, MAX_TENSORS));
    }
    let mut tensors = Tensors::new();
    for (name, info) in infos {
        if info.dtype != Dtype::F32 {
            return Err(corrupt(format!("tensor {name} is {:?}, expected F32", info.dtype)));
        }
        // The library has compared the sum of all sizes with the length; a slice is never taken on its word alone.
        let (from, to) = info.data_offsets;
        let values = body.get(from..to).ok_or_else(|| corrupt(format!("tensor {name} lies past the end")))?;
        let values = values.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        tensors.insert(name, (info.shape.clone(), values));
    }
    let text = metadata.metadata().as_ref().and_then(|entries| entries.get(KEY).cloned()).unwrap_or_default();
    Ok((tensors, text))
}

/// The values of a net's parameter, with its shape checked.
///
/// # Errors
/// A tensor that is missing or of another shape.
pub fn take<'a>(tensors: &'a Tensors, param: &Param, path: &Path) -> Result<&'a [f32], NnError> {
    let Some((shape, values)) = tensors.get(&param.name) else {
        let (path, tensor) = (path.into(), param.name.clone());
        return Err(match param.role {
            ParamRole::Statistic => NnError::MissingStatistics { path, tensor },
            ParamRole::Weight | ParamRole::Bias => NnError::MissingTensor { path, tensor },
        });
    };
    if *shape != param.shape {
        let (tensor, expected, got) = (param.name.clone(), param.shape.clone(), shape.clone());
        return Err(NnError::TensorShape { path: path.into(), tensor, expected, got });
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Tensors {
        Tensors::from([
            ("a.weight".into(), (vec![2, 3], vec![1.0; 6])),
            ("a.bias".into(), (vec![2], vec![0.5, f32::MIN])),
        ])
    }

    #[test]
    fn tensors_and_text_come_back_and_the_bytes_are_always_the_same() {
        let text = "step = 12\n\"quoted\" \u{e9}";
        let bytes = encode(&sample(), text).unwrap();
        assert_eq!(bytes, encode(&sample(), text).unwrap());
        let (tensors, read) = decode(Path::new("w"), &bytes).unwrap();
        assert_eq!((tensors, read.as_str()), (sample(), text));
    }

    #[test]
    fn a_cut_or_outsized_file_is_refused_by_name() {
        let bytes = encode(&sample(), "").unwrap();
        for cut in [0, 7, 20, bytes.len() - 1] {
            let message = decode(Path::new("cut.safetensors"), &bytes[..cut]).unwrap_err().to_string();
            assert!(message.contains("cut.safetensors"), "{message}");
        }
        let huge = [u64::MAX.to_le_bytes().as_slice(), &[b'{'; 64]].concat();
        assert!(decode(Path::new("huge"), &huge).is_err());
    }
}
