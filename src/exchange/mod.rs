//! Weights of other programs: PyTorch, safetensors, Caffe and ONNX files, read under limits, matched to a net and
//! written.
//!
//! A file is read (`read`) into a [`ForeignFile`] (`file`); its first bytes tell its format, not its name. `matching`
//! finds the file's tensor for each parameter of a net and turns it (`turn`); `export` and `onnx_graph` write files for
//! others. `docs/weights.md` is the description for users.

mod caffe;
mod caffe_geometry;
mod caffe_mean;
mod caffe_messages;
mod differences;
mod error;
mod file;
mod inspect;
mod layer_names;
mod matching;
mod nearest;
mod onnx;
mod onnx_graph;
mod onnx_messages;
mod pickle;
mod pytorch;
mod read;
mod safetensors_file;
mod sequential;
mod turn;
mod wire;

pub use caffe_mean::{MeanFile, mean};
pub use error::ExchangeError;
pub use file::{FileTensor, ForeignFile, Format, Geometry, Group, Order, Part};
pub use inspect::{Inspection, Verdict, inspect, is_untrained};
pub use matching::{By, Matching, Row, fit};
pub use onnx_graph::{Preprocessing, onnx};
pub use read::{parse, read};
pub use sequential::torchvision_names;
pub use turn::{Flatten, Turns};
