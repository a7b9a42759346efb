//! What can be wrong with a weights file of another program, or with its match to a net.

use super::Format;
use crate::nn::NnError;
use std::path::PathBuf;
use thiserror::Error;

/// An error of import, export or inspection.
#[derive(Debug, Error)]
pub enum ExchangeError {
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file of none of the formats.
    #[error(
        "{}: {reason}; expected a PyTorch state dict (.pth), safetensors, a Caffe model (.caffemodel) or an ONNX model",
        path.display()
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        reason: String,
    },
    /// A file that is not what its format allows.
    #[error("{}: damaged {format} file: {reason}; copy or download it again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
        /// What is wrong.
        reason: String,
    },
    /// A file over a limit.
    #[error("{}: has {got} {what}, above the limit of {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        got: u64,
        /// The most there may be.
        limit: u64,
    },
    /// A pickle that names something which no state dict needs: Python would import and perhaps call it.
    #[error(
        "{}: the pickle names the Python object {global}, which no state dict needs; nothing was run. If you trust the \
         file, load it in Python and save model.state_dict() alone",
        path.display()
    )]
    Code {
        /// The file.
        path: PathBuf,
        /// Its module and name.
        global: String,
    },
    /// A file that describes a net without its weights.
    #[error("{}: there are no weights in this {format} file; {remedy}", path.display())]
    NoWeights {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
        /// Where they may be.
        remedy: &'static str,
    },
    /// An ONNX tensor in another file.
    #[error(
        "{}: the values of {tensor} are in another file ({location}), which is not read; save the model with its data \
         inside (onnx.save without save_as_external_data)",
        path.display()
    )]
    External {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The name of the other file.
        location: String,
    },
    /// Weights of a type that is not read.
    #[error(
        "{}: tensor {tensor} has elements of type {got}, expected f32, f64, f16 or bf16; dequantise it first",
        path.display()
    )]
    ElementType {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its type.
        got: String,
    },
    /// Weights that are NaN or infinite.
    #[error("{}: tensor {tensor} has {count} non-finite of {of} values; such weights give no scores", path.display())]
    NonFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its non-finite values.
        count: usize,
        /// All of its values.
        of: usize,
    },
    /// Weights that do not fit the net, or not completely.
    #[error("{}: does not fit the net {net}: {reason}{remedy}", path.display())]
    Unmatched {
        /// The file.
        path: PathBuf,
        /// The net.
        net: String,
        /// What does not fit.
        reason: String,
        /// What may help.
        remedy: String,
    },
    /// A mean of a size that the net cannot have been trained with.
    #[error(
        "{}: a mean of {got} (channels, height, width) is none for the net {net}, whose input is {expected}; expected \
         as many channels, and height and width that are equal and no smaller",
        path.display()
    )]
    MeanSize {
        /// The file.
        path: PathBuf,
        /// The net.
        net: String,
        /// The net's input.
        expected: String,
        /// The mean's shape.
        got: String,
    },
    /// A list with another number of values than the net's input has channels.
    #[error("{what} has {got} values, expected {expected}: one for each channel of the net's input")]
    Channels {
        /// What it is.
        what: &'static str,
        /// Channels.
        expected: usize,
        /// Values.
        got: usize,
    },
    /// A side of images that does not fit.
    #[error("--images is {got}, expected {expected}")]
    ImageSide {
        /// What would fit.
        expected: String,
        /// The side.
        got: usize,
    },
    /// A factor that makes nothing of images.
    #[error("pixels would be multiplied with {got}, expected a number other than 0 (--std, --scale)")]
    Factor {
        /// The factor.
        got: f32,
    },
    /// A list of class names that is too long or empty.
    #[error("{}: has {got} names of classes, expected 1 to {expected}, one a line", path.display())]
    ClassNames {
        /// The file.
        path: PathBuf,
        /// Outputs of the net.
        expected: usize,
        /// Names.
        got: usize,
    },
    /// A net whose layers have no names of another framework.
    #[error("net {net}: {reason}")]
    Names {
        /// The net.
        net: String,
        /// Why, and what to do instead.
        reason: String,
    },
    /// A net, or weights of strata's own.
    #[error(transparent)]
    Nn(#[from] NnError),
}
