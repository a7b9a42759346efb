//! What can be wrong with a net or a weights file.

use crate::ops::OpsError;
use std::path::PathBuf;
use thiserror::Error;

/// An error of nets and weights.
#[derive(Debug, Error)]
pub enum NnError {
    /// A layer's operation does not fit its input.
    #[error("net {net}, layer {layer}, input of {input:?} (channels, height, width): {source}")]
    Layer {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
        /// Channels, height, width of its input.
        input: [usize; 3],
        /// What does not fit.
        source: OpsError,
    },
    /// A net without a layer that gives class scores at its end.
    #[error(
        "net {net}: the last layer is {last}, expected a dense layer that gives one score a class; add one at the end"
    )]
    NoLogits {
        /// The net.
        net: String,
        /// Its last layer.
        last: String,
    },
    /// Two layers of one name.
    #[error("net {net}: two layers are named {layer}; names must differ")]
    DuplicateLayer {
        /// The net.
        net: String,
        /// The name.
        layer: String,
    },
    /// An unknown net.
    #[error("no net named {name:?} in the zoo; did you mean {nearest:?}? The zoo has {known}")]
    UnknownNet {
        /// What was asked for.
        name: String,
        /// The nearest known name.
        nearest: String,
        /// All names.
        known: String,
    },
    /// A prefix that a net does not have.
    #[error("net {net}: n = {n} layers, expected 1 to {most}; n counts layers with weights, the last one excluded")]
    Prefix {
        /// The net.
        net: String,
        /// What was asked for.
        n: usize,
        /// The largest n.
        most: usize,
    },
    /// A tensor that is missing from a weights file.
    #[error("{path}: tensor {tensor} is missing; the file belongs to another net")]
    MissingTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor of another shape.
    #[error("{path}: tensor {tensor} has shape {got:?}, expected {expected:?}; the file belongs to another net")]
    TensorShape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What the net wants.
        expected: Vec<usize>,
        /// What the file has.
        got: Vec<usize>,
    },
    /// A file that is no weights file.
    #[error("{path}: not a readable safetensors file ({reason}); delete it to have it made again")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A weights file over one of the limits.
    #[error("{path}: has {got} {what}, above the limit of {limit}; it is damaged or no network's weights: delete it")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        got: u64,
        /// The most that is read.
        limit: u64,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// An error of a device.
    #[error(transparent)]
    Ops(#[from] OpsError),
}
