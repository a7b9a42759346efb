//! Directories of studies of which no network is finished: what a command with other settings may replace.

use super::{
    Experiment, ProtocolError, RunDir, State,
    claim::{self, Claim},
    claim_file,
};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// Where replaced directories go, within the directory of all runs. Reports pass it over.
const ASIDE: &str = ".replaced";

/// How many replaced directories of one experiment are kept apart by number.
const MOST: u32 = 1_000_000;

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ProtocolError {
    let path = path.to_path_buf();
    move |source| ProtocolError::Io { path, source }
}

impl RunDir {
    /// The directory of an experiment, which need not be there; nothing is written.
    ///
    /// # Errors
    /// A directory with finished networks of other settings, with the first difference.
    pub fn look(runs: &Path, experiment: &Experiment) -> Result<Self, ProtocolError> {
        let found = Self { path: runs.join(&experiment.name) };
        match found.difference(experiment) {
            Ok(None) => Ok(found),
            Ok(Some(difference)) if found.has_finished()? => {
                let (path, experiment) = (found.path, experiment.name.clone());
                Err(ProtocolError::OtherConfiguration { path, experiment, difference })
            }
            Err(error) if error.is_of_the_machine() || found.has_finished()? => Err(error),
            _ => Ok(found),
        }
    }

    /// Moves the directory aside where it is of other settings, so that a new one can be made, and returns where it
    /// has gone. Nothing in it is finished, as [`Self::look`] has seen, but checkpoints may be worth something.
    ///
    /// # Errors
    /// A network in it that another process is training; a directory that cannot be moved.
    pub fn make_room(&self, experiment: &Experiment) -> Result<Option<PathBuf>, ProtocolError> {
        if matches!(self.difference(experiment), Ok(None)) {
            return Ok(None);
        }
        // Held until the directory has moved, so that no process begins in it meanwhile.
        let mut claims: Vec<Claim> = Vec::new();
        for name in self.folders()? {
            if claim_file::is_begun(&self.node(&name)) {
                claims.push(claim::take(&self.node(&name))?);
            }
        }
        let all = self.path.parent().unwrap_or(Path::new(".")).join(ASIDE);
        fs::create_dir_all(&all).map_err(io_error(&all))?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let aside = (1..MOST).map(|number| all.join(format!("{name}-{number}"))).find(|path| !path.exists());
        let aside = aside.unwrap_or_else(|| all.join(&name));
        fs::rename(&self.path, &aside).map_err(io_error(&self.path))?;
        Ok(Some(aside))
    }

    /// The splits of the networks that are here already and belong to the same study.
    pub fn earlier_splits(&self, experiment: &Experiment) -> BTreeSet<u32> {
        // A manifest that cannot be read is reported where its network is looked at.
        match (self.difference(experiment), self.found()) {
            (Ok(None), Ok(found)) => found.iter().map(|node| node.split).collect(),
            _ => BTreeSet::new(),
        }
    }

    /// Whether some network here has ended with a result: trained, or diverged. One whose manifest cannot be read
    /// counts, too.
    fn has_finished(&self) -> Result<bool, ProtocolError> {
        let ended = |name: &String| match self.manifest(name) {
            Ok(manifest) => manifest.is_some_and(|manifest| manifest.state != State::Failed),
            Err(_) => true,
        };
        Ok(self.folders()?.iter().any(ended))
    }

    fn folders(&self) -> Result<Vec<String>, ProtocolError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error(&self.path)(error)),
        };
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(io_error(&self.path))?;
        Ok(entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    }
}
