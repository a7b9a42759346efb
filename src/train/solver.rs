//! Caffe's solver: what one training run is, apart from its net and its data.

use super::TrainError;
use crate::{
    host::Precision,
    nn::{BuildOptions, Input},
    ops::sgd::Convention,
};
use serde::{Deserialize, Serialize};

/// A schedule with Caffe's names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solver {
    /// The learning rate at the start.
    pub base_lr: f64,
    /// What the rate is multiplied with at each drop.
    pub gamma: f64,
    /// Steps between two drops.
    pub stepsize: u64,
    /// Steps in all.
    pub max_iter: u64,
    /// Images a step.
    pub batch_size: usize,
    /// The parts in which a batch is computed, one after the other, with their gradients added: the same step but for
    /// rounding, with less memory. Caffe's `iter_size` is another thing: it multiplies the batch.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub batch_parts: usize,
    /// The momentum.
    pub momentum: f64,
    /// The weight decay, added to the gradient as `weight_decay * decay_mult * w`.
    pub weight_decay: f64,
    /// Where the learning rate enters: `caffe` or `pytorch`.
    pub convention: Convention,
    /// The precision of matrix products: `f32`, or `mixed` or `f16x3` on a GPU that can.
    #[serde(default, skip_serializing_if = "Precision::is_f32")]
    pub precision: Precision,
    /// What the loss is multiplied with on its way back where products are those of `f16`, a power of two, so that small
    /// gradients are not lost in it; steps divide by it. A run in which a gradient exceeds 65,504 ends with a message.
    #[serde(default = "usual_scale", skip_serializing_if = "is_usual_scale")]
    pub loss_scale: u32,
}

/// Enough to lift gradients of 2^-34 into `f16`; softmax' own, at most 1 / batch, stay far below its largest number.
pub const USUAL_LOSS_SCALE: u32 = 1024;

const fn usual_scale() -> u32 {
    USUAL_LOSS_SCALE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_usual_scale(scale: &u32) -> bool {
    *scale == USUAL_LOSS_SCALE
}

const fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(parts: &usize) -> bool {
    *parts == 1
}

impl Solver {
    /// How a net is built that this solver trains on `input`.
    pub fn building(&self, input: Input) -> BuildOptions {
        BuildOptions {
            batch: self.batch_size,
            parts: self.batch_parts,
            input,
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            convention: self.convention,
            precision: self.precision,
            loss_scale: if self.precision.is_f32() { 1.0 } else { f64::from(self.loss_scale) },
            given_masks: false,
            keep_gradients: false,
        }
    }

    /// The learning rate of a step, counted from 0: `base_lr * gamma ^ floor(step / stepsize)`.
    pub fn rate(&self, step: u64) -> f64 {
        self.base_lr * self.gamma.powi((step / self.stepsize.max(1)) as i32)
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let bad = |key, expected, got: String| Err(TrainError::Setting { key, expected, got });
        if !(self.base_lr.is_finite() && self.base_lr > 0.0) {
            return bad("base_lr", "a number above 0", self.base_lr.to_string());
        }
        if !(self.gamma.is_finite() && self.gamma > 0.0) {
            return bad("gamma", "a number above 0", self.gamma.to_string());
        }
        if self.stepsize == 0 {
            return bad("stepsize", "at least 1", "0".into());
        }
        if self.max_iter == 0 || self.max_iter > u64::from(u32::MAX) {
            return bad("max_iter", "1 to 4294967295", self.max_iter.to_string());
        }
        if self.batch_size == 0 || self.batch_size > 1 << 16 {
            return bad("batch_size", "1 to 65536", self.batch_size.to_string());
        }
        if self.batch_parts == 0 || !self.batch_size.is_multiple_of(self.batch_parts) {
            return bad("batch_parts", "a divisor of batch_size", self.batch_parts.to_string());
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return bad("momentum", "at least 0 and below 1", self.momentum.to_string());
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return bad("weight_decay", "a number not below 0", self.weight_decay.to_string());
        }
        if !self.loss_scale.is_power_of_two() {
            return bad("loss_scale", "a power of two", self.loss_scale.to_string());
        }
        if self.precision.is_f32() && !is_usual_scale(&self.loss_scale) {
            return bad("loss_scale", "left out where precision is f32", self.loss_scale.to_string());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_drops_at_the_step_itself() {
        let solver = Solver {
            base_lr: 0.01,
            gamma: 0.1,
            stepsize: 100,
            max_iter: 450,
            batch_size: 256,
            batch_parts: 1,
            momentum: 0.9,
            weight_decay: 0.0005,
            convention: Convention::Caffe,
            precision: Precision::F32,
            loss_scale: 1024,
        };
        assert_eq!(solver.rate(99), 0.01);
        assert!((solver.rate(100) - 0.001).abs() < 1e-12);
        assert!((solver.rate(399) - 0.00001).abs() < 1e-12);
        assert!(solver.check().is_ok());
        assert!(Solver { momentum: 1.0, ..solver.clone() }.check().is_err());
        assert!(Solver { batch_parts: 4, ..solver.clone() }.check().is_ok());
        assert!(Solver { batch_parts: 3, ..solver.clone() }.check().is_err());
        let mixed = Solver { precision: Precision::Mixed, ..solver.clone() };
        assert!(mixed.check().is_ok() && Solver { loss_scale: 1, ..mixed.clone() }.check().is_ok());
        assert!(Solver { loss_scale: 1000, ..mixed }.check().is_err());
        let scale = |solver: &Solver| solver.building(Input::Activation).loss_scale;
        assert_eq!([scale(&solver), scale(&Solver { precision: Precision::Mixed, ..solver.clone() })], [1.0, 1024.0]);
        // A setting that does nothing is refused.
        assert!(Solver { loss_scale: 512, ..solver }.check().is_err());
    }
}
