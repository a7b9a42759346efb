//! One network of a plan: trained, resumed or found done, and what its end is recorded as.

use super::{
    Node, ProtocolError, State,
    job::{Job, Watcher, state_of},
    manifest::Manifest,
    pretrained, pretrained_base, work,
    workshop::Workshop,
};
use crate::{
    host::atomic::Owner,
    train::{Prefixes, TrainError, checkpoint},
};
use std::{
    cell::Cell,
    sync::{Arc, atomic::Ordering},
};

/// Trains one network, or resumes it, or does nothing where it is done. Its parents must be done.
///
/// An error that would come again is recorded and tried again by the next command; one of the machine is not.
///
/// # Errors
/// A network that another process trains; one that has diverged, now or before; a device, file or data error.
pub fn run(
    workshop: Workshop<'_>,
    node: &Node,
    prefixes: &Prefixes,
    watcher: &dyn Watcher,
) -> Result<(), ProtocolError> {
    if pretrained::is_file(node) {
        return pretrained_base::place(workshop, node);
    }
    let Workshop { experiment, halves, runs, device } = workshop;
    let (target, normalisation) = halves.of_node(experiment, node)?;
    if ended(workshop, node, &target.digest)? {
        return Ok(());
    }
    let claim = &runs.take(node)?;
    // Another process may have ended it just before the lock was free.
    if ended(workshop, node, &target.digest)? {
        return Ok(());
    }
    let work = work::of(experiment, node, &halves.sizes)?;
    let division = Cell::new(None);
    let half = &target;
    let normalisation = &normalisation;
    let dataset = &halves.sizes.name;
    let stop = watcher.stop().or(Arc::clone(claim.superseded()));
    let job = Job {
        experiment,
        node,
        runs,
        device,
        half,
        normalisation,
        dataset,
        prefixes,
        work: &work,
        claim,
        stop,
        division,
    };
    let mut result = job.train(watcher, false);
    if let Err(ProtocolError::Train(TrainError::Diverged { place: None, .. })) = &result {
        // From the last checkpoint on again, to the same bits, but step by step: the layer is to be named.
        result = job.train(watcher, true);
    }
    let Err(error) = result else { return Ok(()) };
    // A process that wakes late may have met the traces of its successor before the successor itself.
    let _ = claim.check();
    if claim.superseded().load(Ordering::Relaxed) {
        return Err(claim.taken_over());
    }
    if let ProtocolError::Train(error @ TrainError::Diverged { .. }) = &error {
        let message = error.to_string();
        runs.finish(&Manifest { message: Some(message.clone()), ..job.manifest(State::Diverged) }, claim)?;
        return Err(ProtocolError::Diverged { node: node.name.clone(), message });
    }
    if !error.is_of_the_machine() {
        // What went wrong first is what the caller must hear of.
        let _ = runs.finish(&Manifest { message: Some(error.to_string()), ..job.manifest(State::Failed) }, claim);
    }
    Err(error)
}

/// Whether there is nothing to do for a network.
///
/// # Errors
/// One that has diverged; one of other settings; a manifest that cannot be read.
fn ended(workshop: Workshop<'_>, node: &Node, data: &str) -> Result<bool, ProtocolError> {
    let Some(manifest) = workshop.runs.manifest(&node.name)? else { return Ok(false) };
    if manifest.state == State::Failed {
        return Ok(false);
    }
    workshop.runs.check(workshop.experiment, node, &manifest, data)?;
    let (there, now) = (manifest.numerics, workshop.device.numerics());
    if manifest.device == workshop.device.describe() && there != now {
        let word = |numerics: Option<u32>| numerics.map_or("none".into(), |version| version.to_string());
        let difference =
            format!("it was computed with sums in another order: numerics there: {}; now: {}", word(there), word(now));
        let (path, experiment) = (workshop.runs.node(&node.name), workshop.experiment.name.clone());
        return Err(ProtocolError::OtherConfiguration { path, experiment, difference });
    }
    if manifest.state == State::Diverged {
        let message = manifest.message.unwrap_or_default();
        return Err(ProtocolError::Diverged { node: node.name.clone(), message });
    }
    // A process that was killed after its manifest has not removed them.
    checkpoint::remove(&state_of(workshop.runs, node));
    Ok(true)
}
