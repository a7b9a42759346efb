//! A network in training: its net, its tensors on a device, its images and its solver.

mod inputs;
mod steps;

use super::{
    Batches, Division, Images, Solver, TrainError,
    batches::Reading,
    feeder::Feeder,
    prefix::{self, Prefix, Prefixes},
};
use crate::{
    host::{Stop, Stream},
    nn::{Input, Net, NetDef},
    ops::{Device, Executor},
};
use std::time::Duration;

/// The streams of one training run.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// The order of the images.
    pub order: Stream,
    /// Windows and mirrors.
    pub crops: Stream,
    /// Dropout masks.
    pub dropout: Stream,
}

/// One network in training.
#[derive(Debug)]
pub struct Trainer<'a> {
    /// The net.
    pub net: Net,
    /// Its tensors on the device.
    pub executor: Executor,
    /// Steps done.
    pub step: u64,
    /// Why batches are computed in parts, where that is for want of memory: checkpoints keep it.
    pub division: Option<Division>,
    pub(super) solver: Solver,
    pub(super) train: Images<'a>,
    pub(super) batches: Batches,
    pub(super) dropout: Stream,
    pub(super) reading: Reading,
    normalised: bool,
    prefix: Prefix,
    shared: Option<(&'a Prefixes, String)>,
    feeder: Feeder,
    pub(super) stop: Stop,
    /// The last loss of a step or evaluation that is known.
    loss: f64,
    /// The losses of steps that [`Self::losses`] has not given yet, as far as they have arrived.
    arrived: Vec<f64>,
    /// The losses of the images of a step of which some parts have arrived.
    of_parts: Vec<f32>,
    /// Steps whose losses have not arrived yet.
    awaited: u64,
    /// Whether every step waits for its loss.
    waiting: bool,
}

impl<'a> Trainer<'a> {
    /// Builds the net for these images and loads it. The weights are still zero: the caller
    /// initialises or copies them.
    ///
    /// # Errors
    /// Settings out of range, images or labels that do not fit, a device that refuses the net.
    pub fn new(
        def: &NetDef,
        solver: &Solver,
        train: Images<'a>,
        reading: Reading,
        streams: Streams,
        device: &Device,
    ) -> Result<Self, TrainError> {
        solver.check()?;
        if train.set.is_empty() {
            return Err(TrainError::Empty { what: "training" });
        }
        let [c, h, w] = def.input;
        let got = [train.set.channels, train.set.height, train.set.width];
        if got[0] != c || got[1] < h || got[2] < w {
            return Err(TrainError::Images { net: def.name.clone(), expected: def.input, got });
        }
        let input = Input::Images { stored: [train.set.height, train.set.width], padding: reading.padding };
        let net = Net::build(def, solver.building(input))?;
        check_labels(&net, &train)?;
        let executor = Executor::load(device, net.program.clone())?;
        let batches = Batches::new(streams.order, streams.crops, train.set.len(), net.batch, reading);
        let prefix = if prefix::pays(&net, train.set.len(), &reading, solver) { Prefix::Wanted } else { Prefix::Run };
        Ok(Self {
            net,
            executor,
            step: 0,
            division: None,
            solver: solver.clone(),
            train,
            batches,
            dropout: streams.dropout,
            reading,
            normalised: false,
            prefix,
            shared: None,
            feeder: Feeder::default(),
            stop: Stop::default(),
            loss: 0.0,
            arrived: Vec::new(),
            of_parts: Vec::new(),
            awaited: 0,
            waiting: false,
        })
    }

    /// Lets a stop end also what takes longer than a step: an evaluation, and the first pass through a frozen
    /// prefix. They come back with [`TrainError::Stopped`] and are done whole the next time.
    pub fn stopping(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Waits for the loss of every step, so that the layer where numbers cease to be finite can be named: once later
    /// steps have run, nothing of the step where it began is left. The bits are the same, only slower on a GPU.
    pub fn waiting(mut self) -> Self {
        self.waiting = true;
        self
    }

    /// Runs a frozen prefix at every step instead of once an input: the same bits, more work.
    #[cfg(feature = "testing")]
    pub fn without_cache(mut self) -> Self {
        self.prefix = Prefix::Run;
        self
    }

    /// Shares the activations of a frozen prefix with other networks. `key` must name everything they depend on but
    /// the layer where the prefix ends: weights, images, mean, windows, scale and device.
    pub fn sharing(mut self, prefixes: &'a Prefixes, key: &str) -> Self {
        if let Some(boundary) = self.net.boundary {
            self.shared = Some((prefixes, format!("{key} {}", self.net.program.tensors[boundary.0].name)));
        }
        self
    }

    /// The time spent waiting for the bytes of images, in training and in evaluations.
    pub fn waited(&self) -> Duration {
        self.feeder.waited
    }

    /// Passes over the training images done.
    pub fn epoch(&self) -> f64 {
        self.step as f64 * self.solver.batch_size as f64 / self.train.set.len() as f64
    }
}

/// Refuses labels that the net has no output for.
pub(super) fn check_labels(net: &Net, images: &Images<'_>) -> Result<(), TrainError> {
    let classes = net.classes();
    match images.set.labels.iter().map(|&l| u32::from(l)).find(|&l| l as usize >= classes) {
        Some(label) => Err(TrainError::Label { label, classes }),
        None => Ok(()),
    }
}
