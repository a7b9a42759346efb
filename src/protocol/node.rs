//! One network, from its parents' weights to its manifest.

use super::{
    Experiment, Node, ProtocolError, State,
    run_dir::{Manifest, RunDir, Timing},
    runner::Workshop,
    settings,
    source::HalfData,
    start, streams,
    work::{self, Work},
};
use crate::{
    host::{atomic, digest},
    nn::{NetDef, weights, zoo},
    ops::Device,
    train::{
        Confusion, Images, Prefixes, Record, TrainError, Trainer,
        checkpoint::{self, Identity},
        record,
    },
};
use std::{path::Path, time::Instant};

/// What a network's training tells while it runs.
pub trait Watcher: Sync {
    /// Steps done of a network, after some of them.
    fn progress(&self, node: &Node, done: u64, of: u64);
    /// Whether training should stop at the next step, with a checkpoint.
    fn stop(&self) -> bool;
}

/// A network with everything it is made of.
struct Job<'a> {
    experiment: &'a Experiment,
    node: &'a Node,
    runs: &'a RunDir,
    device: &'a Device,
    half: &'a HalfData,
    mean: &'a [f32],
    prefixes: &'a Prefixes,
    work: &'a Work,
}

/// The net of a node: frozen, cut where it is a probe, and with the outputs of its half.
///
/// # Errors
/// A net that the zoo does not have, n that it does not have.
pub fn net_of(experiment: &Experiment, node: &Node, classes: usize) -> Result<NetDef, ProtocolError> {
    let outputs = if experiment.net.outputs == 0 { classes } else { experiment.net.outputs };
    let mut def = zoo::net(&experiment.net.name, outputs)?;
    if let (true, Some(n)) = (node.arm.is_probe(), node.n) {
        return Ok(def.probe(n)?);
    }
    if let (true, Some(n)) = (node.arm.freezes(), node.n) {
        def.freeze(n)?;
    }
    Ok(def)
}

/// Trains one network, or goes on with it, or does nothing where it is done. Its parents must be done.
///
/// # Errors
/// A parent that is not done; a device, file or data error. Divergence is recorded and comes back as a state.
pub fn run(
    workshop: Workshop<'_>,
    node: &Node,
    prefixes: &Prefixes,
    watcher: &dyn Watcher,
) -> Result<State, ProtocolError> {
    let Workshop { experiment, halves, runs, device } = workshop;
    let (target, mean) = halves.of_node(experiment, node)?;
    if let Some(manifest) = runs.manifest(&node.name)?
        && manifest.state != State::Failed
    {
        runs.check(experiment, node, &manifest, &target.digest)?;
        return Ok(manifest.state);
    }
    let _lock = runs.lock(node)?;
    let work = work::of(experiment, node, halves)?;
    let job = Job { experiment, node, runs, device, half: &target, mean: &mean, prefixes, work: &work };
    let result = job.train(watcher);
    let (state, message) = match &result {
        Ok(()) => return Ok(State::Done),
        Err(ProtocolError::Train(TrainError::Stopped { .. })) => return result.map(|()| State::Running),
        Err(ProtocolError::Train(error @ TrainError::Diverged { .. })) => (State::Diverged, error.to_string()),
        Err(error) => (State::Failed, error.to_string()),
    };
    runs.finish(&Manifest { message: Some(message), ..job.manifest(state) })?;
    if state == State::Diverged { Ok(state) } else { result.map(|()| state) }
}

