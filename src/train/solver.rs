//! Caffe's solver: what one training run is, apart from its net and its data.

use super::{
    TrainError,
    schedule::{Policy, Schedule, Warmup},
    solver_keys::{SolverKeys, USUAL_LOSS_SCALE, of_policy},
};
use crate::{
    host::Precision,
    nn::{BuildOptions, Input},
    ops::sgd::Convention,
};
use serde::{Deserialize, Serialize};

/// A schedule and how weights follow it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SolverKeys", into = "SolverKeys")]
pub struct Solver {
    /// The learning rate of every step, and how many there are.
    pub schedule: Schedule,
    /// Images a step.
    pub batch_size: usize,
    /// The parts in which a batch is computed, one after the other, with their gradients added: the same step but for
    /// rounding, with less memory. Caffe's `iter_size` is another thing: it multiplies the batch.
    pub batch_parts: usize,
    /// The momentum.
    pub momentum: f64,
    /// Whether it is Nesterov's.
    pub nesterov: bool,
    /// The weight decay, added to the gradient as `weight_decay * decay_mult * w`.
    pub weight_decay: f64,
    /// Where the learning rate enters: `caffe` or `pytorch`.
    pub convention: Convention,
    /// The precision of matrix products: `f32`, or `mixed` or `f16x3` on a GPU that can.
    pub precision: Precision,
    /// What the loss is multiplied with on its way back where products are those of `f16`, a power of two, so that
    /// small gradients are not lost in it; steps divide by it. A run in which a gradient exceeds 65,504 ends with a
    /// message.
    pub loss_scale: u32,
}

/// The paper's: batches of 256, a rate of 0.01 that drops to a tenth every 100,000 of 450,000 steps, a momentum of 0.9
/// and a weight decay of 0.0005 in Caffe's convention, in `f32`.
impl Default for Solver {
    fn default() -> Self {
        let policy = Policy::Step { gamma: 0.1, stepsize: 100_000 };
        Self {
            schedule: Schedule { base_lr: 0.01, policy, warmup: Warmup::NONE, max_iter: 450_000 },
            batch_size: 256,
            batch_parts: 1,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 0.0005,
            convention: Convention::Caffe,
            precision: Precision::F32,
            loss_scale: USUAL_LOSS_SCALE,
        }
    }
}

impl Solver {
    /// How a net is built that this solver trains on `input`.
    pub fn building(&self, input: Input) -> BuildOptions {
        BuildOptions {
            batch: self.batch_size,
            parts: self.batch_parts,
            input,
            momentum: self.momentum,
            nesterov: self.nesterov,
            weight_decay: self.weight_decay,
            convention: self.convention,
            precision: self.precision,
            loss_scale: if self.precision.is_f32() { 1.0 } else { f64::from(self.loss_scale) },
            keep_gradients: false,
            fuse: true,
        }
    }

    /// The same with a schedule of double length.
    #[must_use]
    pub fn twice_as_long(self) -> Self {
        Self { schedule: self.schedule.twice_as_long(), ..self }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let bad = |key, expected, got: String| Err(TrainError::Setting { key, expected, got });
        self.schedule.check()?;
        if self.batch_size == 0 || self.batch_size > 1 << 16 {
            return bad("batch_size", "1 to 65536", self.batch_size.to_string());
        }
        if self.batch_parts == 0 || !self.batch_size.is_multiple_of(self.batch_parts) {
            return bad("batch_parts", "a divisor of batch_size", self.batch_parts.to_string());
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return bad("momentum", "at least 0 and below 1", self.momentum.to_string());
        }
        if self.nesterov && self.momentum == 0.0 {
            return bad("nesterov", "false without a momentum", "true".into());
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return bad("weight_decay", "a number not below 0", self.weight_decay.to_string());
        }
        if !self.loss_scale.is_power_of_two() {
            return bad("loss_scale", "a power of two", self.loss_scale.to_string());
        }
        if self.precision.is_f32() && self.loss_scale != USUAL_LOSS_SCALE {
            return bad("loss_scale", "left out where precision is f32", self.loss_scale.to_string());
        }
        Ok(())
    }
}

impl TryFrom<SolverKeys> for Solver {
    type Error = TrainError;

