//! The network that an advice copies from.

use crate::{
    cli::{PrecisionArgs, StudyArgs, output::note, study},
    host::{bounded, digest},
    nn::weights,
    protocol::{Arm, Plan, ProtocolError, RunDir, State},
    train::{TrainError, WeightsFile},
};
use anyhow::{Result, bail};
use std::path::Path;

/// A network with its file.
pub struct Found {
    /// The file, as people know it.
    pub path: String,
    /// The digest of its bytes.
    pub digest: String,
    /// What is in it.
    pub file: WeightsFile,
}

/// The weights file of a name, or the first base of the study that it names.
///
/// # Errors
/// A file that is none of strata's; a study without a trained base, with the command that trains one.
pub fn find(name: &str, runs: Option<&Path>) -> Result<Found> {
    let path = Path::new(name);
    if path.is_file() && path.extension().is_none_or(|suffix| suffix != "toml") {
        let bytes =
            bounded::read(path, weights::MAX_FILE).map_err(|source| TrainError::Io { path: path.into(), source })?;
        return Ok(Found { path: name.into(), digest: digest::hex(&bytes), file: WeightsFile::decode(path, &bytes)? });
    }
    let args = StudyArgs {
        experiment: name.into(),
        runs: runs.map(Path::to_path_buf),
        overrides: Vec::new(),
        quick: false,
        precision: PrecisionArgs { precision: None },
    };
    let experiment = study::experiment(&args)?;
    let found = RunDir::look(&args.runs(), &experiment)?;
    let plan = Plan::of(&experiment);
    let mut bases = plan.nodes.iter().filter(|node| node.arm == Arm::Base);
    let is_done = |name: &str| Ok::<_, ProtocolError>(found.manifest(name)?.is_some_and(|m| m.state == State::Done));
    let mut first = None;
    for base in bases.clone() {
        if is_done(&base.name)? {
            first = Some(base);
            break;
        }
    }
    let Some(base) = first else {
        let name = bases.next().map_or("s0-r0-baseA", |base| &base.name);
        bail!(
            "{} has no trained base to copy from; train one first with `strata run {} {name}`, or give a weights file",
            found.path.display(),
            args.words()
        );
    };
    let (path, bytes) = found.weights(&base.name)?;
    let file = WeightsFile::decode(&path, &bytes)?;
    note!(
        "the source is {}, the first base of the study; give another one's weights.safetensors to take that",
        base.name
    );
    Ok(Found { path: path.display().to_string(), digest: digest::hex(&bytes), file })
}
