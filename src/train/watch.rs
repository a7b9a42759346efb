//! The search for non-finite values, on the device.

use super::{TrainError, Trainer};
use crate::{nn::Tape, ops::Step};

impl Trainer<'_> {
    /// Fails where the weights, their history, or anything that the last step wrote holds an infinity or a NaN.
    /// A loss that is a number does not tell: a NaN of a weight may be hidden by a rectifier or a pool.
    ///
    /// # Errors
    /// The first such tensor in the order of computation; a lost device.
    pub fn check_finite(&mut self) -> Result<(), TrainError> {
        match self.not_finite()? {
            None => Ok(()),
            place => Err(TrainError::Diverged { step: self.step, loss: self.loss, place }),
        }
    }

    /// The first of the watched tensors, in the order of computation, that holds an infinity or a NaN, in words.
    pub(super) fn not_finite(&mut self) -> Result<Option<String>, TrainError> {
        let watched = self.net.watched.len();
        self.executor.write_words(self.net.flags, &vec![0; watched])?;
        self.executor.run(Tape::Watch, &Step { iteration: 0, rate: 0.0, dropout: self.dropout, first_image: 0 })?;
        let flags = self.executor.read_words(self.net.flags)?;
        let first = flags.iter().zip(&self.net.watched).find(|(flag, _)| **flag != 0);
        Ok(first.map(|(_, (_, place))| place.clone()))
    }
}