    /// # Errors
    /// A key that the policy needs and that is missing; one that it has no use for.
    fn try_from(keys: SolverKeys) -> Result<Self, TrainError> {
        let warmup = Warmup { iter: keys.warmup_iter, start_factor: keys.warmup_start_factor };
        Ok(Self {
            schedule: Schedule { base_lr: keys.base_lr, policy: keys.policy()?, warmup, max_iter: keys.max_iter },
            batch_size: keys.batch_size,
            batch_parts: keys.batch_parts,
            momentum: keys.momentum,
            nesterov: keys.nesterov,
            weight_decay: keys.weight_decay,
            convention: keys.convention,
            precision: keys.precision,
            loss_scale: keys.loss_scale,
        })
    }
}

impl From<Solver> for SolverKeys {
    fn from(solver: Solver) -> Self {
        let Schedule { base_lr, policy, warmup, max_iter } = solver.schedule;
        let (lr_policy, gamma, stepsize, stepvalue) = of_policy(policy);
        Self {
            base_lr,
            lr_policy,
            gamma,
            stepsize,
            stepvalue,
            warmup_iter: warmup.iter,
            warmup_start_factor: warmup.start_factor,
            max_iter,
            batch_size: solver.batch_size,
            batch_parts: solver.batch_parts,
            momentum: solver.momentum,
            nesterov: solver.nesterov,
            weight_decay: solver.weight_decay,
            convention: solver.convention,
            precision: solver.precision,
            loss_scale: solver.loss_scale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solver_with_a_setting_out_of_its_range_is_refused() {
        let solver = Solver::default();
        assert!(solver.check().is_ok());
        assert!(Solver { momentum: 1.0, ..solver.clone() }.check().is_err());
        assert!(Solver { nesterov: true, ..solver.clone() }.check().is_ok());
        assert!(Solver { nesterov: true, momentum: 0.0, ..solver.clone() }.check().is_err());
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

    const BEFORE: &str = "\
base_lr = 0.01
gamma = 0.1
stepsize = 391
max_iter = 782
batch_size = 32
momentum = 0.9
weight_decay = 0.0005
convention = \"caffe\"
";

    fn parsed(text: &str) -> Result<Solver, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())
    }

    #[test]
    fn a_solver_of_before_is_written_as_it_was_read() {
        let solver = parsed(BEFORE).unwrap();
        assert_eq!(toml::to_string(&solver).unwrap(), BEFORE);
        assert_eq!(solver.schedule.policy, Policy::Step { gamma: 0.1, stepsize: 391 });
    }

    #[test]
    fn every_policy_comes_back_from_its_own_text() {
        let changes = [
            ("stepsize = 391", "lr_policy = \"multistep\"\nstepvalue = [300, 600]\nnesterov = true"),
            ("gamma = 0.1\nstepsize = 391", "lr_policy = \"cosine\"\nwarmup_iter = 20\nwarmup_start_factor = 0.01"),
            ("max_iter", "warmup_iter = 20\nmax_iter"),
        ];
        for (from, to) in changes {
            let solver = parsed(&BEFORE.replacen(from, to, 1)).unwrap();
            solver.check().unwrap();
            let text = toml::to_string(&solver).unwrap();
            assert_eq!(parsed(&text).unwrap(), solver, "{text}");
        }
    }

    #[test]
    fn keys_of_another_policy_and_missing_ones_are_refused_by_name() {
        let changes = [
            ("gamma = 0.1\n", "", "gamma is missing"),
            ("stepsize = 391\n", "", "stepsize is missing"),
            ("gamma", "stepvalue = [3]\ngamma", "stepvalue is [3]"),
            ("gamma", "lr_policy = \"multistep\"\ngamma", "stepvalue is missing"),
            ("gamma", "lr_policy = \"multistep\"\nstepvalue = [3]\ngamma", "stepsize is 391"),
            ("gamma = 0.1\n", "lr_policy = \"cosine\"\n", "stepsize is 391"),
            ("stepsize = 391\n", "lr_policy = \"cosine\"\n", "gamma is 0.1"),
        ];
        for (from, to, words) in changes {
            let error = parsed(&BEFORE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
