//! The solver, the order of images, the training loop, checkpoints and records.

pub mod batches;
pub mod checkpoint;
pub mod confusion;
mod division;
mod error;
mod evaluate;
mod feeder;
pub mod frozen;
pub mod inference;
pub mod prefix;
pub mod record;
pub mod schedule;
pub mod solver;
mod solver_keys;
mod statistics;
pub mod trainer;
mod watch;
pub mod weights_file;

pub use batches::{Batches, Images, Reading};
pub use confusion::Confusion;
pub use division::Division;
pub use error::TrainError;
pub use evaluate::Scores;
pub use frozen::Frozen;
pub use prefix::Prefixes;
pub use record::{HeldOut, Record};
pub use schedule::{Policy, Schedule, Warmup};
pub use solver::Solver;
pub use solver_keys::USUAL_LOSS_SCALE;
pub use trainer::Trainer;
pub use weights_file::{Preprocessing, WeightsFile};
