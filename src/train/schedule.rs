//! How the learning rate follows the steps.

use super::TrainError;
use std::f64::consts::PI;

/// What the learning rate does after warm-up, with Caffe's names.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// `base_lr * gamma ^ floor(step / stepsize)` (Caffe's `step`, PyTorch's `StepLR`).
    Step {
        /// What the rate is multiplied with at each drop.
        gamma: f64,
        /// Steps between two drops.
        stepsize: u64,
    },
    /// `base_lr * gamma ^ (how many of stepvalue are at most step)` (Caffe's `multistep`, PyTorch's `MultiStepLR`).
    Multistep {
        /// What the rate is multiplied with at each drop.
        gamma: f64,
        /// The steps of the drops, in their order.
        stepvalue: Vec<u64>,
    },
    /// `base_lr * (1 + cos(pi * (step - warmup_iter) / (max_iter - warmup_iter))) / 2` (Loshchilov and Hutter 2017
    /// without restarts, PyTorch's `CosineAnnealingLR`): it falls from the end of warm-up to 0 after the last step.
    Cosine,
}

/// Linear warm-up: before step `iter` the rate is `base_lr * (start_factor + (1 - start_factor) * step / iter)`
/// (Goyal et al. 2017, PyTorch's `LinearLR`). Drops of the rate count their steps from the beginning of training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warmup {
    /// Steps of warm-up; 0 is none.
    pub iter: u64,
    /// The share of `base_lr` at the first step, above 0 and at most 1.
    pub start_factor: f64,
}

impl Warmup {
    /// No warm-up.
    pub const NONE: Self = Self { iter: 0, start_factor: Self::USUAL_START_FACTOR };
    /// That of PyTorch's `LinearLR`.
    pub const USUAL_START_FACTOR: f64 = 1.0 / 3.0;
}

/// The learning rate as a function of the step alone, so that a resumed run continues the same schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The rate that the policy starts from, and that warm-up ends at.
    pub base_lr: f64,
    /// What the rate does after warm-up.
    pub policy: Policy,
    /// How it rises before.
    pub warmup: Warmup,
    /// Steps in all.
    pub max_iter: u64,
}

impl Schedule {
    /// The learning rate of a step, counted from 0.
    pub fn rate(&self, step: u64) -> f64 {
        let Warmup { iter, start_factor } = self.warmup;
        if step < iter {
            return self.base_lr * (start_factor + (1.0 - start_factor) * step as f64 / iter as f64);
        }
        let factor = match &self.policy {
            Policy::Step { gamma, stepsize } => gamma.powi((step / (*stepsize).max(1)) as i32),
            Policy::Multistep { gamma, stepvalue } => {
                gamma.powi(stepvalue.iter().filter(|&&drop| drop <= step).count() as i32)
            }
            Policy::Cosine => {
                let [done, all] = [step, self.max_iter].map(|step| step.saturating_sub(iter) as f64);
                0.5 * (1.0 + (PI * (done / all.max(1.0))).cos())
            }
        };
        self.base_lr * factor
    }

    /// The same schedule within at most `most` steps: drops and warm-up keep their share of it.
    pub fn within(&self, most: u64) -> Self {
        let (all, left) = (self.max_iter.max(1), self.max_iter.min(most));
        let scaled = |steps: u64| (u128::from(steps) * u128::from(left)).div_ceil(u128::from(all)) as u64;
        let policy = match self.policy.clone() {
            Policy::Step { gamma, stepsize } => Policy::Step { gamma, stepsize: scaled(stepsize).max(1) },
            Policy::Multistep { gamma, mut stepvalue } => {
                stepvalue.iter_mut().for_each(|step| *step = scaled(*step).max(1));
                stepvalue.dedup();
                Policy::Multistep { gamma, stepvalue }
            }
            Policy::Cosine => Policy::Cosine,
        };
        // Rounded down, so that it stays below the steps in all and ends before the first drop.
        let iter = (u128::from(self.warmup.iter) * u128::from(left) / u128::from(all)) as u64;
        let warmup = if iter == 0 { Warmup::NONE } else { Warmup { iter, ..self.warmup } };
        Self { base_lr: self.base_lr, policy, warmup, max_iter: left }
    }

