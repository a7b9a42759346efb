//! `strata data fetch`.

use super::bar;
use crate::{
    cli::{one_of, output::print_line},
    data::fetch::{CATALOGUE, Published, fetch},
};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Options {
    /// Download this data set
    #[arg(value_name = "NAME", value_parser = one_of(CATALOGUE, |set| set.name, |set| set.url))]
    set: Published,
    /// Download into this folder (default: the name)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Download from this mirror; the official file names are appended to the address
    #[arg(long, value_name = "MIRROR")]
    url: Option<String>,
}

pub fn main(options: &Options) -> Result<()> {
    let set = &options.set;
    let folder = options.out.clone().unwrap_or_else(|| PathBuf::from(set.name));
    let bar = bar("{prefix} {bar:16} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left");
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
