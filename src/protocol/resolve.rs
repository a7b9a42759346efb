//! Experiments as commands take them: with epochs turned into steps.

use super::{Experiment, ProtocolError, half_sizes};
use crate::host::bounded;
use std::path::Path;

/// Finds an experiment as [`Experiment::find`] does. Where lengths of its schedule are given in epochs, its images are
/// counted, and it holds the steps: what it trains does not depend on how they were given.
///
/// # Errors
/// As [`Experiment::find`]; data that cannot be read; networks on different numbers of images, for which an epoch is
/// not the same number of steps.
pub fn experiment(name: &str, overrides: &[String]) -> Result<Experiment, ProtocolError> {
    Experiment::find_counting(name, overrides, half_sizes::images_of_an_epoch)
}

/// The experiment of a run directory as it was run, with `key=value` overrides applied.
///
/// # Errors
/// As [`Experiment::parse`]; a file that cannot be read.
pub fn of_run_directory(directory: &Path, overrides: &[String]) -> Result<Experiment, ProtocolError> {
    let file = directory.join("experiment.toml");
    let text = bounded::read_text(&file, bounded::TEXT);
    let text = text.map_err(|source| ProtocolError::Io { path: file.clone(), source })?;
    Experiment::parse(&file.display().to_string(), &text, overrides)
}
