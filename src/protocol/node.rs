//! One network, from its parents' weights to its manifest.

use super::{
    Arm, Experiment, Node, ProtocolError, State,
    run_dir::{Manifest, RunDir, Timing},
    source::{HalfData, Halves},
    streams,
};
use crate::{
    host::{atomic, digest},
    nn::{Filler, Init, NetDef, weights, zoo},
    ops::Device,
    train::{
        Images, Record, TrainError, Trainer,
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
}

/// The net of a node: frozen, and with the outputs of its half.
///
/// # Errors
/// A net that the zoo does not have, n that it does not have.
pub fn net_of(experiment: &Experiment, node: &Node, classes: usize) -> Result<NetDef, ProtocolError> {
    let outputs = if experiment.net.outputs == 0 { classes } else { experiment.net.outputs };
    let mut def = zoo::net(&experiment.net.name, outputs)?;
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
    experiment: &Experiment,
    node: &Node,
    halves: &Halves,
    runs: &RunDir,
    device: &Device,
    watcher: &dyn Watcher,
) -> Result<State, ProtocolError> {
    if let Some(manifest) = runs.manifest(&node.name)?
        && manifest.state != State::Failed
    {
        return Ok(manifest.state);
    }
    let _lock = runs.lock(node)?;
    let half = |half| {
        halves.halves.get(&(node.split, half)).ok_or_else(|| ProtocolError::Value {
            experiment: experiment.name.clone(),
            key: "protocol.splits",
            expected: "the split of the network".into(),
            got: node.split.to_string(),
        })
    };
    let target = half(node.target)?;
    // A transfer network subtracts the mean of its source's training half, as the authors' did.
    let mean = &half(node.source.unwrap_or(node.target))?.mean;
    let job = Job { experiment, node, runs, device, half: target, mean };
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
        Manifest {
            node: self.node.name.clone(),
            state,
            message: None,
            device: self.device.describe(),
            version: env!("CARGO_PKG_VERSION").into(),
            configuration: digest::hex(self.experiment.to_toml().as_bytes()),
            data: self.half.digest.clone(),
            parents: self.node.parents.iter().filter_map(parent).collect(),
            weights: None,
            log: None,
        }
    }

    fn train(&self, watcher: &dyn Watcher) -> Result<(), ProtocolError> {
        let start = Instant::now();
        let folder = self.runs.node(&self.node.name);
        let (log, state) = (folder.join("log.jsonl"), folder.join("state.safetensors"));
        let solver = &self.experiment.solver;
        let def = net_of(self.experiment, self.node, self.half.classes)?;
        let images = Images { set: &self.half.train, mean: self.mean };
        let streams = streams::training(self.experiment.seed, self.node);
        let data = &self.experiment.data;
        let input = (data.scale, data.augmentation);
        let mut trainer = Trainer::new(&def, solver, images, input, streams, self.device)?;
        self.start_weights(&mut trainer)?;

        let identity = Identity {
            configuration: digest::hex(format!("{} {}", self.experiment.to_toml(), self.half.digest).as_bytes()),
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
        while trainer.step < solver.max_iter {
            losses.push(trainer.train_step()?);
            let done = trainer.step;
            watcher.progress(self.node, done, solver.max_iter);
            if done.is_multiple_of(evaluate_every) || done == solver.max_iter {
                let scores = trainer.evaluate(&Images { set: &self.half.evaluate, mean: self.mean })?;
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
        self.finish(&mut trainer, &log, &state)?;
        self.add_time(start, &trainer)
    }

    /// Writes the weights, then the manifest, which makes the network done, then removes the checkpoint.
    fn finish(&self, trainer: &mut Trainer<'_>, log: &Path, state: &Path) -> Result<(), ProtocolError> {
        let tensors = checkpoint::weights_of(trainer)?;
        let metadata = [("network", self.node.name.clone()), ("net", self.experiment.net.name.clone())];
        let bytes = weights::encode(&tensors, &metadata)?;
        let path = self.runs.node(&self.node.name).join("weights.safetensors");
        atomic::write(&path, &bytes).map_err(|source| ProtocolError::Io { path, source })?;
        let records = std::fs::read(log).map_err(|source| ProtocolError::Io { path: log.into(), source })?;
        self.runs.finish(&Manifest {
            weights: Some(digest::hex(&bytes)),
            log: Some(digest::hex(&records)),
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

    /// New layers are drawn, copied ones come from the parent, random filters from their own stream.
    fn start_weights(&self, trainer: &mut Trainer<'_>) -> Result<(), ProtocolError> {
        let (seed, node) = (self.experiment.seed, self.node);
        trainer.net.initialise(&mut trainer.executor, |name| streams::new_layer(seed, node, name))?;
        let layers = match (node.arm, node.n) {
            (Arm::Base, _) => return Ok(()),
            (Arm::Restart, _) => trainer.net.def.prefix(trainer.net.def.most_n() + 1)?,
            (_, n) => trainer.net.def.prefix(n.unwrap_or(0))?,
        };
        let prefix: Vec<_> = trainer.net.params.iter().filter(|p| layers.contains(&p.layer)).cloned().collect();
        if let Some(parent) = node.parents.first() {
            let path = self.runs.node(parent).join("weights.safetensors");
            let tensors = self.runs.tensors(parent)?;
            for param in prefix {
                trainer.executor.write(param.w, weights::take(&tensors, &param, &path)?).map_err(ProtocolError::Ops)?;
            }
            return Ok(());
        }
        // The paper's random filters are CaffeNet's own initial weights: its deviations and biases, layer by layer.
        let caffe = zoo::caffenet(2);
        for param in prefix {
            let number = trainer.net.def.weighted().position(|layer| layer.name == param.layer).unwrap_or(0);
            let paper = caffe.weighted().nth(number).and_then(|layer| layer.init);
            let init = match (node.arm, paper) {
                (Arm::RandomCaffe, Some(init)) => init,
                _ => Init { weight: Filler::He, bias: 0.0 },
            };
            let values = if param.is_bias {
                vec![init.bias as f32; param.shape[0]]
            } else {
                init.weights(&param.shape, &streams::random_filter(seed, node, &param.name))
            };
            trainer.executor.write(param.w, &values).map_err(ProtocolError::Ops)?;
        }
        Ok(())
    }
}
