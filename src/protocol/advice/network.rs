//! One network of an advice: trained from the source's blocks and its own new ones, and judged on images that it has not
//! seen.

use super::{
    blocks::Blocks,
    keys::Keys,
    outcome::{Ended, Outcome},
    record::Kind,
};
use crate::{
    data::{ImageSet, Normalisation},
    host::{Stop, Stream, digest},
    nn::{Input, Net, NetDef, Tape, weights},
    ops::Device,
    protocol::ProtocolError,
    train::{Images, Prefixes, TrainError, Trainer, WeightsFile, checkpoint, prefix, trainer::Streams},
};
use std::path::Path;

/// The layers whose tensors are read for the classes of images.
fn scores_of(net: &NetDef) -> Vec<String> {
    net.layers.last().map(|layer| layer.name.clone()).into_iter().collect()
}

/// What the networks of an advice have in common.
#[derive(Debug)]
pub struct Common<'a> {
    /// The network that is copied from.
    pub source: &'a WeightsFile,
    /// The digest of its file.
    pub source_digest: &'a str,
    /// Its net with an output for each class of the images.
    pub net: NetDef,
    /// How pixels become numbers.
    pub normalisation: Normalisation,
    /// What was set.
    pub keys: &'a Keys,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// Where networks are trained.
    pub device: &'a Device,
    /// Ends training early.
    pub stop: Stop,
    /// The activations of the source's blocks, computed once.
    pub blocks: Blocks,
    /// Those of the frozen blocks of networks that share their images.
    pub prefixes: Prefixes,
}

/// What one network is.
#[derive(Clone, Debug)]
pub struct Task {
    /// What is copied and what learns.
    pub kind: Kind,
    /// What its random numbers are drawn for; tasks of the same name are paired.
    pub draw: String,
    /// What it is trained on, by the indices of the images that are not locked away.
    pub train: Vec<usize>,
    /// What it is judged on, likewise; none for the images that are locked away.
    pub judged: Option<Vec<usize>>,
    /// Whether its weights are kept.
    pub keep: bool,
}

impl Task {
    /// Its name, which is that of its file.
    pub fn name(&self) -> String {
        format!("{}-{}", self.draw, self.kind.name())
    }
}

