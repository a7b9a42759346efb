//! The keys of `[solver]` in an experiment's file, where every policy has keys of its own.

use super::{
    TrainError,
    schedule::{Policy, Warmup},
};
use crate::{host::Precision, ops::sgd::Convention};
use serde::{Deserialize, Serialize};

/// Enough to lift gradients of 2^-34 into `f16`; softmax' own, at most 1 / batch, stay far below its largest number.
pub const USUAL_LOSS_SCALE: u32 = 1024;

/// The names of the policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LrPolicy {
    #[default]
    Step,
    Multistep,
    Cosine,
}

/// A solver as it stands in a file. A key that is added later needs a default that means what was done before.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SolverKeys {
    /// The learning rate that the policy starts from.
    pub(super) base_lr: f64,
    /// `step`, `multistep` or `cosine`; see [`Policy`].
    #[serde(default, skip_serializing_if = "is_usual")]
    pub(super) lr_policy: LrPolicy,
    /// What the rate is multiplied with at each drop; with `step` and `multistep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gamma: Option<f64>,
    /// Steps between two drops; with `step`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stepsize: Option<u64>,
    /// The steps of the drops; with `multistep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stepvalue: Option<Vec<u64>>,
    /// Steps of linear warm-up; see [`Warmup`].
    #[serde(default, skip_serializing_if = "is_usual")]
    pub(super) warmup_iter: u64,
    /// The share of `base_lr` at the first step of warm-up.
    #[serde(default = "usual_start_factor", skip_serializing_if = "is_usual_start_factor")]
    pub(super) warmup_start_factor: f64,
    /// Steps in all.
    pub(super) max_iter: u64,
    /// Images a step.
    pub(super) batch_size: usize,
    /// The parts in which a batch is computed; see [`super::Solver::batch_parts`].
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(super) batch_parts: usize,
    /// The momentum.
    pub(super) momentum: f64,
    /// Whether it is Nesterov's; see [`Convention`].
    #[serde(default, skip_serializing_if = "is_usual")]
    pub(super) nesterov: bool,
    /// The weight decay.
    pub(super) weight_decay: f64,
    /// Where the learning rate enters: `caffe` or `pytorch`.
    pub(super) convention: Convention,
    /// The precision of matrix products.
    #[serde(default, skip_serializing_if = "Precision::is_f32")]
    pub(super) precision: Precision,
    /// What the loss is multiplied with on its way back; see [`super::Solver::loss_scale`].
    #[serde(default = "usual_scale", skip_serializing_if = "is_usual_scale")]
    pub(super) loss_scale: u32,
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

const fn usual_start_factor() -> f64 {
    Warmup::USUAL_START_FACTOR
}

fn is_usual_start_factor(factor: &f64) -> bool {
    *factor == Warmup::USUAL_START_FACTOR
}

const fn usual_scale() -> u32 {
    USUAL_LOSS_SCALE
}

fn is_usual_scale(scale: &u32) -> bool {
    *scale == USUAL_LOSS_SCALE
}

const fn one() -> usize {
    1
}

fn is_one(parts: &usize) -> bool {
    *parts == 1
}

impl SolverKeys {
    /// The policy, from the keys that belong to it.
    ///
    /// # Errors
    /// A key that the policy needs and that is missing; one that it has no use for.
    pub(super) fn policy(&self) -> Result<Policy, TrainError> {
        let setting = |key, expected, got: String| TrainError::Setting { key, expected, got };
        let missing = |key, expected| setting(key, expected, "missing".into());
        let gamma = || self.gamma.ok_or_else(|| missing("gamma", "a number with lr_policy \"step\" or \"multistep\""));
        let policy = match self.lr_policy {
            LrPolicy::Step => {
                let stepsize = self.stepsize.ok_or_else(|| missing("stepsize", "steps with lr_policy \"step\""))?;
                Policy::Step { gamma: gamma()?, stepsize }
            }
            LrPolicy::Multistep => {
                let stepvalue = self.stepvalue.clone();
                let stepvalue = stepvalue.ok_or_else(|| missing("stepvalue", "steps with lr_policy \"multistep\""))?;
                Policy::Multistep { gamma: gamma()?, stepvalue }
            }
            LrPolicy::Cosine => Policy::Cosine,
        };
        if let (LrPolicy::Cosine, Some(gamma)) = (self.lr_policy, self.gamma) {
            return Err(setting("gamma", "left out with lr_policy \"cosine\"", gamma.to_string()));
        }
        if let (LrPolicy::Multistep | LrPolicy::Cosine, Some(stepsize)) = (self.lr_policy, self.stepsize) {
            return Err(setting("stepsize", "left out unless lr_policy is \"step\"", stepsize.to_string()));
        }
        if let (LrPolicy::Step | LrPolicy::Cosine, Some(stepvalue)) = (self.lr_policy, &self.stepvalue) {
            return Err(setting("stepvalue", "left out unless lr_policy is \"multistep\"", format!("{stepvalue:?}")));
        }
        Ok(policy)
    }
}

/// The keys of a policy: its name, `gamma`, `stepsize` and `stepvalue`.
pub(super) fn of_policy(policy: Policy) -> (LrPolicy, Option<f64>, Option<u64>, Option<Vec<u64>>) {
    match policy {
        Policy::Step { gamma, stepsize } => (LrPolicy::Step, Some(gamma), Some(stepsize), None),
        Policy::Multistep { gamma, stepvalue } => (LrPolicy::Multistep, Some(gamma), None, Some(stepvalue)),
        Policy::Cosine => (LrPolicy::Cosine, None, None, None),
    }
}
