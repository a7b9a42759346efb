//! `strata data`: everything about data sets before a network sees them.

mod bench;
mod fetch;
mod inspect;
mod pack;
mod verify;

use super::terminal;
use anyhow::Result;
use clap::{Args, Subcommand};
use indicatif::ProgressBar;

#[derive(Args, Debug)]
pub struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Decode and resize the images of a folder or of tar archives once, into one memory-mapped file
    Pack(pack::Options),
    /// Check every image of a packed file against the digest stored with it
    Verify(verify::Options),
    /// Download the published files of mnist, fashion-mnist, cifar10 or cifar100
    Fetch(fetch::Options),
    /// Print counts, mean and duplicate images of a data set; write a contact sheet
    Inspect(inspect::Options),
    /// Time packing and the reading of batches, in images per second
    Bench(bench::Options),
}

pub fn main(options: &Options) -> Result<()> {
    match &options.verb {
        Verb::Pack(options) => pack::main(options),
        Verb::Verify(options) => verify::main(options),
        Verb::Fetch(options) => fetch::main(options),
        Verb::Inspect(options) => inspect::main(options),
        Verb::Bench(options) => bench::main(options),
    }
}

/// A bar on a terminal, nothing elsewhere: what is worth a line is printed when it is done.
fn bar(template: &str) -> ProgressBar {
    terminal::bar(template, 0).unwrap_or_else(ProgressBar::hidden)
}
