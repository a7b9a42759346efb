//! PyTorch's files: the zip archive of 1.6 and later, and the stream of pickles before it.
//!
//! `pytorch-reader` reads both as data. Before it does, every pickle is looked through (`pickle`) and the archive's
//! entries are held against the file's length, so that neither takes memory out of proportion.

use super::{
    ExchangeError, FileTensor, ForeignFile, Format, Order,
    file::{MAX_TENSORS, elements},
    layer_names,
    pickle::{MAX_OPCODES, Refusal, Seen},
};
use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader, Tensor};
use std::{collections::HashMap, io::Cursor, path::Path};

/// The largest pickle of a zip archive, in bytes: the names and shapes of tensors, not their values.
const MAX_PICKLE: u64 = 4 << 20;
/// The most entries of a zip archive.
const MAX_ENTRIES: usize = MAX_TENSORS + 100;
/// How many times the bytes of the file its tensors may have: tied weights are in the file once.
const MAX_GROWTH: u64 = 4;

/// What a training checkpoint keeps a state dict under.
const WRAPPERS: [&str; 5] = ["state_dict.", "model_state_dict.", "model_state.", "net.", "model."];

/// Reads a zip archive.
///
/// # Errors
/// As [`super::parse`].
pub fn zip(path: &Path, bytes: Vec<u8>) -> Result<ForeignFile, ExchangeError> {
    let format = Format::PytorchZip;
    let corrupt = |reason: String| ExchangeError::Corrupt { path: path.into(), format, reason };
    let damaged = |error: zip::result::ZipError| corrupt(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).map_err(damaged)?;
    if archive.len() > MAX_ENTRIES {
        let (got, limit) = (archive.len() as u64, MAX_ENTRIES as u64);
        return Err(ExchangeError::TooLarge { path: path.into(), what: "entries", got, limit });
    }
    let (mut total, mut pickles, mut place) = (0u64, 0u64, None);
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?;
        // torch.save stores everything as it is. What is compressed could be of any size.
        if entry.compression() != zip::CompressionMethod::Stored || entry.size() != entry.compressed_size() {
            return Err(corrupt(format!("its entry {name:?} is compressed, which torch.save never does")));
        }
        total = total.saturating_add(entry.size());
        if name.split('/').nth(1) == Some("code") {
            let reason = "is TorchScript, a program; save model.state_dict() of it".into();
            return Err(ExchangeError::Unknown { path: path.into(), reason });
        }
        if name.ends_with("data.pkl") {
            if place.is_some() {
                return Err(corrupt("it has more than one data.pkl".into()));
            }
            (pickles, place) = (pickles.saturating_add(entry.size()), Some(index));
        }
    }
    if total > bytes.len() as u64 {
        return Err(corrupt(format!("its entries have {total} bytes, more than the file: they overlap")));
    }
    let Some(index) = place else {
        return Err(ExchangeError::Unknown {
            path: path.into(),
            reason: "is a zip archive without data.pkl, not written by torch.save".into(),
        });
    };
    if pickles > MAX_PICKLE {
        return Err(ExchangeError::TooLarge {
            path: path.into(),
            what: "bytes of pickle",
            got: pickles,
            limit: MAX_PICKLE,
        });
    }
    let mut pickle = Vec::new();
    let mut entry = archive.by_index(index).map_err(damaged)?;
    std::io::Read::read_to_end(&mut entry, &mut pickle).map_err(|error| corrupt(error.to_string()))?;
    drop(entry);
    let mut seen = Seen::default();
    seen.pickle(&pickle).map_err(|refusal| refused(path, format, refusal))?;
    read(path, format, bytes, seen)
}

/// Reads a stream: a magic number, the protocol, sizes, the object and the keys of storages as pickles, then the
/// storages.
///
/// # Errors
/// As [`super::parse`].
pub fn stream(path: &Path, bytes: Vec<u8>) -> Result<ForeignFile, ExchangeError> {
    let format = Format::PytorchStream;
    let mut seen = Seen::default();
    let mut at = 0;
    for _ in 0..5 {
        at += seen.pickle(&bytes[at..]).map_err(|refusal| refused(path, format, refusal))?;
        // A single pickle of something else ends here, and is refused by its reader.
        if at == bytes.len() {
            break;
        }
    }
    read(path, format, bytes, seen)
}

