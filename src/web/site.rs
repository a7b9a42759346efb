//! The folder that a static server serves: the page, which is compiled in, and its tape.

use super::{WebError, recording, tape};
use crate::{host::atomic, protocol::Experiment};
use std::{fs, path::Path};

/// The files of the page, as `scripts/web` has built them; none where it had not when this program was compiled.
const PAGE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Its name in the folder.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: usize,
}

/// What an export is asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What trains the same networks natively, up to the keys that the page adds.
    pub command: String,
    /// Whether the page is written beside the tape.
    pub page: bool,
    /// Whether a run is trained on the native executor and recorded, for browsers without WebGPU.
    pub recorded: bool,
}

/// Writes the tape of an experiment and its page into a folder, which is made where it is not there. Files of other
/// names stay.
///
/// # Errors
/// [`WebError::NoPage`] in a program without a page; those of [`tape`] and of training, before anything is written; a
/// folder or file that cannot be written.
pub fn export(experiment: &Experiment, options: &Options, folder: &Path) -> Result<Vec<Exported>, WebError> {
    let page = match options.page {
        true if PAGE.is_empty() => return Err(WebError::NoPage),
        true => PAGE,
        false => &[],
    };
    let written = tape(experiment, &options.command)?;
    let recorded = match options.recorded {
        true => Some(recording::record(experiment, &options.command)?),
        false => None,
    };
    // Plain structs of numbers and text always serialise.
    let recorded = recorded.map(|recording| serde_json::to_vec(&recording).unwrap_or_default());
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| WebError::Io { path, source }
    };
    fs::create_dir_all(folder).map_err(io(folder))?;
    // The description comes last: a page without it says so, and one with it has the rest.
    let tape: [(&str, &[u8]); 2] = [(super::binary::FILE, &written.binary), ("tape.json", &written.text)];
    let recorded = recorded.as_deref().map(|bytes| ("recorded.json", bytes));
    let files = page.iter().copied().chain(recorded).chain(tape);
    let put = |(name, bytes): (&'static str, &[u8])| {
        let path = folder.join(name);
        atomic::write(&path, bytes).map_err(io(&path))?;
        Ok(Exported { name, bytes: bytes.len() })
    };
    files.map(put).collect()
}
