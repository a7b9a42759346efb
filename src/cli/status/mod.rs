//! `strata status`: what the networks of run directories are doing, by their files alone.

mod lines;
#[cfg(test)]
mod made;
mod metrics;
mod watch;

use super::{Format, json, output::print_line, report, terminal};
use crate::{
    host::atomic,
    protocol::{
        RunDir, resolve,
        survey::{self, Survey},
    },
};
use anyhow::{Context, Result};
use clap::Args;
use lines::Look;
use serde::Serialize;
use std::{path::PathBuf, time::Duration};

/// The columns of text that goes to no terminal.
const COLUMNS: u16 = 120;

#[derive(Args, Debug)]
pub struct Options {
    /// Show this run directory (RUNS/EXPERIMENT), or all in this runs folder
    #[arg(default_value = "runs")]
    runs: PathBuf,
    /// Show it on the whole terminal, and again every few seconds, until q is pressed
    #[arg(long, conflicts_with = "format")]
    watch: bool,
    /// Look again after this many seconds, with --watch or --metrics
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    /// List every network, also those that have ended or have not begun
    #[arg(long)]
    all: bool,
    /// Write the numbers into this file, too, in Prometheus' text format, for its node exporter
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Print text or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What all of them are doing, for programs.
#[derive(Serialize)]
struct Studies<'a> {
    studies: &'a [Survey],
}

pub fn main(options: &Options) -> Result<()> {
    let look = || look(options);
    if options.watch {
        return watch::run(look, options.all, Duration::from_secs(options.every));
    }
    let surveys = look()?;
    match options.format {
        Format::Json => {
            json::print("status", Studies { studies: &surveys })?;
        }
        Format::Text => {
            for line in
                lines::lines(&surveys, &Look { columns: COLUMNS, ascii: !terminal::shows_utf8(), all: options.all })
            {
                print_line!("{}", line.text)?;
            }
        }
    }
    Ok(())
}

/// Looks at every directory, and writes the file of metrics where one is asked for.
fn look(options: &Options) -> Result<Vec<Survey>> {
    let mut surveys = Vec::new();
    for path in report::experiments_in(&options.runs)? {
        let experiment = resolve::of_run_directory(&path, &[])?;
        surveys.push(survey::survey(&experiment, &RunDir { path })?);
    }
    if let Some(file) = &options.metrics {
        let text = metrics::text(&surveys);
        atomic::write(file, text.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(surveys)
}
