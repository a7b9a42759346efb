//! `strata report`: table, figures and page of run directories, or of the published runs.

use super::output::{note, print_line};
use super::{Format, json};
use crate::{
    protocol::{Experiment, ProtocolError, RunDir, resolve},
    report::{self, Report, Study, directories},
};
use anyhow::{Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub struct Options {
    /// Report these run directories (RUNS/EXPERIMENT), or folders of several, together
    #[arg(required_unless_present = "published")]
    runs: Vec<PathBuf>,
    /// Report the published runs of the paper's authors instead, with the same statistics
    #[arg(long, conflicts_with = "runs")]
    published: bool,
    /// Write the report here (default: `report` in the given directory; with --published, nowhere)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Treat differences below this many points of accuracy as negligible (default: the experiment's report.margin,
    /// else 0.5)
    #[arg(long, value_name = "POINTS", value_parser = margin)]
    margin: Option<f64>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// Write the evaluations of every network for TensorBoard, too: DIR/EXPERIMENT/NETWORK
    #[arg(long, value_name = "DIR", conflicts_with = "published")]
    tensorboard: Option<PathBuf>,
    /// Print text, or json: every number of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn margin(text: &str) -> Result<f64, String> {
    let points = text.parse().ok().filter(|points: &f64| points.is_finite() && *points > 0.0);
    points.ok_or_else(|| "expected a number of points above 0, such as 0.5".to_string())
}

pub fn main(options: &Options) -> Result<()> {
    if options.published {
        let mut studies = report::published()?;
        judge_with(&mut studies, options.margin);
        let report = Report::of_published(&studies)?;
        let text = report::published_text(&report);
        if options.open && options.out.is_none() {
            bail!("the published runs have a page where --out DIR says where it is to be written");
        }
        let page = publish(&report, &studies, options.out.as_deref(), options.format, &text)?;
        show(page.filter(|_| options.open));
        return Ok(());
    }
    let mut folders = Vec::new();
    for given in &options.runs {
        folders.extend(experiments_in(given)?);
    }
    let out = match (&options.out, &options.runs[..]) {
        (Some(out), _) => out.clone(),
        (None, [given]) => given.join("report"),
        (None, _) => bail!("several run directories make one report; say where it is to be written with --out DIR"),
    };
    let mut found = Vec::new();
    for path in folders {
        found.push((resolve::of_run_directory(&path, &[])?, RunDir { path }));
    }
    let mut studies = directories::studies(&found, "")?;
    judge_with(&mut studies, options.margin);
    if let Some(folder) = &options.tensorboard {
        let count = report::write_events(&studies, folder)?;
        note!("{count} files of events in {}", folder.display());
    }
    let report = report::report(&studies)?;
    let page = publish(&report, &studies, Some(&out), options.format, &report::text(&report))?;
    show(page.filter(|_| options.open));
    Ok(())
}

/// Opens a page in the browser. The report is written, so that a machine without one fails at nothing.
fn show(page: Option<PathBuf>) {
    if let Some(Err(error)) = page.as_ref().map(open::that_detached) {
        note!("no program opened the page ({error}); it is the file named above");
    }
}

/// Sets the margin of all studies, if there is one: no network depends on it.
fn judge_with(studies: &mut [Study], margin: Option<f64>) {
    for study in studies {
        study.margin = margin.unwrap_or(study.margin);
    }
}

/// The directory itself where it is an experiment's, else the experiments' directories in it, by name.
pub(super) fn experiments_in(given: &Path) -> Result<Vec<PathBuf>> {
    if given.join("experiment.toml").is_file() {
        return Ok(vec![given.to_path_buf()]);
    }
    let entries = std::fs::read_dir(given).map_err(|source| ProtocolError::Io { path: given.into(), source })?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.retain(|folder| folder.join("experiment.toml").is_file());
    folders.sort();
    if folders.is_empty() {
        bail!("{}: no run directory (one with an experiment.toml) is there", given.display());
    }
    Ok(folders)
}

/// Writes the report of an experiment and prints its table, or all its numbers.
pub fn write(experiment: &Experiment, runs: &RunDir, device: &str, format: Format) -> Result<()> {
    let studies = directories::studies(&[(experiment.clone(), runs.clone())], device)?;
    let report = report::report(&studies)?;
    publish(&report, &studies, Some(&runs.path.join("report")), format, &report::text(&report))?;
    Ok(())
}

/// Writes a report into a folder, if there is one, and prints its text, or all its numbers; returns where the page is.
fn publish(
    report: &Report,
    studies: &[Study],
    out: Option<&Path>,
    format: Format,
    text: &str,
) -> Result<Option<PathBuf>> {
    let written = out.map(|folder| report::write(report, studies, folder)).transpose()?;
    match format {
        Format::Text => {
            print_line!("{text}")?;
            if let Some(written) = &written {
                print_line!("report: {}", written.page.display())?;
            }
        }
        Format::Json => json::print("report", report)?,
    }
    Ok(written.map(|written| written.page))
}
