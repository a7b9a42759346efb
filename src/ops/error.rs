//! What can go wrong with an operation's shapes, or on a device.

use std::path::PathBuf;
use thiserror::Error;

/// An error of the operations.
#[derive(Debug, Error)]
pub enum OpsError {
    /// The gpu executor failed.
    #[error(transparent)]
    Gpu(#[from] crate::gpu::GpuError),
    /// A device that does not compute in the precision of a program.
    #[error(
        "{device} does not compute in {asked} precision, which runs on a gpu that was opened for it; use `--precision \
         f32`, or `--device gpu` with `--precision {asked}`"
    )]
    Precision {
        /// The device.
        device: String,
        /// The precision.
        asked: &'static str,
    },
    /// A window does not fit its input.
    #[error(
        "{op}: no window of {kernel:?} (stride {stride:?}, padding {padding:?}, dilation {dilation:?}) fits an input \
         of {input:?}; use a smaller kernel or more padding"
    )]
    Window {
        /// The operation.
        op: &'static str,
        /// Kernel height and width.
        kernel: [usize; 2],
        /// Stride down and across.
        stride: [usize; 2],
        /// Padding above and left.
        padding: [usize; 2],
        /// Dilation down and across.
        dilation: [usize; 2],
        /// Input height and width.
        input: [usize; 2],
    },
    /// Channels that the groups do not divide.
    #[error("{op}: {groups} groups do not divide {channels} {what} channels; choose a divisor of both channel counts")]
    Groups {
        /// The operation.
        op: &'static str,
        /// The groups asked for.
        groups: usize,
        /// The channels.
        channels: usize,
        /// Which channels: input or output.
        what: &'static str,
    },
    /// Two tensors that cannot be added.
    #[error("add: the inputs have shapes {a:?} and {b:?} (channels, height, width), expected one shape")]
    Terms {
        /// Channels, height and width of the first.
        a: [usize; 3],
        /// Those of the second.
        b: [usize; 3],
    },
    /// A variance of one value.
    #[error("{op}: a channel has one value in training, which has no variance; use a larger batch, or a larger input")]
    OneValue {
        /// The operation.
        op: &'static str,
    },
    /// A parameter out of its range.
    #[error("{op}: {parameter} is {got}, expected {expected}")]
    Parameter {
        /// The operation.
        op: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What would be right.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// Values of the wrong count for a tensor.
    #[error("tensor {tensor}: expected {expected} values, got {got}")]
    Length {
        /// The tensor.
        tensor: String,
        /// Its length in the outer layout.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// The file of an adapter's preferred tiles.
    #[error("{}: {message}; `strata tune` measures again", path.display())]
    Tuning {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The file of an adapter's preferred tiles cannot be written.
    #[error("{}: {message}; set STRATA_CACHE to a folder that can be written", path.display())]
    TuningKept {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        message: String,
    },
    /// An adapter whose clock cannot be read.
    #[error(
        "this adapter has no timestamps; its operations cannot be timed one by one, but whole steps can (`bench step`)"
    )]
    NoTimestamps,
    /// A tensor whose storage may hold another one by now.
    #[error("tensor {tensor} passes between operations only; build the net with `keep_gradients` to read it")]
    Passing {
        /// The tensor.
        tensor: String,
    },
    /// A tensor of another kind.
    #[error("tensor {tensor} holds {holds}, not {asked}")]
    Kind {
        /// The tensor.
        tensor: String,
        /// What it holds.
        holds: &'static str,
        /// What was asked for.
        asked: &'static str,
    },
}
