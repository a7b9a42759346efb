//! `strata bench`: how fast this machine trains. Correctness is `strata gradcheck`'s; nothing here asserts a time.

mod kernels;
mod layers;
pub mod net;
mod step;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Options {
    /// Time whole training steps and inference of one net on random images
    Step(step::Options),
    /// Check every operation, then time it at the shapes of the study's nets, against the peak of the device
    Kernels(kernels::Options),
}

pub fn main(options: &Options) -> Result<()> {
    match options {
        Options::Step(options) => step::main(options),
        Options::Kernels(options) => kernels::main(options),
    }
}