    /// The same schedule at double length: twice the steps in all, of warm-up and before every drop. Numbers too large
    /// to double stay the largest there are, which [`Self::check`] refuses of the steps in all.
    #[must_use]
    pub fn twice_as_long(self) -> Self {
        let Self { base_lr, policy, warmup: Warmup { iter, start_factor }, max_iter } = self;
        let twice = |steps: u64| steps.saturating_mul(2);
        let policy = match policy {
            Policy::Step { gamma, stepsize } => Policy::Step { gamma, stepsize: twice(stepsize) },
            Policy::Multistep { gamma, stepvalue } => {
                Policy::Multistep { gamma, stepvalue: stepvalue.into_iter().map(twice).collect() }
            }
            Policy::Cosine => Policy::Cosine,
        };
        Self { base_lr, policy, warmup: Warmup { iter: twice(iter), start_factor }, max_iter: twice(max_iter) }
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
        if let Policy::Step { gamma, .. } | Policy::Multistep { gamma, .. } = self.policy
            && !(gamma.is_finite() && gamma > 0.0)
        {
            return bad("gamma", "a number above 0", gamma.to_string());
        }
        let Warmup { iter, start_factor } = self.warmup;
        match &self.policy {
            Policy::Step { stepsize: 0, .. } => return bad("stepsize", "at least 1", "0".into()),
            Policy::Step { stepsize, .. } if *stepsize < iter => {
                return bad("stepsize", "at least warmup_iter", stepsize.to_string());
            }
            Policy::Multistep { stepvalue, .. } => {
                if stepvalue.first().is_none_or(|&first| first == 0) || !stepvalue.is_sorted_by(|a, b| a < b) {
                    return bad("stepvalue", "one or more steps, each above the one before", format!("{stepvalue:?}"));
                }
                if stepvalue[0] < iter {
                    return bad("stepvalue", "steps from warmup_iter on", format!("{stepvalue:?}"));
                }
            }
            Policy::Step { .. } | Policy::Cosine => {}
        }
        if self.max_iter == 0 || self.max_iter > u64::from(u32::MAX) {
            return bad("max_iter", "1 to 4294967295", self.max_iter.to_string());
        }
        if iter >= self.max_iter {
            return bad("warmup_iter", "below max_iter", iter.to_string());
        }
        if !(start_factor > 0.0 && start_factor <= 1.0) {
            return bad("warmup_start_factor", "above 0 and at most 1", start_factor.to_string());
        }
        if iter == 0 && self.warmup != Warmup::NONE {
            return bad("warmup_start_factor", "left out without warmup_iter", start_factor.to_string());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(policy: Policy) -> Schedule {
        Schedule { base_lr: 0.01, policy, warmup: Warmup::NONE, max_iter: 450 }
    }

    fn step() -> Policy {
        Policy::Step { gamma: 0.1, stepsize: 100 }
    }

    #[test]
    fn the_rate_drops_at_the_step_itself() {
        let schedule = schedule(step());
        assert_eq!(schedule.rate(99), 0.01);
        assert!((schedule.rate(100) - 0.001).abs() < 1e-12);
        assert!((schedule.rate(399) - 0.00001).abs() < 1e-12);
        assert!(schedule.check().is_ok());
    }

    #[test]
    fn a_schedule_within_fewer_steps_is_still_one_and_drops_as_often() {
        let warmup = Warmup { iter: 99, start_factor: 0.1 };
        let multistep = Policy::Multistep { gamma: 0.1, stepvalue: vec![100, 200, 401] };
        for policy in [step(), multistep, Policy::Cosine] {
            let long = Schedule { warmup, ..schedule(policy) };
            assert!(long.check().is_ok());
            assert_eq!(long.within(450), long);
            assert_eq!(long.within(1000), long);
            for most in [1, 2, 3, 10, 100, 449] {
                let short = long.within(most);
                short.check().unwrap();
                assert_eq!(short.max_iter, most);
            }
        }
        let short = schedule(Policy::Multistep { gamma: 0.1, stepvalue: vec![45, 90, 441] }).within(10);
        assert_eq!(short.policy, Policy::Multistep { gamma: 0.1, stepvalue: vec![1, 2, 10] });
        let endless = schedule(Policy::Step { gamma: 0.1, stepsize: u64::MAX }).within(450);
        assert_eq!(endless.policy, Policy::Step { gamma: 0.1, stepsize: u64::MAX });
    }

    #[test]
    fn a_schedule_of_double_length_has_at_every_other_step_the_rate_of_the_single_one() {
        let multistep = Policy::Multistep { gamma: 0.1, stepvalue: vec![100, 200, 401] };
        for policy in [step(), multistep, Policy::Cosine] {
            let once = Schedule { warmup: Warmup { iter: 99, start_factor: 0.1 }, ..schedule(policy) };
            let twice = once.clone().twice_as_long();
            twice.check().unwrap();
            assert_eq!(twice.max_iter, 900);
            assert!((0..450).all(|step| (twice.rate(2 * step) - once.rate(step)).abs() < 1e-15));
        }
    }

    #[test]
    fn settings_that_cannot_be_meant_are_refused_by_name() {
        let refused = |schedule: Schedule| match schedule.check() {
            Err(TrainError::Setting { key, .. }) => key,
            other => panic!("{other:?}"),
        };
        let multistep = |stepvalue: &[u64]| schedule(Policy::Multistep { gamma: 0.1, stepvalue: stepvalue.to_vec() });
        for stepvalue in [&[][..], &[0, 3], &[3, 3], &[4, 3]] {
            assert_eq!(refused(multistep(stepvalue)), "stepvalue");
        }
        let warm = |iter, start_factor, policy| Schedule { warmup: Warmup { iter, start_factor }, ..schedule(policy) };
        assert_eq!(refused(warm(101, 0.5, step())), "stepsize");
        assert_eq!(refused(warm(4, 0.5, Policy::Multistep { gamma: 0.1, stepvalue: vec![3, 5] })), "stepvalue");
        assert_eq!(refused(warm(450, 0.5, Policy::Cosine)), "warmup_iter");
        for factor in [0.0, -1.0, 1.5, f64::NAN] {
            assert_eq!(refused(warm(10, factor, Policy::Cosine)), "warmup_start_factor");
        }
        assert_eq!(refused(warm(0, 0.5, Policy::Cosine)), "warmup_start_factor");
        assert!(warm(100, 1.0, step()).check().is_ok());
        for gamma in [0.0, f64::INFINITY] {
            assert_eq!(refused(schedule(Policy::Step { gamma, stepsize: 1 })), "gamma");
            assert_eq!(refused(schedule(Policy::Multistep { gamma, stepvalue: vec![1] })), "gamma");
        }
    }
}
