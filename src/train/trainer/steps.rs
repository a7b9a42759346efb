//! Training steps and their losses, which a device may deliver some steps later.

use super::Trainer;
use crate::{
    nn::Tape,
    ops::Step,
    train::{TrainError, watch},
};

impl Trainer<'_> {
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
    pub(in super::super) fn not_finite(&mut self) -> Result<Option<String>, TrainError> {
        watch::not_finite(&self.net, &mut self.executor, self.dropout)
    }
}
