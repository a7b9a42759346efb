//! What can go wrong while a network trains.

use crate::{data::DataError, nn::NnError, ops::OpsError};
use std::path::PathBuf;
use thiserror::Error;

/// An error of training.
#[derive(Debug, Error)]
pub enum TrainError {
    /// A solver setting out of its range.
    #[error("solver: {key} is {got}, expected {expected}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What would be right.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// Images that do not fit the net.
    #[error(
        "the data's images are {got:?} (channels, height, width), the net {net} needs at least {expected:?}; choose \
         another net or resize the data"
    )]
    Images {
        /// The net.
        net: String,
        /// Its input.
        expected: [usize; 3],
        /// The data's images.
        got: [usize; 3],
    },
    /// A label without an output.
    #[error("the data has label {label}, the net only {classes} outputs; raise `outputs` or correct the labels")]
    Label {
        /// The label.
        label: u32,
        /// The outputs.
        classes: usize,
    },
    /// No images to train on or to test on.
    #[error("the {what} set holds no images")]
    Empty {
        /// Which set.
        what: &'static str,
    },
    /// Non-finite values in the network.
    #[error(
        "{} is no longer finite at step {step} (loss {loss}): the network has diverged; lower base_lr, or loss_scale \
         where precision is not f32",
        place.as_deref().unwrap_or("the loss")
    )]
    Diverged {
        /// The step.
        step: u64,
        /// The loss of that step, or of the evaluation after it.
        loss: f64,
        /// The first tensor, in the order of computation, that holds an infinity or a NaN; none where the loss
        /// arrived when later steps had written over the step's tensors.
        place: Option<String>,
    },
    /// Frozen layers that changed while the network trained.
    #[error(
        "{layers}: frozen, but their digest was {expected} before training and is {got} after it; the result is not \
         kept: report this fault, with the device and the experiment"
    )]
    Thawed {
        /// The layers.
        layers: String,
        /// The digest before.
        expected: String,
        /// The digest after.
        got: String,
    },
    /// A checkpoint of other settings.
    #[error(
        "{path}: the checkpoint was made with other settings ({key}: {got}, now {expected}); go on with those, write \
         to another place, or delete it to begin anew"
    )]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What differs.
        key: &'static str,
        /// The value now.
        expected: String,
        /// The value in the file.
        got: String,
    },
    /// A safetensors file of another program, or a checkpoint.
    #[error(
        "{path}: is no weights file of strata: it does not say which net it belongs to; give a file that `strata \
         train` or a run directory wrote (NETWORK/weights.safetensors), or import it with `strata weights import`"
    )]
    NotWeights {
        /// The file.
        path: PathBuf,
    },
    /// A weights file from before such files held their nets.
    #[error(
        "{path}: was written before weights files held their net, preprocessing and classes; train the network again \
         (of a run directory, delete its folder first)"
    )]
    NoNet {
        /// The file.
        path: PathBuf,
    },
    /// A weights file in a later format.
    #[error("{path}: has format {got}, this version of strata reads format {expected}; use a newer version")]
    WeightsFormat {
        /// The file.
        path: PathBuf,
        /// The format that is read.
        expected: u32,
        /// The format of the file.
        got: u32,
    },
    /// A weights file whose description is not what strata writes.
    #[error("{path}: {reason}; the file is damaged: write it again")]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A weights file with a value that is not a number, or infinite.
    #[error(
        "{path}: tensor {tensor} holds non-finite values: the network has diverged, or the file is damaged; train it \
         again with a lower base_lr"
    )]
    NonFiniteTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A line of a records file that cannot be read.
    #[error("{path}, line {line}: {reason}; delete the network's folder to train it again")]
    Records {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The run was asked to stop; the checkpoint is written.
    #[error("stopped at step {step}; start the same command again to continue")]
    Stopped {
        /// The step.
        step: u64,
    },
    /// An error of the net.
    #[error(transparent)]
    Nn(#[from] NnError),
    /// An error of the data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An error of the device.
    #[error(transparent)]
    Ops(#[from] OpsError),
}
