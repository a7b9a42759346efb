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
    #[arg(required_unless_present = "published")]
    runs: Option<PathBuf>,
    /// Report the published runs of the paper's authors instead, through the same statistics
    #[arg(long, conflicts_with = "runs")]
    published: bool,
    /// text, or json: every number of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let Some(runs) = options.runs.as_ref().filter(|_| !options.published) else {
        return published(options.format);
    };
    let mut folders = vec![runs.clone()];
    if !runs.join("experiment.toml").is_file() {
        let entries = std::fs::read_dir(runs).map_err(|source| ProtocolError::Io { path: runs.clone(), source })?;
        folders = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.retain(|folder| folder.join("experiment.toml").is_file());
        folders.sort();
    }
    if folders.is_empty() {
        bail!("{}: no run directory (one with an experiment.toml) is there", runs.display());
    }
    for path in folders {
        let experiment = experiment_of(&path)?;
        write(&experiment, &RunDir { path }, "", options.format)?;
    }
    Ok(())
}

/// The authors' runs: tables only, since their records hold one number a network.
fn published(format: Format) -> Result<()> {
    for study in report::published()? {
        match format {
            Format::Text => println!("{}", report::text_table(&study)),
            Format::Json => println!("{}", serde_json::to_string_pretty(&report::analyse(&study)?)?),
        }
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
