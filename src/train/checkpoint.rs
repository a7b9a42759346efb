//! Checkpoints: everything that a training run needs to resume to the same bits.
//!
//! Two generations are kept. Each file holds the digest of its own bytes, so that one that is not what was written is
//! ignored in favour of the one before.

use super::{Division, HeldOut, Record, TrainError, Trainer, record};
use crate::{
    host::{
        atomic::{self, Owner},
        bounded, digest,
    },
    nn::{
        NnError, Param,
        weights::{self, Tensors},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Where a checkpoint stands, and what must not change between two sittings.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The digest of the resolved configuration and of the data.
    pub configuration: String,
    /// The device, because another one rounds differently.
    pub device: String,
}

/// What a run has measured so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The losses since the last record, whose mean is part of the next one.
    pub losses: Losses,
    /// The records. They are part of the checkpoint, so that none is lost or doubled whatever became of their file.
    pub records: Vec<Record>,
    /// Those on held-out images, which are part of it for the same reason.
    pub held_out: Vec<HeldOut>,
}

/// Losses of steps in their order, added up: a long run without a record keeps no list of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Their sum, from the first to the last.
    pub sum: f64,
    /// Their number.
    pub count: u64,
}

impl Losses {
    /// The mean; not a number where there are none.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}

impl Extend<f64> for Losses {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, losses: I) {
        for loss in losses {
            self.sum += loss;
            self.count += 1;
        }
    }
}

/// The parameters of a trainer by name, in the outer shapes.
///
/// # Errors
/// A lost device.
pub fn weights_of(trainer: &mut Trainer<'_>) -> Result<Tensors, TrainError> {
    let mut tensors = Tensors::new();
    for param in trainer.net.params.clone() {
        tensors.insert(param.name, (param.shape, trainer.executor.read(param.w)?));
    }
    Ok(tensors)
}

/// The generation before the checkpoint at `path`.
pub fn previous(path: &Path) -> PathBuf {
    path.with_extension("previous.safetensors")
}

/// Writes a checkpoint: weights, history, step and what was measured. The one before becomes [`previous`].
///
/// # Errors
/// A lost device; a file that cannot be written; non-finite values, which are not written, so that the last
/// finite checkpoint stays.
pub fn save(
    trainer: &mut Trainer<'_>,
    measured: &Measured,
    identity: &Identity,
    path: &Path,
    owner: &dyn Owner,
) -> Result<(), TrainError> {
    trainer.check_finite()?;
    let mut tensors = weights_of(trainer)?;
    for param in trainer.net.params.clone() {
        if let Some(h) = param.h {
            tensors.insert(format!("history.{}", param.name), (param.shape, trainer.executor.read(h)?));
        }
    }
    let mut metadata = vec![
        ("digest", BLANK.to_string()),
        ("step", trainer.step.to_string()),
        // By its bits, because the mean is part of the next record.
        ("loss_sum", format!("{:016x}", measured.losses.sum.to_bits())),
        ("loss_count", measured.losses.count.to_string()),
        ("configuration", identity.configuration.clone()),
        ("device", identity.device.clone()),
        ("records", on_one_line(&measured.records)),
    ];
    if !measured.held_out.is_empty() {
        metadata.push(("held_out", on_one_line(&measured.held_out)));
    }
    metadata.extend(trainer.division.map(|division| ("division", division.to_string())));
    let lines: Vec<String> = metadata.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    let bytes = sealed(weights::encode(&tensors, &lines.join("\n"))?);
    atomic::write_keeping(path, &bytes, &previous(path), owner)
        .map_err(|source| TrainError::Io { path: path.into(), source })
}

fn on_one_line<T: Serialize>(records: &[T]) -> String {
    record::text(records).trim_end().replace('\n', " ")
}

fn from_one_line<T: DeserializeOwned>(line: &str) -> Result<Vec<T>, String> {
    let records = serde_json::Deserializer::from_str(line).into_iter();
    records.collect::<Result<_, _>>().map_err(|error| format!("its records: {error}"))
}

