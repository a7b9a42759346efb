//! Layers, nets, freezing, initial weights, the zoo and weights files.
//!
//! A net is a chain of named layers without an automatic differentiator: each layer knows its forward and
//! backward operations, and what needs a backward pass is decided once, when the net is built.

mod backward;
mod build;
mod error;
pub mod init;
pub mod layer;
pub mod memory_plan;
pub mod net;
mod watch;
pub mod weights;
pub mod zoo;

pub use build::{BuildOptions, Input};
pub use error::NnError;
pub use init::{Filler, Init};
pub use layer::{Kind, Layer, NetDef};
pub use net::{ABOVE, ABOVE_NEXT, EVAL, NEXT, Net, PREFIX, Param, TRAIN, UPDATE, WATCH};
