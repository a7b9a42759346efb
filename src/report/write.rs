//! Writes every form of the report into one folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    csv::{runs_csv, summary_csv},
    error::ReportError,
    figure::{Figure, figures, figures_together, svg::standalone},
    page::{Drawn, page, prefix},
    results::Report,
    study::Study,
};
use crate::host::{atomic, document::document};

/// The files of a written report.
#[derive(Clone, Debug)]
pub struct Written {
    /// The page for people: `report.html`.
    pub page: PathBuf,
    /// Every number of the page: `results.json`.
    pub results: PathBuf,
    /// One row per run: `runs.csv`.
    pub runs: PathBuf,
    /// One row per arm and n: `summary.csv`.
    pub summary: PathBuf,
    /// Each figure as SVG and PNG.
    pub figures: Vec<PathBuf>,
}

/// Writes `report.html`, `results.json`, `runs.csv`, `summary.csv` and each figure as SVG and PNG. `studies` are
/// those that the report was made of.
///
/// The folder is made if it is missing. Each file is written under another name and renamed, so that a reader
/// finds the old file or the new one, never half of one.
///
/// # Errors
/// [`ReportError::Write`] where the folder cannot be written, and whatever [`figures`] refuses.
pub fn write(report: &Report, studies: &[Study], folder: &Path) -> Result<Written, ReportError> {
    let drawn = draw(report, studies)?;
    fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.to_path_buf(), source })?;
    let mut paths = Vec::new();
    for figure in drawn.together.iter().chain(drawn.studies.iter().flatten()) {
        paths.push(put(folder, &format!("{}.svg", figure.name), standalone(&figure.svg).as_bytes())?);
        paths.push(put(folder, &format!("{}.png", figure.name), &figure.png)?);
    }
    Ok(Written {
        results: put(folder, "results.json", serde_json::to_string_pretty(&document("report", report))?.as_bytes())?,
        runs: put(folder, "runs.csv", runs_csv(report).as_bytes())?,
        summary: put(folder, "summary.csv", summary_csv(report).as_bytes())?,
        // The page comes last: whoever sees it finds the files that it names.
        page: put(folder, "report.html", page(report, &drawn).as_bytes())?,
        figures: paths,
    })
}

/// Every figure of a report; the names of several studies' begin with the study's place and experiment.
///
/// # Errors
/// As [`figures`].
pub fn draw(report: &Report, studies: &[Study]) -> Result<Drawn, ReportError> {
    let of = |(at, (study, results))| {
        let results: &super::results::Results = results;
        figures(study, results, &if report.several() { prefix(at, results) } else { String::new() })
    };
    let each = studies.iter().zip(&report.studies).enumerate();
    let studies: Vec<Vec<Figure>> = each.map(of).collect::<Result<_, _>>()?;
    Ok(Drawn { together: figures_together(report)?, studies })
}

/// Writes one file of a folder and returns its path.
pub(super) fn put(folder: &Path, name: &str, content: &[u8]) -> Result<PathBuf, ReportError> {
    let path = folder.join(name);
    match atomic::write(&path, content) {
        Ok(()) => Ok(path),
        Err(source) => Err(ReportError::Write { path, source }),
    }
}
