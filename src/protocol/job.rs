//! The training of one network: from its parents' weights, or a checkpoint, to its files.

use super::{
    Experiment, Node, ProtocolError, State,
    claim::Claim,
    manifest::{Manifest, Proof, Timing},
    network_def::net_of,
    part::HalfData,
    run_dir::RunDir,
    settings, start, streams,
    work::{self, Work},
};
use crate::{
    data::{ImageSet, Normalisation},
    host::{Stop, atomic, digest},
    ops::Device,
    train::{
        Confusion, Division, Frozen, HeldOut, Images, Prefixes, Record, Solver, TrainError, Trainer, WeightsFile,
        checkpoint::{self, Checkpoint, Identity, Losses, Measured},
        record,
    },
};
use std::{cell::Cell, path::PathBuf, time::Instant};

/// What a network's training reports while it runs.
pub trait Watcher: Sync {
    /// Steps done of a network, after some of them.
    fn progress(&self, node: &Node, done: u64, of: u64);
    /// A message for whoever waits for a network.
    fn notice(&self, node: &Node, text: &str);
    /// Whether training should stop at the next step, with a checkpoint.
    fn stop(&self) -> &Stop;
}

/// A network with everything it is made of.
pub(super) struct Job<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) node: &'a Node,
    pub(super) runs: &'a RunDir,
    pub(super) device: &'a Device,
    pub(super) half: &'a HalfData,
    pub(super) normalisation: &'a Normalisation,
    /// The data set in words.
    pub(super) dataset: &'a str,
    pub(super) prefixes: &'a Prefixes,
    pub(super) work: &'a Work,
    /// What makes it this process' own.
    pub(super) claim: &'a Claim,
    /// Asked for by whoever waits, and where another process has taken the network over.
    pub(super) stop: Stop,
    /// How batches are divided, where the device had no memory for larger ones.
    pub(super) division: Cell<Option<Division>>,
}

/// Where a network's checkpoint lies.
pub(super) fn state_of(runs: &RunDir, node: &Node) -> PathBuf {
    runs.node(&node.name).join("state.safetensors")
}

