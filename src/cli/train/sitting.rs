//! One sitting of `strata train`: from a checkpoint, where there is one, to the last step or to a stop.

use crate::{
    cli::{exit_code, interrupt::Interrupt, output::note},
    host::atomic,
    train::{
        Solver, Trainer,
        checkpoint::{self, Identity, Measured},
    },
};
use anyhow::Result;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// Lines of progress in a whole training run.
const LINES: u64 = 10;

/// What a sitting needs beside its trainer.
pub struct Sitting<'a> {
    /// What must not change between two sittings.
    pub identity: Identity,
    /// Where the weights will be; checkpoints lie beside it.
    pub weights: &'a Path,
    /// Steps between two checkpoints.
    pub every: u64,
}

impl Sitting<'_> {
    fn checkpoint(&self) -> PathBuf {
        self.weights.with_extension("state.safetensors")
    }

    /// Trains up to the last step. A signal ends it with a checkpoint.
    ///
    /// # Errors
    /// A checkpoint of another device, or one that cannot be read or written; a stop, as its exit code; what
    /// [`Trainer::train_step`] returns.
    pub fn train(&self, trainer: &mut Trainer<'_>, solver: &Solver, interrupt: &Interrupt) -> Result<()> {
        let path = self.checkpoint();
        let mut measured = Measured::default();
        if let Some(found) = checkpoint::find(&self.identity, &path, &mut |text| note!("{text}"))? {
            measured = found.load(trainer)?;
            note!("resumes from step {}", trainer.step);
        }
        interrupt.ask_first();
        let (start, first) = (Instant::now(), trainer.step);
        let last = solver.schedule.max_iter;
        let report = last.div_ceil(LINES).max(1);
        let mut saved = trainer.step;
        while trainer.step < last {
            if let Some(code) = interrupt.asked() {
                measured.losses.extend(trainer.losses()?);
                if trainer.step > saved {
                    checkpoint::save(trainer, &measured, &self.identity, &path, &atomic::Anyone)?;
                }
                note!("stopped at step {} of {last}; the same command resumes from there", trainer.step);
                return Err(exit_code::Stopped(code).into());
            }
            trainer.train_step()?;
            if trainer.step.is_multiple_of(report) || trainer.step == last {
                measured.losses.extend(trainer.losses()?);
                let rate = (trainer.step - first) as f64 * solver.batch_size as f64 / start.elapsed().as_secs_f64();
                note!("step {:>6}  loss {:.4}  {rate:.0} images/s", trainer.step, measured.losses.mean());
                measured.losses = checkpoint::Losses::default();
            }
            if trainer.step.is_multiple_of(self.every) && trainer.step < last {
                measured.losses.extend(trainer.losses()?);
                checkpoint::save(trainer, &measured, &self.identity, &path, &atomic::Anyone)?;
                saved = trainer.step;
            }
        }
        trainer.check_finite()?;
        interrupt.at_once();
        let (seconds, waited) = (start.elapsed().as_secs_f64(), trainer.waited().as_secs_f64());
        let share = 100.0 * waited / seconds.max(f64::MIN_POSITIVE);
        note!("trained in {seconds:.1} s, of which {waited:.2} s ({share:.1}%) waiting for data");
        Ok(())
    }

    /// Removes the checkpoints of a run whose weights are written.
    pub fn finish(&self) {
        checkpoint::remove(&self.checkpoint());
    }
}
