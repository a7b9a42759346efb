//! Nothing is lost: kills, stops, faults of files and devices, damaged checkpoints, owners, non-finite values.
//!
//! The counts are those of the suite; `scripts/soak` raises them by environment variables.
#![cfg(unix)]

pub mod damaged;
pub mod devices;
pub mod diverged;
pub mod faults;
pub mod killed;
pub mod made;
pub mod orders;
pub mod shared;
pub mod side_by_side;
pub mod stopped;
