//! What a runner and the networks that it trains work with.

use super::{Experiment, RunDir, halves::Halves};
use crate::ops::Device;

/// What networks are made of and where they go.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its images.
    pub halves: &'a Halves,
    /// Its directory.
    pub runs: &'a RunDir,
    /// Where it is computed.
    pub device: &'a Device,
}
