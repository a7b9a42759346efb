//! Proof of freezing: what did not learn has the bits that it had.

use super::{TrainError, Trainer};
use crate::host::digest;
use serde::{Deserialize, Serialize};

/// The frozen layers of a network, and the digest of their parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// The layers with parameters that do not learn, from the input up.
    pub layers: Vec<String>,
    /// The digest of their parameters, running statistics included, from the input up: little-endian `f32`, OIHW and
    /// `[out, in]`.
    pub digest: String,
}

impl Frozen {
    /// The layers in words: `conv1`, `conv1-conv3`.
    pub fn words(&self) -> String {
        match &self.layers[..] {
            [] => "no layer".into(),
            [only] => only.clone(),
            [first, .., last] => format!("{first}-{last}"),
        }
    }
}

impl Trainer<'_> {
    /// The frozen layers as they are now; none where all layers learn.
    ///
    /// # Errors
    /// A lost device.
    pub fn frozen(&mut self) -> Result<Option<Frozen>, TrainError> {
        let layers: Vec<String> =
            self.net.def.weighted().filter(|layer| !layer.learns()).map(|layer| layer.name.clone()).collect();
        if layers.is_empty() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let params = self.net.params.clone();
        for param in params.iter().filter(|param| layers.contains(&param.layer)) {
            // The digest of each, so that no copy of all of them is made.
            let values = self.executor.read(param.w)?;
            bytes.extend(format!("{} {}\n", param.name, digest::hex(bytemuck::cast_slice(&values))).into_bytes());
        }
        Ok(Some(Frozen { layers, digest: digest::hex(&bytes) }))
    }

    /// The frozen layers, held against what they were.
    ///
    /// # Errors
    /// [`TrainError::Thawed`] where a bit of them is another one; a lost device.
    pub fn still_frozen(&mut self, before: Option<&Frozen>) -> Result<Option<Frozen>, TrainError> {
        let now = self.frozen()?;
        match (before, &now) {
            (Some(before), Some(now)) if before.digest != now.digest => {
                let (layers, expected, got) = (now.words(), before.digest.clone(), now.digest.clone());
                Err(TrainError::Thawed { layers, expected, got })
            }
            _ => Ok(now),
        }
    }
}

/// What freezing came to, in words; `saved` is the share of a step's backward multiply-adds that it removed.
pub fn line(frozen: Option<&Frozen>, saved: f64) -> String {
    match frozen {
        None => "no layer is frozen; backward work saved 0 %".into(),
        Some(frozen) => {
            format!(
                "{} unchanged (digest {}); backward work saved {:.0} %",
                frozen.words(),
                frozen.digest,
                100.0 * saved
            )
        }
    }
}
