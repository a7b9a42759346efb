//! Strata measures how transferable each layer of a convolutional network is, after
//! Yosinski, Clune, Bengio and Lipson (2014), on a compute engine of its own.
//!
//! The rooms below stand in the order of their floors; a room uses only rooms below it
//! (`tests/layering.rs` holds that order and fails on an arrow that points up).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod cpu;
pub mod data;
pub mod gpu;
pub mod host;
pub mod nn;
pub mod ops;
pub mod protocol;
pub mod report;
pub mod train;
