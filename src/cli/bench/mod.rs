//! `strata bench`: how fast this machine trains. Correctness is `strata gradcheck`'s; nothing here asserts a time.

mod layers;
mod step;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Options {
    /// Whole training steps and inference of one net of the zoo on random images
    Step(step::Options),
}

pub fn main(options: &Options) -> Result<()> {
    match options {
        Options::Step(options) => step::main(options),
    }
}

/// The median of some seconds; 0 where there are none.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(0.0)
}
