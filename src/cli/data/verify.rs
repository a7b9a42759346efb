//! `strata data verify`.

use crate::{cli::output::print_line, data::store::Store};
use anyhow::Result;
use clap::Args;
use std::{path::PathBuf, time::Instant};

#[derive(Args, Debug)]
pub struct Options {
    /// Check this packed file
    #[arg(allow_hyphen_values = true)]
    file: PathBuf,
}

pub fn main(options: &Options) -> Result<()> {
    let start = Instant::now();
    let store = Store::open(&options.file)?;
    store.verify()?;
    let seconds = start.elapsed().as_secs_f64();
    let megabytes = 3e-6 * (store.len() * store.side() * store.side()) as f64;
    print_line!(
        "{}: {} images are what was packed ({seconds:.2} s, {:.0} MB/s)",
        options.file.display(),
        store.len(),
        megabytes / seconds
    )
}
