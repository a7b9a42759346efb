//! What can be wrong with a net or a weights file.

use crate::ops::OpsError;
use std::path::PathBuf;
use thiserror::Error;

/// An error of nets and weights.
#[derive(Debug, Error)]
pub enum NnError {
    /// A layer does not fit its inputs.
    #[error("net {net}, layer {layer}, input {inputs} (channels, height, width): {source}")]
    Layer {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
        /// The names and shapes of its inputs.
        inputs: String,
        /// What does not fit.
        source: OpsError,
    },
    /// A layer that reads another number of tensors than it has inputs.
    #[error("net {net}, layer {layer}: a layer of type {kind} has {expected} inputs, got {got}")]
    InputCount {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
        /// Its type.
        kind: &'static str,
        /// Its inputs.
        expected: usize,
        /// What it names.
        got: usize,
    },
    /// A layer that reads what is not there.
    #[error("net {net}, layer {layer}: there is no input {input:?} before it; did you mean {nearest:?}?")]
    UnknownInput {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
        /// What it names.
        input: String,
        /// The nearest name of a layer before it.
        nearest: String,
    },
    /// A layer that reads one that is computed after it.
    #[error("net {net}, layer {layer}: its input {input} comes after it; move {input} in front of {layer}")]
    LaterInput {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
        /// What it names.
        input: String,
    },
    /// Layers that wait for each other.
    #[error("net {net}: layers wait for each other: {layers}; let one of them read something else")]
    Cycle {
        /// The net.
        net: String,
        /// Their names, each read by the next.
        layers: String,
    },
    /// A layer whose output goes nowhere.
    #[error("net {net}, layer {layer}: no layer reads its output; name it as an input, or remove it")]
    Unread {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
    },
    /// An invalid block.
    #[error("net {net}, layer {layer}: its block is {number}, expected {expected}")]
    Block {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
        /// Its block.
        number: usize,
        /// What would be right.
        expected: String,
    },
    /// A layer over a limit of sizes.
    #[error("net {net}, layer {layer}: has {got} {what}, above the limit of {limit}")]
    Size {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        got: usize,
        /// The most there may be.
        limit: usize,
    },
    /// A layer whose operation writes gradients of parameters and cannot add to those of another part of the batch.
    #[error("net {net}, layer {layer}: {operation} cannot add to gradients; set batch_parts to 1")]
    Parts {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
        /// The operation.
        operation: &'static str,
    },
    /// An invalid net file.
    #[error("{origin}: {reason}")]
    File {
        /// The file, or what stands for it.
        origin: String,
        /// What is wrong, with its place and what would be right.
        reason: String,
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
    #[error("no net named {name:?}, and no such file; did you mean {nearest:?}? `strata net list` has {known}")]
    UnknownNet {
        /// What was asked for.
        name: String,
        /// The nearest known name.
        nearest: String,
        /// All names.
        known: String,
    },
    /// A layer that is not there.
    #[error("net {net}: there is no layer {layer}; did you mean {nearest:?}?")]
    UnknownLayer {
        /// The net.
        net: String,
        /// What was asked for.
        layer: String,
        /// The nearest name.
        nearest: String,
    },
    /// A layer that has no counterpart in CaffeNet, and so none of the paper's fillers.
    #[error("net {net}: CaffeNet has no layer {layer}, and so no filler of the paper for it")]
    NoCaffeFiller {
        /// The net.
        net: String,
        /// The layer.
        layer: String,
    },
    /// A prefix that a net does not have.
    #[error("net {net}: n = {n} blocks, expected 1 to {most}; n counts its blocks, the last one excluded: {blocks}")]
    Prefix {
        /// The net.
        net: String,
        /// What was asked for.
        n: usize,
        /// The largest n.
        most: usize,
        /// The names of the blocks.
        blocks: String,
    },
    /// A block with a normalisation of which a part is frozen.
    #[error(
        "net {net}, block {block}: {frozen} is frozen and {learning} learns; a normalisation belongs to the weights \
         of its block: freeze all of the block, or nothing"
    )]
    PartlyFrozen {
        /// The net.
        net: String,
        /// The block.
        block: String,
        /// A layer that does not learn.
        frozen: String,
        /// A layer that does.
        learning: String,
    },
    /// Running statistics that are missing from a weights file.
    #[error(
        "{path}: the running statistics {tensor} are missing; a normalisation cannot be used without them: write the \
         file with them (in PyTorch they are buffers of the `state_dict`)"
    )]
    MissingStatistics {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
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
    #[error("{path}: not a readable safetensors file ({reason}); delete it to make it again")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A weights file over one of the limits.
    #[error("{path}: has {got} {what}, above the limit of {limit}; it is damaged or is not a weights file: delete it")]
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
