//! Checkpoints: everything that a training run needs to go on to the same bits.

use super::{Record, TrainError, Trainer};
use crate::{
    host::atomic,
    nn::{
        NnError,
        weights::{self, Tensors},
    },
};
use std::path::Path;

/// Where a checkpoint stands, and what must not change between two sittings.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The digest of the resolved configuration and of the data.
    pub configuration: String,
    /// The device, because another one rounds differently.
    pub device: String,
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

/// Writes a checkpoint: weights, history, step and the losses since the last record.
///
/// # Errors
/// A lost device, a file that cannot be written.
pub fn save(trainer: &mut Trainer<'_>, losses: &[f64], identity: &Identity, path: &Path) -> Result<(), TrainError> {
    let mut tensors = weights_of(trainer)?;
    for param in trainer.net.params.clone() {
        if let Some(h) = param.h {
            tensors.insert(format!("history.{}", param.name), (param.shape, trainer.executor.read(h)?));
        }
    }
    // Losses are kept by their bits, because their mean is part of the next record.
    let losses: Vec<String> = losses.iter().map(|loss| format!("{:016x}", loss.to_bits())).collect();
    let metadata = [
        ("step", trainer.step.to_string()),
        ("losses", losses.join(" ")),
        ("configuration", identity.configuration.clone()),
        ("device", identity.device.clone()),
    ];
    let bytes = weights::encode(&tensors, &metadata)?;
    atomic::write(path, &bytes).map_err(|source| TrainError::Io { path: path.into(), source })
}

/// Loads a checkpoint into a trainer of the same configuration, and returns the losses since the last record.
/// `None` where there is no checkpoint.
///
/// # Errors
/// A damaged file, or one of another configuration or device.
pub fn load(
    trainer: &mut Trainer<'_>,
    records: &mut Vec<Record>,
    identity: &Identity,
    path: &Path,
) -> Result<Option<Vec<f64>>, TrainError> {
    if !path.exists() {
        return Ok(None);
    }
    let (tensors, metadata) = weights::read(path)?;
    let corrupt = |reason: &str| NnError::Corrupt { path: path.into(), reason: reason.into() };
    let get = |key: &str| metadata.get(key).cloned().unwrap_or_default();
    for (key, expected) in [("configuration", &identity.configuration), ("device", &identity.device)] {
        let got = get(key);
        if got != *expected {
            let expected = expected.clone();
            return Err(TrainError::Checkpoint { path: path.into(), key, expected, got });
        }
    }
    let step: u64 = get("step").parse().map_err(|_| corrupt("no step in its metadata"))?;
    let mut losses = Vec::new();
    for word in get("losses").split_whitespace() {
        losses.push(f64::from_bits(u64::from_str_radix(word, 16).map_err(|_| corrupt("a loss is not a number"))?));
    }
    for param in trainer.net.params.clone() {
        trainer.executor.write(param.w, weights::take(&tensors, &param, path)?)?;
        if let Some(h) = param.h {
            let history = crate::nn::Param { name: format!("history.{}", param.name), ..param };
            trainer.executor.write(h, weights::take(&tensors, &history, path)?)?;
        }
    }
    trainer.step = step;
    // A record written behind the checkpoint is written again when the run comes there.
    records.retain(|record| record.step <= step);
    Ok(Some(losses))
}
