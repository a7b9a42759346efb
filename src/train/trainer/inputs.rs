//! What a training step or an evaluation reads: images and labels, or the cached output of a frozen prefix.

use super::Trainer;
use crate::{
    nn::Tape,
    ops::Step,
    train::{Images, TrainError, batches::Windows, prefix::Prefix},
};
use std::sync::Arc;

impl Trainer<'_> {
    /// Fails where a stop is asked for.
    fn go_on(&self) -> Result<(), TrainError> {
        if self.stop.asked() { Err(TrainError::Stopped { step: self.step }) } else { Ok(()) }
    }

    /// Writes what a part of a training step reads, by its number over all steps, and returns the tape that it runs.
    pub(super) fn write_part(&mut self, number: u64) -> Result<Tape, TrainError> {
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
    pub(in super::super) fn each_batch_at_centre(
        &mut self,
        images: &Images<'_>,
        read: impl FnMut(&mut Self, &[usize]) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let centre = self.reading.centre_window(images.set, self.net.def.input[1])?;
        let windows = Windows::same(centre, self.net.batch);
        self.each_batch(images, images.set.len(), Tape::Evaluate, |_, _| Ok(windows.clone()), read)
    }
}
