//! Stochastic gradient descent with momentum and weight decay; the formulas stand in `cpu/sgd.rs`.

use super::{Cost, Operation, Step, TensorId};
use crate::{cpu, host::Real};

pub use cpu::sgd::Convention;

/// Updates w and its history h from the gradient g.
#[derive(Clone, Debug)]
pub struct Update {
    /// Elements, outside.
    pub len: usize,
    /// Where the learning rate enters.
    pub convention: Convention,
    /// The momentum.
    pub momentum: f64,
    /// The weight decay times the parameter's `decay_mult`.
    pub decay: f64,
    /// What the step's learning rate is multiplied with.
    pub lr_mult: f64,
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
        match self.convention {
            Convention::Caffe => "caffe",
            Convention::Pytorch => "pytorch",
        }
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 5 * self.len as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, step: &Step) {
        let update = cpu::sgd::Update {
            convention: self.convention,
            rate: step.rate * self.lr_mult,
            momentum: self.momentum,
            decay: self.decay,
        };
        let mut h = std::mem::take(&mut memory.real[self.h.0]);
        memory.write_real(self.w.0, |m, w| cpu::sgd::step(&update, &m.real[self.g.0], w, &mut h));
        memory.real[self.h.0] = h;
    }
}