fn refused(path: &Path, format: Format, refusal: Refusal) -> ExchangeError {
    let path = path.into();
    match refusal {
        Refusal::Damaged(reason) => ExchangeError::Corrupt { path, format, reason },
        Refusal::Code(global) => ExchangeError::Code { path, global },
        Refusal::Opcodes => {
            let limit = MAX_OPCODES as u64;
            ExchangeError::TooLarge { path, what: "opcodes of pickle or more", got: limit + 1, limit }
        }
    }
}

/// Reads the tensors of a file whose pickles have passed.
fn read(path: &Path, format: Format, bytes: Vec<u8>, seen: Seen) -> Result<ForeignFile, ExchangeError> {
    let corrupt = |reason: String| ExchangeError::Corrupt { path: path.into(), format, reason };
    let limit = MAX_GROWTH.saturating_mul(bytes.len() as u64).saturating_add(1 << 16);
    let reader = PytorchReader::from_bytes(bytes, None).map_err(|error| corrupt(error.to_string()))?;
    let mut tensors: Vec<Tensor> = reader.into_tensors().into_values().collect();
    let got = tensors.iter().fold(0u64, |sum, tensor| sum.saturating_add(tensor.byte_len() as u64));
    if got > limit {
        return Err(ExchangeError::TooLarge { path: path.into(), what: "bytes of tensors", got, limit });
    }
    // A reader's map has no order, but the pickle has: each name stands in it before its tensor.
    let mut places = HashMap::new();
    for (place, text) in seen.texts.iter().enumerate() {
        places.entry(text.as_str()).or_insert(place);
    }
    let place = |name: &str| {
        let key = |name: &str| places.get(name).copied();
        let inner = || name.match_indices('.').find_map(|(at, _)| key(&name[at + 1..]));
        key(name).or_else(inner).unwrap_or(usize::MAX)
    };
    tensors.sort_by(|a, b| (place(&a.name), &a.name).cmp(&(place(&b.name), &b.name)));
    let (mut read, mut ignored) = (Vec::new(), Vec::new());
    // A name with a dot that stands in the pickle as it is belongs to a state dict; one that does not, to a dict in
    // one.
    let inside = |wrapper: &&str| {
        tensors.iter().any(|tensor| tensor.name.starts_with(wrapper) && !places.contains_key(tensor.name.as_str()))
    };
    let wrapper = WRAPPERS.into_iter().find(inside);
    for tensor in tensors {
        let name = match wrapper {
            None => tensor.name.clone(),
            Some(wrapper) => match tensor.name.strip_prefix(wrapper) {
                Some(name) => name.to_string(),
                None => {
                    ignored.push(format!("{}: beside the state dict", tensor.name));
                    continue;
                }
            },
        };
        let shape = tensor.shape().to_vec();
        if elements(&shape) != Some(tensor.num_elements()) {
            return Err(corrupt(format!("tensor {name} has the shape {shape:?}")));
        }
        let bytes = || tensor.read().map_err(|error| corrupt(format!("tensor {name}: {error}")));
        let values = match tensor.dtype() {
            DType::F32 => of_f32(&bytes()?),
            DType::F64 => of_f64(&bytes()?),
            DType::F16 => of_f16(&bytes()?),
            DType::BF16 => of_bf16(&bytes()?),
            other => {
                ignored.push(format!("{name}: whole numbers ({other:?})"));
                continue;
            }
        };
        read.push(FileTensor { name, shape, values, order: Order::OutFirst });
    }
    if read.is_empty() {
        let remedy = "save model.state_dict() with torch.save";
        return Err(ExchangeError::NoWeights { path: path.into(), format, remedy });
    }
    let groups = layer_names::groups(&read);
    Ok(ForeignFile { format, tensors: read, groups, layers: Vec::new(), ignored, text: String::new() })
}

/// Little-endian numbers as `f32`.
pub(super) fn of_f32(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()
}

/// The same of `f64`.
pub(super) fn of_f64(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&chunk| f64::from_le_bytes(chunk) as f32).collect()
}

/// The same of `f16`.
pub(super) fn of_f16(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&chunk| f16::from_le_bytes(chunk).to_f32()).collect()
}

/// The same of `bf16`.
pub(super) fn of_bf16(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&chunk| bf16::from_le_bytes(chunk).to_f32()).collect()
}
