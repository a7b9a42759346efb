//! The base on A of a study whose source is a weights file: the file itself.

use super::{
    Node, ProtocolError, State,
    manifest::{Manifest, Timing},
    pretrained::read,
    settings,
    workshop::Workshop,
};
use crate::host::{atomic, digest};
use std::path::Path;

/// Makes the file the base on A, with its bytes, and ends it; or does nothing where that is done.
///
/// # Errors
/// A file that is not the one that the experiment was resolved with; a network that another process works on.
pub(super) fn place(workshop: Workshop<'_>, node: &Node) -> Result<(), ProtocolError> {
    let Workshop { experiment, runs, device, .. } = workshop;
    let expected = &experiment.net.pretrained_digest;
    let is_done = || match runs.manifest(&node.name)? {
        Some(manifest) if manifest.state == State::Done => {
            runs.check(experiment, node, &manifest, expected).map(|()| true)
        }
        _ => Ok(false),
    };
    if is_done()? {
        return Ok(());
    }
    let claim = runs.take(node)?;
    if is_done()? {
        return Ok(());
    }
    let path = Path::new(&experiment.net.pretrained);
    let (bytes, _) = read(path)?;
    let got = digest::hex(&bytes);
    if got != *expected {
        return Err(ProtocolError::Value {
            experiment: experiment.name.clone(),
            key: "net.pretrained",
            expected: format!("the file of digest {expected}, with which the study began"),
            got: format!("{} of digest {got}", path.display()),
        });
    }
    let to = runs.node(&node.name).join("weights.safetensors");
    atomic::write_owned(&to, &bytes, &claim).map_err(|source| ProtocolError::Io { path: to, source })?;
    runs.write_timing(&node.name, &Timing::default(), &claim)?;
    let settings = settings::of(experiment, node);
    let manifest = Manifest {
        node: node.name.clone(),
        state: State::Done,
        message: Some(format!("not trained: the weights are those of {}", path.display())),
        device: device.describe(),
        numerics: None,
        version: env!("CARGO_PKG_VERSION").into(),
        configuration: settings::digest(&settings),
        data: got.clone(),
        parents: Vec::new(),
        weights: Some(got),
        log: None,
        held_out: None,
        confusion: None,
        multiply_adds: None,
        division: None,
        frozen: None,
        settings,
    };
    runs.finish(&manifest, &claim)
}
