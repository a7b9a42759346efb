//! What can go wrong while a report is made.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Errors of the report, each with its remedy.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The ten highest accuracies were asked of a curve too short to choose from.
    #[error(
        "run {run} has {found} evaluations, and the mean of the 10 highest needs at least {needed}; report the last \
         evaluation instead, or evaluate more often"
    )]
    TooFewEvaluations {
        /// Name of the run.
        run: String,
        /// Evaluations in its curve.
        found: usize,
        /// Evaluations needed.
        needed: usize,
    },
    /// The filters do not hold as many values as their shape says.
    #[error(
        "filters '{title}' hold {found} values where {count} x {channels} x {height} x {width} were expected; pass \
         weights as [count, channels, height, width] with 1 or 3 channels"
    )]
    FilterShape {
        /// Title of the filters.
        title: String,
        /// Values found.
        found: usize,
        /// Number of filters.
        count: usize,
        /// Channels of one filter.
        channels: usize,
        /// Rows of one filter.
        height: usize,
        /// Columns of one filter.
        width: usize,
    },
    /// A drawn figure could not be turned into pixels.
    #[error("figure {figure} could not be drawn as PNG: {reason}; its SVG is unaffected, please report this")]
    Raster {
        /// Name of the figure.
        figure: String,
        /// What the renderer said.
        reason: String,
    },
    /// A file or folder could not be written.
    #[error(
        "cannot write {}: {source}; check that the folder is writable and has space left, or write the report \
         elsewhere with `strata report RUNS --out DIR`",
        path.display()
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The results could not be turned into JSON.
    #[error("cannot write the results as JSON: {source}; please report this")]
    Json {
        /// What the serializer said.
        #[from]
        source: serde_json::Error,
    },
    /// A row of a table of published numbers could not be read.
    #[error(
        "line {line} of the published {file} reads '{text}', which is damaged; build the program again from clean \
         sources"
    )]
    PublishedRow {
        /// The file in `data/paper`.
        file: &'static str,
        /// Line number, the header being 1.
        line: usize,
        /// The line.
        text: String,
    },
}
