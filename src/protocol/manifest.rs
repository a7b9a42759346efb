//! What a network's folder says of it when it has ended: its manifest, and how long it took.

use crate::train::{Division, Frozen};
use serde::{Deserialize, Serialize};

/// What became of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not begun.
    Pending,
    /// Begun, not finished, and a process is at work on it.
    Running,
    /// Begun, not finished, and no process is at work on it: the next command resumes it.
    Interrupted,
    /// Trained and evaluated.
    Done,
    /// Stopped by an error that comes again whenever it is tried.
    Failed,
    /// Stopped because of non-finite values.
    Diverged,
}

/// What a finished, failed or diverged network says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The network.
    pub node: String,
    /// What became of it.
    pub state: State,
    /// Why, where it failed or diverged.
    pub message: Option<String>,
    /// The device in words.
    pub device: String,
    /// The order of the device's sums, where it has a version: results of another order are other bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerics: Option<u32>,
    /// The version of strata.
    pub version: String,
    /// The digest of `settings`.
    pub configuration: String,
    /// The digest of the images.
    pub data: String,
    /// The digests of the parents' weights.
    pub parents: Vec<String>,
    /// The digest of `weights.safetensors`.
    pub weights: Option<String>,
    /// The digest of `log.jsonl`.
    pub log: Option<String>,
    /// The digest of `held-out.jsonl`, where there is one.
    #[serde(default)]
    pub held_out: Option<String>,
    /// The digest of `confusion.json`.
    #[serde(default)]
    pub confusion: Option<String>,
    /// Multiply-adds of training and evaluation as [`super::work`] counts them; those of a forward pass that was
    /// shared with another network are counted in both, so that the number does not depend on which came first.
    #[serde(default)]
    pub multiply_adds: Option<u64>,
    /// How batches were divided, where the device had no memory for larger ones.
    #[serde(default)]
    pub division: Option<Division>,
    /// What was frozen and stayed as it was, and what that saved.
    #[serde(default)]
    pub frozen: Option<Proof>,
    /// What the network's bits depend on, apart from the images and the parents.
    pub settings: toml::Table,
}

/// What freezing came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The share of a step's backward multiply-adds that it removed.
    pub backward_saved: f64,
    /// The frozen layers with their digest; none where all learn.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Frozen>,
}

/// How long a network took; apart from the records, because it differs from run to run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Seconds of training and evaluation, over all sittings.
    pub seconds: f64,
    /// Sittings.
    pub sittings: u32,
    /// Those of the seconds that passed waiting for the bytes of images.
    #[serde(default)]
    pub waiting: f64,
}
