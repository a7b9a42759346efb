//! Nets: layers, the graph between them, freezing, initial weights, net files and weights files.
//!
//! A net is a graph of named layers without an automatic differentiator: each layer knows its forward and backward
//! operations (`layers`, one file each), and what needs a backward pass is decided once, when the net is built. A net
//! comes from a file (`net_file`), of which some are compiled in (`zoo`).

mod backward;
mod blocks;
mod build;
mod def;
mod error;
mod fuse;
pub mod gradcheck;
mod graph;
pub mod init;
mod keys;
pub mod layers;
pub mod memory_plan;
pub mod net;
pub mod net_file;
mod options;
mod tape;
mod watch;
pub mod weights;
pub mod zoo;

pub use blocks::Block;
pub use def::{INPUT, Layer, NetDef};
pub use error::NnError;
pub use init::{Filler, Init};
pub use layers::{Depends, Kind, Mode, ParamRole};
pub use net::{Net, Param};
pub use options::{BuildOptions, Input};
pub use tape::Tape;