impl Job<'_> {
    fn manifest(&self, state: State) -> Manifest {
        let parent = |name: &String| self.runs.manifest(name).ok().flatten().and_then(|manifest| manifest.weights);
        let settings = settings::of(self.experiment, self.node);
        Manifest {
            node: self.node.name.clone(),
            state,
            message: None,
            device: self.device.describe(),
            version: env!("CARGO_PKG_VERSION").into(),
            configuration: settings::digest(&settings),
            data: self.half.digest.clone(),
            parents: self.node.parents.iter().filter_map(parent).collect(),
            weights: None,
            log: None,
            confusion: None,
            multiply_adds: Some(self.work.computed),
            settings,
        }
    }

    /// What the activations of the network's frozen prefix depend on, where another network may have the same.
    fn sharing_key(&self) -> Option<String> {
        let place = work::sharing_key(self.experiment, self.node)?;
        let parents = self.manifest(State::Running).parents.concat();
        Some(format!("{place} {parents} {}", self.half.digest))
    }

    fn train(&self, watcher: &dyn Watcher) -> Result<(), ProtocolError> {
        let start = Instant::now();
        let folder = self.runs.node(&self.node.name);
        let (log, state) = (folder.join("log.jsonl"), folder.join("state.safetensors"));
        let solver = &self.experiment.solver;
        let def = net_of(self.experiment, self.node, self.half.classes)?;
        let images = Images { set: &self.half.train, mean: self.mean };
        let streams = streams::training(self.experiment.seed, self.node);
        let reading = self.experiment.data.reading();
        let mut trainer = Trainer::new(&def, solver, images, reading, streams, self.device)?;
        if let Some(key) = self.sharing_key() {
            trainer = trainer.sharing(self.prefixes, &key);
        }
        start::weights(&mut trainer, self.experiment.seed, self.node, self.runs)?;

        let settings = settings::digest(&settings::of(self.experiment, self.node));
        let identity = Identity {
            configuration: digest::hex(format!("{settings} {}", self.half.digest).as_bytes()),
            device: self.device.identity(),
        };
        let mut records = record::read(&log)?;
        let mut losses = match checkpoint::load(&mut trainer, &mut records, &identity, &state)? {
            Some(losses) => losses,
            None => {
                records.clear();
                Vec::new()
            }
        };
        let evaluate_every = solver.max_iter.div_ceil(self.experiment.protocol.evaluations);
        let mut confusion = Confusion::new(&self.half.class_names, trainer.net.classes());
        while trainer.step < solver.max_iter {
            losses.push(trainer.train_step()?);
            let done = trainer.step;
            watcher.progress(self.node, done, solver.max_iter);
            if done.is_multiple_of(evaluate_every) || done == solver.max_iter {
                let last = (done == solver.max_iter).then_some(&mut confusion);
                let scores = trainer.evaluate_into(&Images { set: &self.half.evaluate, mean: self.mean }, last)?;
                records.push(Record {
                    step: done,
                    epoch: trainer.epoch(),
                    train_loss: losses.iter().sum::<f64>() / losses.len() as f64,
                    loss: scores.loss,
                    top1: scores.top1,
                    top5: scores.top5,
                    images: scores.images,
                });
                record::write(&log, &records)?;
                losses.clear();
            }
            let stop = watcher.stop() && done < solver.max_iter;
            if stop || (done.is_multiple_of(self.experiment.protocol.checkpoint_every) && done < solver.max_iter) {
                checkpoint::save(&mut trainer, &losses, &identity, &state)?;
            }
            if stop {
                self.add_time(start, &trainer)?;
                return Err(TrainError::Stopped { step: done }.into());
            }
        }
        self.finish(&mut trainer, &confusion, &log, &state)?;
        self.add_time(start, &trainer)
    }

    /// Writes the weights and the confusion counts, then the manifest, which makes the network done, then removes
    /// the checkpoint.
    fn finish(
        &self,
        trainer: &mut Trainer<'_>,
        confusion: &Confusion,
        log: &Path,
        state: &Path,
    ) -> Result<(), ProtocolError> {
        let tensors = checkpoint::weights_of(trainer)?;
        let metadata = [("network", self.node.name.clone()), ("net", self.experiment.net.name.clone())];
        let bytes = weights::encode(&tensors, &metadata)?;
        let path = self.runs.node(&self.node.name).join("weights.safetensors");
        atomic::write(&path, &bytes).map_err(|source| ProtocolError::Io { path, source })?;
        // Names and counts always serialise.
        let counts = serde_json::to_vec(confusion).unwrap_or_default();
        let path = self.runs.node(&self.node.name).join("confusion.json");
        atomic::write(&path, &counts).map_err(|source| ProtocolError::Io { path, source })?;
        let records = std::fs::read(log).map_err(|source| ProtocolError::Io { path: log.into(), source })?;
        self.runs.finish(&Manifest {
            weights: Some(digest::hex(&bytes)),
            log: Some(digest::hex(&records)),
            confusion: Some(digest::hex(&counts)),
            ..self.manifest(State::Done)
        })?;
        // The checkpoint has served; a leftover one would only cost space.
        let _ = std::fs::remove_file(state);
        Ok(())
    }

    fn add_time(&self, start: Instant, trainer: &Trainer<'_>) -> Result<(), ProtocolError> {
        let before = self.runs.timing(&self.node.name);
        let seconds = before.seconds + start.elapsed().as_secs_f64();
        let waiting = before.waiting + trainer.waited().as_secs_f64();
        self.runs.write_timing(&self.node.name, &Timing { seconds, sittings: before.sittings + 1, waiting })
    }
}
