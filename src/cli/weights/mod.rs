//! `strata weights`: weights of other programs in and out, and what is in a file.

mod export;
mod import;
mod inspect;
mod preprocessing;
mod table;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Options {
    /// Match the weights of a PyTorch, safetensors, Caffe or ONNX file to a net, and write them as a weights file
    Import(Box<import::Options>),
    /// Write a weights file for other programs
    Export(export::Options),
    /// Print the statistics of a file's weights beside those of freshly initialised ones
    Inspect(inspect::Options),
}

pub fn main(options: &Options) -> Result<()> {
    match options {
        Options::Import(options) => import::main(options),
        Options::Export(options) => export::main(options),
        Options::Inspect(options) => inspect::main(options),
    }
}