impl Job<'_> {
    pub(super) fn manifest(&self, state: State) -> Manifest {
        let settings = settings::of(self.experiment, self.node);
        Manifest {
            node: self.node.name.clone(),
            state,
            message: None,
            device: self.device.describe(),
            numerics: self.device.numerics(),
            version: env!("CARGO_PKG_VERSION").into(),
            configuration: settings::digest(&settings),
            data: self.half.digest.clone(),
            parents: self.runs.parents(self.node).unwrap_or_default(),
            weights: None,
            log: None,
            held_out: None,
            confusion: None,
            multiply_adds: Some(self.work.computed),
            division: self.division.get(),
            frozen: None,
            settings,
        }
    }

    /// What the activations of the network's frozen prefix depend on, where another network may have the same.
    fn sharing_key(&self) -> Option<String> {
        let place = work::sharing_key(self.experiment, self.node)?;
        let parents = self.manifest(State::Running).parents.concat();
        Some(format!("{place} {parents} {}", self.half.digest))
    }

    fn identity(&self) -> Identity {
        let settings = settings::digest(&settings::of(self.experiment, self.node));
        // Frozen layers are the parents' for good: half a network must not continue with others.
        let parents = self.manifest(State::Running).parents.concat();
        Identity {
            configuration: digest::hex(format!("{settings} {}{parents}", self.half.digest).as_bytes()),
            device: self.device.identity(),
        }
    }

    /// Trains the network, or resumes it. Where the device has no memory left, batches are halved, once; where
    /// another network found none, and lost the device for all, this one continues as it was.
    pub(super) fn train(&self, watcher: &dyn Watcher, waiting: bool) -> Result<(), ProtocolError> {
        let state = state_of(self.runs, self.node);
        let find = || checkpoint::find(&self.identity(), &state, &mut |text| watcher.notice(self.node, &text));
        let mut found = find()?;
        self.division.set(found.as_ref().and_then(|found| found.division));
        let Solver { batch_size, batch_parts, .. } = self.experiment.solver;
        let parts = 2 * batch_parts;
        let halved = |error: &ProtocolError| {
            error.is_out_of_memory() && self.division.get().is_none() && batch_size.is_multiple_of(parts)
        };
        loop {
            let error = match self.sitting(found, watcher, waiting) {
                Err(error) if error.is_lost_beside() || halved(&error) => error,
                result => return result,
            };
            found = find()?;
            let from_step = found.as_ref().map_or(0, |found| found.step);
            if error.is_lost_beside() {
                watcher.notice(self.node, &format!("resumes from step {from_step} on a newly opened device ({error})"));
                continue;
            }
            let def = net_of(self.experiment, self.node, self.half.classes)?;
            if let Some(layer) = def.of_batch() {
                let (node, layer) = (self.node.name.clone(), layer.name.clone());
                return Err(ProtocolError::Undivided { node, layer, batch_size, parts, source: Box::new(error) });
            }
            let text = format!(
                "from step {from_step} on each batch of {batch_size} is computed in {parts} parts whose gradients are \
                 added: the same steps but for rounding, which the manifest records ({error})"
            );
            watcher.notice(self.node, &text);
            self.division.set(Some(Division { parts, from_step }));
        }
    }

    /// Trains from a checkpoint on up to the last step; `waiting` for the loss of every step.
    fn sitting(&self, found: Option<Checkpoint>, watcher: &dyn Watcher, waiting: bool) -> Result<(), ProtocolError> {
        let start = Instant::now();
        let state = state_of(self.runs, self.node);
        let mut solver = self.experiment.solver_of(self.node.arm);
        solver.batch_parts = self.division.get().map_or(solver.batch_parts, |division| division.parts);
        // A device that another network has lost, or this one for lack of memory, is opened again.
        let device = self.device.renewed()?;
        let def = net_of(self.experiment, self.node, self.half.classes)?;
        let images = Images { set: &self.half.train, normalisation: self.normalisation };
        let streams = streams::training(self.experiment.seed, self.node);
        let reading = self.experiment.data.reading();
        let trainer = Trainer::new(&def, &solver, images, reading, streams, &device)?;
        let mut trainer = trainer.stopping(self.stop.clone());
        if waiting {
            trainer = trainer.waiting();
        }
        if let Some(key) = self.sharing_key() {
            trainer = trainer.sharing(self.prefixes, &key);
        }
        start::weights(&mut trainer, self.experiment.seed, self.node, self.runs)?;
        let copied = trainer.frozen()?;

        let identity = self.identity();
        let mut measured = match found {
            None => {
                start::statistics(&mut trainer, self.node, &device)?;
                Measured::default()
            }
            Some(found) => {
                let measured = found.load(&mut trainer)?;
                watcher.notice(self.node, &format!("resumes from step {}", trainer.step));
                measured
            }
        };
        // Statistics of random filters are measured, or come from the checkpoint; what was copied never changes.
        let before = if self.node.arm.is_random() { trainer.frozen()? } else { copied };
        trainer.division = self.division.get();
        let saved = trainer.step;
        let mut confusion = Confusion::new(&self.half.class_names, trainer.net.classes());
        let result = self.steps(&mut trainer, &mut measured, &mut confusion, watcher, |trainer, measured| {
            checkpoint::save(trainer, measured, &identity, &state, self.claim)
        });
        if let Err(ProtocolError::Train(TrainError::Stopped { .. })) = &result {
            if trainer.step > saved {
                checkpoint::save(&mut trainer, &measured, &identity, &state, self.claim)?;
            }
            self.add_time(start, &trainer)?;
        }
        result?;
        self.add_time(start, &trainer)?;
        let frozen = trainer.still_frozen(before.as_ref())?;
        self.finish(&mut trainer, &confusion, &measured, frozen)?;
        checkpoint::remove(&state);
        Ok(())
    }

    /// Trains and evaluates up to the last step. Whenever it comes back with a stop, `measured` and the trainer are
    /// what a checkpoint of that step needs: an evaluation that was cut short is made at the beginning of the next
    /// sitting.
    fn steps(
        &self,
        trainer: &mut Trainer<'_>,
        measured: &mut Measured,
        confusion: &mut Confusion,
        watcher: &dyn Watcher,
        mut save: impl FnMut(&mut Trainer<'_>, &Measured) -> Result<(), TrainError>,
    ) -> Result<(), ProtocolError> {
        let log = self.runs.node(&self.node.name).join("log.jsonl");
        let last = self.experiment.solver_of(self.node.arm).schedule.max_iter;
        let every = self.experiment.protocol.checkpoint_every;
        let evaluate_every = last.div_ceil(self.experiment.protocol.evaluations);
        let held_out = self.held_out();
        let mut saved = trainer.step;
        loop {
            let step = trainer.step;
            let due = step == last || (step > 0 && step.is_multiple_of(evaluate_every));
            let saves = step > saved && step.is_multiple_of(every);
            let stops = self.stop.asked();
            let held_out_due = held_out.filter(|&(_, every)| step == last || (step > 0 && step.is_multiple_of(every)));
            // What follows is for steps whose losses are known. In between a device may still be computing them.
            if due || saves || stops || held_out_due.is_some() {
                measured.losses.extend(trainer.losses()?);
            }
            if let Some((set, _)) = held_out_due
                && measured.held_out.last().is_none_or(|record| record.step < step)
            {
                trainer.check_finite()?;
                let scores = trainer.evaluate_into(&Images { set, normalisation: self.normalisation }, None)?;
                let (loss, top1, top5, images) = (scores.loss, scores.top1, scores.top5, scores.images);
                measured.held_out.push(HeldOut { step, epoch: trainer.epoch(), loss, top1, top5, images });
            }
            if due && measured.records.last().is_none_or(|record| record.step < step) {
                trainer.check_finite()?;
                let counted = (step == last).then_some(&mut *confusion);
                let images = Images { set: &self.half.evaluate, normalisation: self.normalisation };
                let scores = trainer.evaluate_into(&images, counted)?;
                measured.records.push(Record {
                    step,
                    epoch: trainer.epoch(),
                    train_loss: measured.losses.mean(),
                    loss: scores.loss,
                    top1: scores.top1,
                    top5: scores.top5,
                    images: scores.images,
                });
                record::write(&log, &measured.records, self.claim)?;
                measured.losses = Losses::default();
            }
            if step == last {
                return Ok(());
            }
            if saves {
                save(trainer, measured)?;
                saved = step;
            }
            if stops {
                return Err(TrainError::Stopped { step }.into());
            }
            trainer.train_step()?;
            self.claim.progress(trainer.step, self.experiment.solver.batch_size as u64, trainer.last_loss());
            watcher.progress(self.node, trainer.step, last);
        }
    }

    /// The held-out images on which the network is evaluated, and the steps between two evaluations, where it is.
    fn held_out(&self) -> Option<(&ImageSet, u64)> {
        let evaluations = work::held_out_evaluations(self.experiment, self.node);
        let last = self.experiment.solver_of(self.node.arm).schedule.max_iter;
        self.half.held_out.as_ref().filter(|_| evaluations > 0).map(|set| (set, last.div_ceil(evaluations)))
    }

    /// Writes the weights, the confusion counts and the records, then the manifest, which makes the network done.
    fn finish(
        &self,
        trainer: &mut Trainer<'_>,
        confusion: &Confusion,
        measured: &Measured,
        frozen: Option<Frozen>,
    ) -> Result<(), ProtocolError> {
        let fit = self.experiment.data.fit;
        let mut file = WeightsFile::of(trainer, fit, &self.half.class_names, self.dataset)?;
        file.network = Some(self.node.name.clone());
        let weights = file.encode()?;
        // Names and counts always serialise.
        let counts = serde_json::to_vec(confusion).unwrap_or_default();
        let records = record::text(&measured.records).into_bytes();
        let held_out = (!measured.held_out.is_empty()).then(|| record::text(&measured.held_out).into_bytes());
        let put = |name: &str, bytes: &[u8]| {
            let path = self.runs.node(&self.node.name).join(name);
            atomic::write_owned(&path, bytes, self.claim).map_err(|source| ProtocolError::Io { path, source })?;
            Ok::<_, ProtocolError>(Some(digest::hex(bytes)))
        };
        let manifest = Manifest {
            weights: put("weights.safetensors", &weights)?,
            confusion: put("confusion.json", &counts)?,
            log: put("log.jsonl", &records)?,
            held_out: held_out.map_or(Ok(None), |bytes| put("held-out.jsonl", &bytes))?,
            frozen: Some(Proof { backward_saved: self.work.backward_saved(), layers: frozen }),
            ..self.manifest(State::Done)
        };
        self.runs.finish(&manifest, self.claim)
    }

    fn add_time(&self, start: Instant, trainer: &Trainer<'_>) -> Result<(), ProtocolError> {
        let before = self.runs.timing(&self.node.name);
        let seconds = before.seconds + start.elapsed().as_secs_f64();
        let waiting = before.waiting + trainer.waited().as_secs_f64();
        let timing = Timing { seconds, sittings: before.sittings + 1, waiting };
        self.runs.write_timing(&self.node.name, &timing, self.claim)
    }
}
