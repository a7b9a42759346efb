//! `strata report`: table, figures and page of a run directory.

use super::Format;
use crate::{
    protocol::{Experiment, ProtocolError, RunDir},
    report::{self, load},
};
use anyhow::{Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub struct Options {
    /// The directory of an experiment's runs (RUNS/EXPERIMENT), or of several
    runs: PathBuf,
    /// text, or json: every number of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let mut folders = vec![options.runs.clone()];
    if !options.runs.join("experiment.toml").is_file() {
        let entries = std::fs::read_dir(&options.runs)
            .map_err(|source| ProtocolError::Io { path: options.runs.clone(), source })?;
        folders = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.retain(|folder| folder.join("experiment.toml").is_file());
        folders.sort();
    }
    if folders.is_empty() {
        bail!("{}: no run directory (one with an experiment.toml) is there", options.runs.display());
    }
    for path in folders {
        let experiment = experiment_of(&path)?;
        write(&experiment, &RunDir { path }, "", options.format)?;
    }
    Ok(())
}

fn experiment_of(path: &Path) -> Result<Experiment, ProtocolError> {
    let file = path.join("experiment.toml");
    let text = std::fs::read_to_string(&file).map_err(|source| ProtocolError::Io { path: file.clone(), source })?;
    Experiment::parse(&file.display().to_string(), &text, &[])
}

/// Writes the report of an experiment and prints its table, or all its numbers.
pub fn write(experiment: &Experiment, runs: &RunDir, device: &str, format: Format) -> Result<()> {
    let study = load::study(experiment, runs, device)?;
    let written = report::write(&study, &runs.path.join("report"))?;
    match format {
        Format::Text => {
            println!("{}", report::text_table(&study));
            println!("report: {}", written.page.display());
        }
        Format::Json => println!("{}", serde_json::to_string_pretty(&report::analyse(&study)?)?),
    }
    Ok(())
}