impl Common<'_> {
    /// The digest of everything that the outcome of a task depends on.
    pub fn settings(&self, task: &Task, train: &ImageSet, judged: &ImageSet) -> String {
        let part = |value: &dyn std::fmt::Debug| format!("{value:?}");
        let solver = serde_json::to_string(&self.keys.solver).unwrap_or_default();
        let lines = [
            self.source_digest.to_string(),
            self.net.to_toml(),
            part(&task.kind),
            format!("seed {} draw {}", self.seed, task.draw),
            solver,
            self.keys.data.text(),
            part(&self.normalisation),
            train.digest(),
            judged.digest(),
            self.device.identity(),
        ];
        digest::hex(lines.join("\n").as_bytes())
    }

    fn stream(&self, task: &Task, purpose: &str) -> Stream {
        Stream::named(&format!("seed={}/advice/{}/{purpose}", self.seed, task.draw))
    }

    /// Multiply-adds of training a task's network, with the activations of frozen blocks computed once.
    ///
    /// # Errors
    /// A net that cannot be built.
    pub fn multiply_adds(&self, kind: Kind, images: usize) -> Result<u64, ProtocolError> {
        let nets = kind.nets(&self.net)?;
        let steps = self.keys.solver.steps(images).div_ceil(nets.len() as u64);
        let mut sum = 0;
        for def in nets {
            let solver = self.keys.solver.solver(steps);
            let net = Net::build(&def, solver.building(Input::Activation))?;
            let reading = self.keys.reading();
            sum += if prefix::pays(&net, images, &reading, &solver) {
                let inputs = images * reading.inputs().unwrap_or(1);
                net.program.macs(Tape::Prefix) * inputs.div_ceil(solver.batch_size) as u64
                    + net.program.macs(Tape::Above) * steps
            } else {
                net.program.macs(Tape::Train) * steps
            };
        }
        Ok(sum)
    }

    /// Trains the network of a task and judges it. Its weights come beside the outcome.
    ///
    /// # Errors
    /// A stop; a lost device; images that do not fit. Values that are not finite are an outcome, not an error.
    pub fn train(
        &self,
        task: &Task,
        train: &ImageSet,
        judged: &ImageSet,
    ) -> Result<(Outcome, Option<weights::Tensors>), ProtocolError> {
        let settings = self.settings(task, train, judged);
        match self.trained(task, train, judged) {
            Ok((predictions, tensors)) => {
                Ok((Outcome { name: task.name(), settings, ended: Ended::Judged { predictions } }, Some(tensors)))
            }
            Err(ProtocolError::Train(error @ TrainError::Diverged { .. })) => {
                let ended = Ended::Diverged { message: error.to_string() };
                Ok((Outcome { name: task.name(), settings, ended }, None))
            }
            Err(error) => Err(error),
        }
    }

    fn trained(
        &self,
        task: &Task,
        train: &ImageSet,
        judged: &ImageSet,
    ) -> Result<(Vec<u16>, weights::Tensors), ProtocolError> {
        let nets = task.kind.nets(&self.net)?;
        let steps = self.keys.solver.steps(train.len());
        let (phases, last) = (nets.len() as u64, nets.len() - 1);
        let mut tensors: Option<weights::Tensors> = None;
        for (phase, def) in nets.iter().enumerate() {
            // The first phases are the longer ones, where steps cannot be divided.
            let steps = steps / phases + u64::from((phase as u64) < steps % phases);
            let solver = self.keys.solver.solver(steps);
            let purpose = |purpose: &str| if phase == 0 { purpose.into() } else { format!("phase={phase}/{purpose}") };
            let streams = Streams {
                order: self.stream(task, &purpose("order")),
                crops: self.stream(task, &purpose("crops")),
                dropout: self.stream(task, &purpose("dropout")),
            };
            let device = self.device.renewed().map_err(ProtocolError::Ops)?;
            let images = Images { set: train, normalisation: &self.normalisation };
            let trainer = Trainer::new(def, &solver, images, self.keys.reading(), streams, &device)?;
            let mut trainer = trainer.stopping(self.stop.clone());
            if let Some(key) = self.blocks.share(task.kind, &task.draw, &task.train, &trainer.net, &self.prefixes) {
                trainer = trainer.sharing(&self.prefixes, &key);
            }
            match &tensors {
                None => self.begin(task, &mut trainer)?,
                Some(tensors) => write(&mut trainer, tensors)?,
            }
            while trainer.step < steps {
                if self.stop.asked() {
                    return Err(TrainError::Stopped { step: trainer.step }.into());
                }
                trainer.train_step()?;
                // Their mean is nobody's business here; a loss that is not finite is found.
                if trainer.step.is_multiple_of(64) {
                    trainer.losses()?;
                }
            }
            trainer.losses()?;
            trainer.check_finite()?;
            if phase == last {
                let predictions = self.predictions(&mut trainer, judged)?;
                return Ok((predictions, checkpoint::weights_of(&mut trainer)?));
            }
            tensors = Some(checkpoint::weights_of(&mut trainer)?);
        }
        // There is a net for every kind.
        Err(TrainError::Empty { what: "network" }.into())
    }

    /// Writes the weights that a network begins with: new ones are drawn, the same for all candidates of a draw, and
    /// those of the first n blocks are the source's.
    fn begin(&self, task: &Task, trainer: &mut Trainer<'_>) -> Result<(), ProtocolError> {
        trainer.net.initialise(&mut trainer.executor, |name| self.stream(task, &format!("weights/{name}")))?;
        let n = task.kind.n();
        if n == 0 {
            return Ok(());
        }
        let layers = self.net.prefix(n)?;
        for param in trainer.net.params.clone().iter().filter(|param| layers.contains(&param.layer)) {
            let values = weights::take(&self.source.tensors, param, Path::new(&self.source.net.name))?;
            trainer.executor.write(param.w, values).map_err(ProtocolError::Ops)?;
        }
        Ok(())
    }

    /// The class that a network takes each image for: the greatest score, of equal ones the first.
    fn predictions(&self, trainer: &mut Trainer<'_>, judged: &ImageSet) -> Result<Vec<u16>, ProtocolError> {
        let images = Images { set: judged, normalisation: &self.normalisation };
        let scores = trainer.activations(&images, &scores_of(&self.net))?.concat();
        let classes = trainer.net.classes();
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(TrainError::Diverged {
                step: trainer.step,
                loss: f64::NAN,
                place: Some("a class score".into()),
            }
            .into());
        }
        let best = |scores: &[f32]| {
            let mut best = 0;
            for (class, score) in scores.iter().enumerate() {
                if *score > scores[best] {
                    best = class;
                }
            }
            best as u16
        };
        Ok(scores.chunks_exact(classes).map(best).collect())
    }

    /// The weights file of a trained network, ready for `eval` and `predict`.
    pub fn weights_file(&self, tensors: weights::Tensors, classes: &[String], dataset: &str) -> WeightsFile {
        WeightsFile {
            net: self.net.clone(),
            tensors,
            preprocessing: crate::train::Preprocessing {
                normalisation: self.normalisation.clone(),
                fit: self.source.preprocessing.fit,
            },
            classes: classes.to_vec(),
            dataset: dataset.into(),
            network: None,
            training: None,
        }
    }
}

fn write(trainer: &mut Trainer<'_>, tensors: &weights::Tensors) -> Result<(), ProtocolError> {
    for param in &trainer.net.params.clone() {
        let values = weights::take(tensors, param, Path::new(&trainer.net.def.name))?;
        trainer.executor.write(param.w, values).map_err(ProtocolError::Ops)?;
    }
    Ok(())
}
