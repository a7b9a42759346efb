//! `strata data fetch`.

use super::bar;
use crate::cli::output::print_line;
use crate::data::fetch::{CATALOGUE, fetch, find};
use anyhow::{Result, anyhow};
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Options {
    /// Download mnist, fashion-mnist, cifar10 or cifar100
    name: String,
    /// Download into this folder (default: the name)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Download from this mirror; the official file names are appended to the address
    #[arg(long, value_name = "MIRROR")]
    url: Option<String>,
}

pub fn main(options: &Options) -> Result<()> {
    let set = find(&options.name).ok_or_else(|| {
        let known = CATALOGUE.map(|set| set.name).join(", ");
        anyhow!("no data set {:?} to fetch; there are {known}", options.name)
    })?;
    let folder = options.out.clone().unwrap_or_else(|| PathBuf::from(set.name));
    let bar = bar("{prefix} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left");
    let result = fetch(set, options.url.as_deref(), &folder, &|name, done, total| {
        bar.set_prefix(name.to_string());
        bar.set_length(total.unwrap_or(done));
        bar.set_position(done);
    });
    bar.finish_and_clear();
    result?;
    print_line!("{}: --set data.source={} --set data.path={}", set.name, set.source, folder.display())?;
    Ok(())
}
