//! Many machines on one directory: who owns a network, workers, files for engines, and the view of what they do.
#![cfg(unix)]

#[cfg(target_os = "linux")]
pub mod claims;
pub mod engines;
#[cfg(target_os = "linux")]
pub mod judge;
pub mod tensorboard;
pub mod workers;
