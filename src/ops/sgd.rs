//! Stochastic gradient descent with momentum and weight decay; the formulas stand in `cpu/sgd.rs`.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, read_write},
    host::Real,
};

pub use cpu::sgd::Convention;

/// How parameters follow their gradients.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Where the learning rate enters.
    pub convention: Convention,
    /// The momentum.
    pub momentum: f64,
    /// Whether the momentum is Nesterov's.
    pub nesterov: bool,
    /// The weight decay times the parameter's `decay_mult`.
    pub decay: f64,
    /// What the step's learning rate is multiplied with.
    pub lr_mult: f64,
}

impl Rule {
    /// The numbers of a step.
    pub(super) fn at(&self, step: &Step) -> cpu::sgd::Update {
        let Self { convention, momentum, nesterov, decay, lr_mult } = *self;
        cpu::sgd::Update { convention, rate: step.rate * lr_mult, momentum, nesterov, decay }
    }

    /// The formula's number in `shaders/shared/momentum.wgsl`.
    pub(super) fn formula(&self) -> u32 {
        u32::from(self.convention == Convention::Pytorch) + 2 * u32::from(self.nesterov)
    }
}

/// What becomes of a gradient of weights.
#[derive(Clone, Copy, Debug)]
pub enum Gradient {
    /// It overwrites a tensor.
    Kept(TensorId),
    /// It updates the weights and their history where it is computed, and is kept nowhere: the same bits as with an
    /// [`Update`], without a way to memory and back. Whatever reads the weights of the step must come before.
    Applied {
        /// How the weights follow.
        rule: Rule,
        /// Weights.
        w: TensorId,
        /// History.
        h: TensorId,
    },
}

impl From<TensorId> for Gradient {
    fn from(tensor: TensorId) -> Self {
        Gradient::Kept(tensor)
    }
}

impl Gradient {
    /// The tensor that is written in the end.
    pub(super) fn target(&self) -> TensorId {
        match *self {
            Gradient::Kept(dw) => dw,
            Gradient::Applied { w, .. } => w,
        }
    }

    /// The rule and the history, where it is applied.
    pub(super) fn applied(&self) -> Option<(Rule, TensorId)> {
        match *self {
            Gradient::Kept(_) => None,
            Gradient::Applied { rule, h, .. } => Some((rule, h)),
        }
    }

    /// What its operation reads: the operands of the product, what is changed in place, and what is `added_to` with
    /// the gradient of the bias.
    pub(super) fn reads(&self, operands: [TensorId; 2], added_to: Option<TensorId>) -> Vec<TensorId> {
        let changed = self.applied().map(|(_, h)| [self.target(), h]);
        let sums = added_to.map(|db| [self.target(), db]);
        operands.into_iter().chain(changed.into_iter().flatten()).chain(sums.into_iter().flatten()).collect()
    }

    /// What its operation writes, the gradient of the bias among it.
    pub(super) fn writes(&self, db: TensorId) -> Vec<TensorId> {
        [self.target(), db].into_iter().chain(self.applied().map(|(_, h)| h)).collect()
    }

    /// The name of the pass that computes it.
    pub(super) fn pass(&self) -> &'static str {
        match self {
            Gradient::Kept(_) => "backward_weight",
            Gradient::Applied { .. } => "backward_weight_update",
        }
    }

    /// What an update reads and writes beside the gradient, for `len` weights.
    pub(super) fn elements(&self, len: usize) -> u64 {
        match self {
            Gradient::Kept(_) => 0,
            // Weights and history, read and written, instead of the gradient.
            Gradient::Applied { .. } => 3 * len as u64,
        }
    }
}

/// Updates w and its history h from the gradient g.
#[derive(Clone, Debug)]
pub struct Update {
    /// Elements, outside.
    pub len: usize,
    /// How w follows g.
    pub rule: Rule,
    /// Gradient.
    pub g: TensorId,
    /// Weights.
    pub w: TensorId,
    /// History.
    pub h: TensorId,
}

impl Operation for Update {
    const STEM: &'static str = "sgd";
    fn pass(&self) -> &'static str {
        "update"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 5 * self.len as u64 }
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.g, self.w, self.h]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.w, self.h]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, step: &Step) {
        let update = self.rule.at(step);
        memory.write_both(self.w.0, self.h.0, |m, w, h| cpu::sgd::step(&update, &m.real[self.g.0], w, h));
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for w in recorder.parts(self.w.0) {
            let (g, h) = (recorder.beside(self.g.0, w)?, recorder.beside(self.h.0, w)?);
            let vectors = w.rows * recorder.row_elements(self.w.0) / 4;
            let parameters = SgdParameters {
                vectors: vectors as u32,
                momentum: self.rule.momentum as f32,
                decay: self.rule.decay as f32,
                lr_mult: self.rule.lr_mult as f32,
                formula: self.rule.formula(),
            };
            let bindings = [read(g), read_write(w), read_write(h)];
            recorder.dispatch(&UPDATE, &[], &parameters, &bindings, vectors.div_ceil(256) as u64)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("sgd", ["grid", "step", "momentum"]);
parameters! {
    /// The kernel's parameters.
    struct SgdParameters { vectors: u32, momentum: f32, decay: f32, lr_mult: f32, formula: u32 }
}
kernels! { SHADER, SgdParameters:
    UPDATE = "update" [1 Read, 2 ReadWrite, 3 ReadWrite, 4 Step],
}
