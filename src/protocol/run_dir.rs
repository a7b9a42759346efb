//! The files of an experiment: `RUNS/EXPERIMENT/NODE/`.
//!
//! `experiment.toml` holds the resolved experiment of the latest command. A node's folder holds `log.jsonl`
//! and `held-out.jsonl` (records), `state.safetensors` and `state.previous.safetensors` (two checkpoints, while it
//! trains), `weights.safetensors`, `confusion.json`, `timing.json`, and last of all `manifest.toml`: a node has ended
//! when its manifest is there. `docs/run-directory.md` describes every file.

use super::{
    Experiment, Node, NodeKind, ProtocolError, State,
    claim::{self, Claim},
    claim_file::{self, Standing},
    manifest::{Manifest, Timing},
    settings,
    similarities::Similarities,
};
use crate::{
    host::{
        atomic::{self, Owner},
        bounded, digest,
    },
    nn::weights,
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The age from which a temporary file beside the networks' folders is a leftover: whoever writes one there is done
/// in moments.
const LEFTOVER: Duration = Duration::from_secs(3600);

/// The directory of one experiment.
#[derive(Clone, Debug)]
pub struct RunDir {
    /// `RUNS/EXPERIMENT`.
    pub path: PathBuf,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ProtocolError {
    let path = path.to_path_buf();
    move |source| ProtocolError::Io { path, source }
}

impl RunDir {
    /// Opens the directory of an experiment, or makes it. An experiment that differs from the one before only in
    /// which networks it asks for extends the directory; `experiment.toml` becomes that of the latest command.
    ///
    /// # Errors
    /// A directory whose networks have other settings, with the first difference; a path that cannot be written.
    pub fn open(runs: &Path, experiment: &Experiment) -> Result<Self, ProtocolError> {
        let path = runs.join(&experiment.name);
        fs::create_dir_all(&path).map_err(io(&path))?;
        for folder in [&path, &path.join("report")] {
            atomic::remove_leftovers(folder, LEFTOVER);
        }
        let opened = Self { path };
        if let Some(difference) = opened.difference(experiment)? {
            let (path, experiment) = (opened.path, experiment.name.clone());
            return Err(ProtocolError::OtherConfiguration { path, experiment, difference });
        }
        let (file, wanted) = (opened.path.join("experiment.toml"), experiment.to_toml());
        if bounded::read_text(&file, bounded::TEXT).is_ok_and(|found| found == wanted) {
            return Ok(opened);
        }
        atomic::write(&file, wanted.as_bytes()).map_err(io(&file))?;
        Ok(opened)
    }

    /// The first setting in which the directory's networks differ from an experiment's, in words; none where there is
    /// no directory yet.
    ///
    /// # Errors
    /// An `experiment.toml` that cannot be read.
    pub(super) fn difference(&self, experiment: &Experiment) -> Result<Option<String>, ProtocolError> {
        let file = self.path.join("experiment.toml");
        let found = match bounded::read_text(&file, bounded::TEXT) {
            Ok(found) => found,
            Err(e) if [std::io::ErrorKind::NotFound, std::io::ErrorKind::NotADirectory].contains(&e.kind()) => {
                return Ok(None);
            }
            Err(e) => return Err(io(&file)(e)),
        };
        if found == experiment.to_toml() {
            return Ok(None);
        }
        let there = settings::shared(&Experiment::parse(&file.display().to_string(), &found, &[])?);
        Ok(settings::difference(&there, &settings::shared(experiment)))
    }

    /// Every network that has a manifest here, by name.
    ///
    /// # Errors
    /// A directory or a manifest that cannot be read.
    pub fn found(&self) -> Result<Vec<Node>, ProtocolError> {
        let mut nodes = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(nodes),
            Err(e) => return Err(io(&self.path)(e)),
        };
        for entry in entries {
            let name = entry.map_err(io(&self.path))?.file_name().to_string_lossy().into_owned();
            let Some(manifest) = self.manifest(&name)? else { continue };
            let kind = manifest.settings.get("network").cloned().map(toml::Value::try_into::<NodeKind>);
            match kind {
                Some(Ok(kind)) => nodes.push(Node::of(kind)),
                Some(Err(e)) => return Err(self.unreadable(&name, e.to_string())),
                None => return Err(self.unreadable(&name, "it has no settings.network".into())),
            }
        }
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(nodes)
    }

    fn unreadable(&self, name: &str, reason: String) -> ProtocolError {
        ProtocolError::Manifest { path: self.node(name).join("manifest.toml"), reason }
    }

    /// The digests of the weights of a network's parents, of those that have any.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn parents(&self, node: &Node) -> Result<Vec<String>, ProtocolError> {
        let digests = node.parents.iter().map(|name| Ok(self.manifest(name)?.and_then(|manifest| manifest.weights)));
        Ok(digests.collect::<Result<Vec<_>, ProtocolError>>()?.into_iter().flatten().collect())
    }

    /// Refuses a network that was made with other settings, other images or other parents than are there now.
    ///
    /// # Errors
    /// The first difference.
    pub fn check(
        &self,
        experiment: &Experiment,
        node: &Node,
        manifest: &Manifest,
        data: &str,
    ) -> Result<(), ProtocolError> {
        let now = settings::of(experiment, node);
        let difference = if manifest.configuration == settings::digest(&now) {
            let parents = self.parents(node)?;
            // Where some parent's records are gone nothing can be compared.
            let other = parents.len() == node.parents.len() && parents != manifest.parents;
            match manifest.data == data {
                true => other.then(|| "a network that it was copied from was trained again to other weights".into()),
                false => Some("its images have another digest".to_string()),
            }
        } else {
            let words = settings::difference(&manifest.settings, &now);
            Some(words.unwrap_or_else(|| "its settings do not match their digest".into()))
        };
        match difference {
            None => Ok(()),
            Some(difference) => {
                let (path, experiment) = (self.node(&node.name), experiment.name.clone());
                Err(ProtocolError::OtherConfiguration { path, experiment, difference })
            }
        }
    }

    /// The folder of a network.
    pub fn node(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The manifest of a network, where it has one.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn manifest(&self, name: &str) -> Result<Option<Manifest>, ProtocolError> {
        let path = self.node(name).join("manifest.toml");
        let text = match bounded::read_text(&path, bounded::TEXT) {
            Ok(text) => text,
            // Files beside the networks' folders have no manifest either.
            Err(e) if [std::io::ErrorKind::NotFound, std::io::ErrorKind::NotADirectory].contains(&e.kind()) => {
                return Ok(None);
            }
            Err(e) => return Err(io(&path)(e)),
        };
        let parsed = toml::from_str(&text);
        parsed.map(Some).map_err(|e| ProtocolError::Manifest { path, reason: e.to_string() })
    }

    /// What became of a network.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn state(&self, name: &str) -> Result<State, ProtocolError> {
        if let Some(manifest) = self.manifest(name)? {
            return Ok(manifest.state);
        }
        Ok(match claim_file::find(&self.node(name))?.map(|found| found.standing) {
            Some(Standing::Held(_)) => State::Running,
            Some(Standing::Released | Standing::Lost) => State::Interrupted,
            None => State::Pending,
        })
    }

    /// Writes a manifest, which ends a network of this owner.
    ///
    /// # Errors
    /// A file that cannot be written; a network that has another owner.
    pub fn finish(&self, manifest: &Manifest, owner: &dyn Owner) -> Result<(), ProtocolError> {
        let path = self.node(&manifest.node).join("manifest.toml");
        let text = toml::to_string_pretty(manifest).unwrap_or_default();
        atomic::write_owned(&path, text.as_bytes(), owner).map_err(io(&path))
    }

    /// The similarities that were computed last, where there are any.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn similarities(&self) -> Result<Option<Similarities>, ProtocolError> {
        let path = self.path.join("similarity.json");
        let text = match bounded::read_text(&path, bounded::TABLE) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(io(&path)(e)),
        };
        let parsed = serde_json::from_str(&text);
        parsed.map(Some).map_err(|e| ProtocolError::Similarities { path, reason: e.to_string() })
    }

    /// Writes similarities.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_similarities(&self, found: &Similarities) -> Result<(), ProtocolError> {
        let path = self.path.join("similarity.json");
        let text = serde_json::to_string(found).unwrap_or_default();
        atomic::write(&path, text.as_bytes()).map_err(io(&path))
    }

    /// The timing of a network.
    pub fn timing(&self, name: &str) -> Timing {
        let text = bounded::read_text(&self.node(name).join("timing.json"), bounded::TEXT).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Writes the timing of a network of this owner.
    ///
    /// # Errors
    /// A file that cannot be written; a network that has another owner.
    pub fn write_timing(&self, name: &str, timing: &Timing, owner: &dyn Owner) -> Result<(), ProtocolError> {
        let path = self.node(name).join("timing.json");
        let text = serde_json::to_string(timing).unwrap_or_default();
        atomic::write_owned(&path, text.as_bytes(), owner).map_err(io(&path))
    }

    /// Takes a network for this process until the claim that comes back is dropped, and clears away what a killed
    /// process left there half-written.
    ///
    /// # Errors
    /// Another process has it.
    pub fn take(&self, node: &Node) -> Result<Claim, ProtocolError> {
        let folder = self.node(&node.name);
        fs::create_dir_all(&folder).map_err(io(&folder))?;
        claim::take(&folder)
    }

    /// The bytes of a finished network's weights, checked against the digest in its manifest.
    ///
    /// # Errors
    /// A file that is missing or is not what was written.
    pub fn weights(&self, name: &str) -> Result<(PathBuf, Vec<u8>), ProtocolError> {
        let path = self.node(name).join("weights.safetensors");
        let bytes = bounded::read(&path, weights::MAX_FILE).map_err(io(&path))?;
        let expected = self.manifest(name)?.and_then(|manifest| manifest.weights);
        if expected.as_deref() != Some(digest::hex(&bytes).as_str()) {
            return Err(ProtocolError::Damaged { path });
        }
        Ok((path, bytes))
    }

    /// The tensors of a finished network by name, with their outer shapes.
    ///
    /// # Errors
    /// As [`Self::weights`].
    pub fn tensors(&self, name: &str) -> Result<weights::Tensors, ProtocolError> {
        let (path, bytes) = self.weights(name)?;
        Ok(weights::decode(&path, &bytes)?.0)
    }
}