/// Finds the newest whole checkpoint of a configuration on a device. `None` where there is none: the run begins anew,
/// to the same bits. `report` receives a message for each file that is ignored; the file is removed.
///
/// # Errors
/// A file that cannot be read; a whole one of another configuration or device.
pub fn find(
    identity: &Identity,
    path: &Path,
    report: &mut dyn FnMut(String),
) -> Result<Option<Checkpoint>, TrainError> {
    for path in [path, &previous(path)] {
        let bytes = match bounded::read(path, weights::MAX_FILE) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(source) => return Err(TrainError::Io { path: path.into(), source }),
        };
        match unpack(path, bytes) {
            Ok(checkpoint) => return checkpoint.checked(identity).map(Some),
            Err(reason) => {
                report(format!("{}: {reason}; this checkpoint is removed and ignored", path.display()));
                // The next save would else keep it in place of the whole one before it.
                let _ = fs::remove_file(path);
            }
        }
    }
    Ok(None)
}

/// Removes both generations. What cannot be removed would only cost space.
pub fn remove(path: &Path) {
    for path in [path, &previous(path)] {
        let _ = fs::remove_file(path);
    }
}

/// The content of a whole file.
#[derive(Debug)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u64,
    /// How batches were divided, where the device had no memory for larger ones: the run must continue so.
    pub division: Option<Division>,
    path: PathBuf,
    tensors: Tensors,
    metadata: HashMap<String, String>,
    measured: Measured,
}

/// Reads the bytes of a checkpoint, or says why they are not what was written.
fn unpack(path: &Path, bytes: Vec<u8>) -> Result<Checkpoint, String> {
    let whole = unsealed(bytes).ok_or("it is not what was written, by its digest")?;
    let (tensors, lines) = weights::decode(path, &whole).map_err(|error| match error {
        NnError::Corrupt { reason, .. } => reason,
        other => other.to_string(),
    })?;
    let pairs = lines.lines().filter_map(|line| line.split_once(" = "));
    let metadata: HashMap<_, _> = pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let get = |key: &str| metadata.get(key).map_or("", String::as_str);
    let step = get("step").parse().map_err(|_| "it has no step")?;
    let sum = u64::from_str_radix(get("loss_sum"), 16).map_err(|_| "the sum of its losses is not a number")?;
    let count = get("loss_count").parse().map_err(|_| "it does not say how many losses it has")?;
    let measured = Measured {
        losses: Losses { sum: f64::from_bits(sum), count },
        records: from_one_line(get("records"))?,
        held_out: from_one_line(get("held_out"))?,
    };
    let division = metadata.get("division").map(|words| words.parse()).transpose()?;
    Ok(Checkpoint { step, division, path: path.into(), tensors, metadata, measured })
}

impl Checkpoint {
    fn checked(mut self, identity: &Identity) -> Result<Self, TrainError> {
        for (key, expected) in [("configuration", &identity.configuration), ("device", &identity.device)] {
            let got = self.metadata.remove(key).unwrap_or_default();
            if got != *expected {
                let (path, expected) = (self.path, expected.clone());
                return Err(TrainError::Checkpoint { path, key, expected, got });
            }
        }
        Ok(self)
    }

    /// Loads it into a trainer of the same configuration, whose batches have as many parts, and returns what was
    /// measured.
    ///
    /// # Errors
    /// Tensors that are missing or of another shape; a lost device.
    pub fn load(self, trainer: &mut Trainer<'_>) -> Result<Measured, TrainError> {
        for param in trainer.net.params.clone() {
            trainer.executor.write(param.w, weights::take(&self.tensors, &param, &self.path)?)?;
            if let Some(h) = param.h {
                let history = Param { name: format!("history.{}", param.name), ..param };
                trainer.executor.write(h, weights::take(&self.tensors, &history, &self.path)?)?;
            }
        }
        trainer.step = self.step;
        trainer.division = self.division;
        Ok(self.measured)
    }
}

/// What stands before a checkpoint's own digest.
const BEFORE: &[u8] = b"digest = ";
/// What stands for the digest while it is computed.
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn place(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(BEFORE.len()).position(|words| words == BEFORE)? + BEFORE.len();
    (at + BLANK.len() <= bytes.len()).then_some(at)
}

/// Writes the digest of all bytes into its blank place among them.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(at) = place(&bytes) {
        let digest = digest::hex(&bytes);
        bytes[at..at + BLANK.len()].copy_from_slice(digest.as_bytes());
    }
    bytes
}

/// The bytes as they were sealed, where they are those.
fn unsealed(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let at = place(&bytes)?;
    let end = at + BLANK.len();
    let written = bytes[at..end].to_vec();
    bytes[at..end].copy_from_slice(BLANK.as_bytes());
    (digest::hex(&bytes).as_bytes() == written).then_some(bytes)
}
