//! The paper's protocol: experiments, arms, the plan of networks, run directories and the runner.

pub mod arm;
mod balance;
mod check;
pub mod cka;
pub mod degenerate;
pub mod distance;
mod error;
pub mod experiment;
pub mod halving;
mod image_files;
pub mod keys;
mod lengths;
mod lock;
mod net_choice;
pub mod node;
pub mod plan;
mod reduced;
pub mod resolve;
pub mod run_dir;
pub mod runner;
pub mod settings;
mod shapes;
pub mod similarity;
pub mod source;
mod start;
pub mod streams;
mod unfinished;
pub mod work;

pub use arm::{Arm, Half};
pub use distance::SourceTask;
pub use error::ProtocolError;
pub use experiment::{Experiment, USUAL_MARGIN};
pub use halving::Halving;
pub use net_choice::NetChoice;
pub use plan::{Node, NodeKind, Plan};
pub use run_dir::{RunDir, State};
