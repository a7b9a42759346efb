//! The training loop of one network.

use super::{
    Batches, Division, Images, Solver, TrainError,
    batches::{Reading, Windows},
    feeder::Feeder,
    prefix::{self, Prefix, Prefixes},
    watch,
};
use crate::{
    host::{Stop, Stream},
    nn::{Input, Net, NetDef, Tape},
    ops::{Device, Executor, Step},
};
use std::{sync::Arc, time::Duration};

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

    /// Fails where a stop is asked for.
    fn go_on(&self) -> Result<(), TrainError> {
        if self.stop.asked() { Err(TrainError::Stopped { step: self.step }) } else { Ok(()) }
    }

    /// Writes what a part of a training step reads, by its number over all steps, and returns the tape that it runs.
    fn write_part(&mut self, number: u64) -> Result<Tape, TrainError> {
        let first = number.is_multiple_of(self.solver.batch_parts as u64);
        let indices = self.batches.indices(number);
        let train = self.train;
        let (Some(cache), Some(boundary)) = (self.cache()?, self.net.boundary) else {
            let crops = self.batches.crops(number, train.set, self.net.def.input[1])?;
            self.feeder.train(train.set, &self.batches, number);
            self.write_batch(&train, &indices, &crops)?;
            return Ok(if first { Tape::Train } else { Tape::TrainNext });
        };
        let features = cache.len() / (train.set.len() * self.reading.inputs().unwrap_or(1));
        let inputs = self.batches.inputs(number);
        let values: Vec<f32> = inputs.iter().flat_map(|&i| &cache[i * features..(i + 1) * features]).copied().collect();
        let labels: Vec<u32> = indices.iter().map(|&i| u32::from(train.set.labels[i])).collect();
        self.executor.write(boundary, &values)?;
        self.executor.write_words(self.net.labels, &labels)?;
        Ok(if first { Tape::Above } else { Tape::AboveNext })
    }

    fn write_batch(&mut self, images: &Images<'_>, indices: &[usize], windows: &Windows) -> Result<(), TrainError> {
        let Some([bytes, crop_words, mean, scale]) = self.net.images else { return Ok(()) };
        if !self.normalised {
            self.executor.write(mean, &images.normalisation.padded_mean(self.reading.padding))?;
            self.executor.write(scale, &images.normalisation.scale)?;
            self.normalised = true;
        }
        let batch = self.net.batch;
        let mut gathered = self.feeder.batch(images.set, indices);
        windows.resize(&mut gathered.pixels, images.set, self.net.def.input[1], self.reading.padding)?;
        let mut labels: Vec<u32> = gathered.labels.into_iter().map(u32::from).collect();
        labels.resize(batch, 0);
        self.executor.write_bytes(bytes, &gathered.pixels)?;
        self.executor.write_words(crop_words, &windows.words)?;
        self.executor.write_words(self.net.labels, &labels)?;
        Ok(())
    }

    /// The activations of all inputs, where they are or should be there.
    fn cache(&mut self) -> Result<Option<Arc<Vec<f32>>>, TrainError> {
        if matches!(self.prefix, Prefix::Wanted) {
            let found = self.shared.as_ref().and_then(|(prefixes, key)| prefixes.get(key));
            let values = match found {
                Some(values) => values,
                None => Arc::new(self.fill()?),
            };
            if let Some((prefixes, key)) = &self.shared {
                prefixes.put(key.clone(), &values);
            }
            self.prefix = Prefix::Cached(values);
        }
        Ok(match &self.prefix {
            Prefix::Cached(values) => Some(Arc::clone(values)),
            _ => None,
        })
    }

    /// The activations of all inputs, computed.
    fn fill(&mut self) -> Result<Vec<f32>, TrainError> {
        let Some(boundary) = self.net.boundary else { return Ok(Vec::new()) };
        let (train, side, batch) = (self.train, self.net.def.input[1], self.net.batch);
        let inputs = train.set.len() * self.reading.inputs().unwrap_or(0);
        let mut cache = Vec::new();
        let windows = |trainer: &Self, inputs: &[usize]| {
            // A batch that is not full computes some window of what stands in its empty places.
            Ok(trainer.batches.windows(inputs, train.set, side)?.filled(batch))
        };
        self.each_batch(&train, inputs, Tape::Prefix, windows, |trainer, indices| {
            let values = trainer.executor.read(boundary)?;
            cache.extend_from_slice(&values[..values.len() / batch * indices.len()]);
            Ok(())
        })?;
        Ok(cache)
    }

    /// Takes inputs through a tape that learns nothing, a batch after the other: writes the batch, runs the tape, and
    /// lets `read` take what it wants of the results. Input i is image i modulo the number of images; `windows` gives
    /// the windows of a batch's inputs, and `read` gets the indices of its images. The last batch may be partly filled.
    ///
    /// # Errors
    /// A stop; a lost device; what `windows` and `read` return.
    fn each_batch(
        &mut self,
        images: &Images<'_>,
        inputs: usize,
        tape: Tape,
        windows: impl Fn(&Self, &[usize]) -> Result<Windows, TrainError>,
        mut read: impl FnMut(&mut Self, &[usize]) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let (batch, step) = (self.net.batch, Step { iteration: 0, rate: 0.0, dropout: self.dropout, first_image: 0 });
        let all: Vec<usize> = (0..inputs).collect();
        self.feeder.go_through(images.set, batch);
        for inputs in all.chunks(batch) {
            self.go_on()?;
            let crops = windows(self, inputs)?;
            let indices: Vec<usize> = inputs.iter().map(|input| input % images.set.len()).collect();
            self.write_batch(images, &indices, &crops)?;
            self.executor.run(tape, &step)?;
            read(self, &indices)?;
        }
        Ok(())
    }

    /// Takes every image through the evaluation's tape once, as [`Self::each_batch`] does: centre window, no dropout.
    ///
    /// # Errors
    /// Images smaller than the window, and those of [`Self::each_batch`].
    pub(super) fn each_batch_at_centre(
        &mut self,
        images: &Images<'_>,
        read: impl FnMut(&mut Self, &[usize]) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let centre = self.reading.centre_window(images.set, self.net.def.input[1])?;
        let windows = Windows::same(centre, self.net.batch);
        self.each_batch(images, images.set.len(), Tape::Evaluate, |_, _| Ok(windows.clone()), read)
    }

    /// One training step. Does not wait for its loss where the device computes on its own: [`Self::losses`] gives it.
    ///
    /// # Errors
    /// A lost device; a loss that is not finite, of this step or of one before; a stop while the prefix is computed.
    pub fn train_step(&mut self) -> Result<(), TrainError> {
        let (parts, rate) = (self.solver.batch_parts, self.solver.schedule.rate(self.step));
        let step = Step { iteration: self.step as u32, rate, dropout: self.dropout, first_image: 0 };
        for part in 0..parts {
            let tape = self.write_part(self.step * parts as u64 + part as u64)?;
            self.executor.run(tape, &Step { first_image: (part * self.net.batch) as u32, ..step })?;
            self.executor.read_later(self.net.loss)?;
        }
        if parts > 1 {
            self.executor.run(Tape::Update, &step)?;
        }
        self.awaited += 1;
        self.step += 1;
        self.fetch(self.waiting)
    }

    /// The last loss that is known; a device may be some steps ahead of it.
    pub const fn last_loss(&self) -> f64 {
        self.loss
    }

    /// The mean losses of the batches of all steps since the last call, in their order. Waits for those to come.
    ///
    /// # Errors
    /// A lost device; a loss that is not finite.
    pub fn losses(&mut self) -> Result<Vec<f64>, TrainError> {
        self.fetch(true)?;
        Ok(std::mem::take(&mut self.arrived))
    }

    /// Takes the losses that have arrived, or all of them. A loss that is not finite ends the run: its step did not
    /// count, and the place where that began is known where no other step has run since.
    fn fetch(&mut self, all: bool) -> Result<(), TrainError> {
        for losses in self.executor.collect(all)? {
            self.of_parts.extend(losses);
            if self.of_parts.len() < self.solver.batch_size {
                continue;
            }
            let losses = std::mem::take(&mut self.of_parts);
            self.loss = losses.iter().map(|&l| f64::from(l)).sum::<f64>() / losses.len() as f64;
            if !self.loss.is_finite() {
                let (step, last) = (self.step - self.awaited, self.awaited == 1);
                self.step = step;
                let place = if last { Some(self.not_finite()?.unwrap_or_else(|| "the loss".into())) } else { None };
                return Err(TrainError::Diverged { step, loss: self.loss, place });
            }
            self.awaited -= 1;
            self.arrived.push(self.loss);
        }
        Ok(())
    }

    /// Fails where the weights, their history, or anything that the last step wrote holds an infinity or a NaN.
    /// A finite loss proves nothing: a rectifier or a pool may hide a NaN of a weight.
    ///
    /// # Errors
    /// The first such tensor in the order of computation; a lost device.
    pub fn check_finite(&mut self) -> Result<(), TrainError> {
        match self.not_finite()? {
            None => Ok(()),
            place => Err(TrainError::Diverged { step: self.step, loss: self.loss, place }),
        }
    }

    /// The first tensor that holds an infinity or a NaN, in words.
    pub(super) fn not_finite(&mut self) -> Result<Option<String>, TrainError> {
        watch::not_finite(&self.net, &mut self.executor, self.dropout)
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
