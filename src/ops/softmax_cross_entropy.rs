//! Softmax and cross-entropy; the formulas stand in `cpu/softmax_cross_entropy.rs`.

use super::{Cost, Operation, Step, TensorId};
use crate::{cpu, host::Real};

/// Overwrites loss (one value an image) and prob.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Images.
    pub n: usize,
    /// Classes.
    pub classes: usize,
    /// Logits.
    pub logits: TensorId,
    /// Words: the true classes.
    pub labels: TensorId,
    /// Loss of each image.
    pub loss: TensorId,
    /// Probabilities.
    pub prob: TensorId,
}

/// Overwrites dx with the gradient of `weight * sum of loss[n]` with respect to the logits;
/// the mean over a batch has weight 1 / n.
#[derive(Clone, Debug)]
pub struct Backward {
    /// Images.
    pub n: usize,
    /// Classes.
    pub classes: usize,
    /// The weight of each image's loss.
    pub weight: f64,
    /// Probabilities.
    pub prob: TensorId,
    /// Words: the true classes.
    pub labels: TensorId,
    /// Gradient of the logits.
    pub dx: TensorId,
}

impl Operation for Forward {
    const STEM: &'static str = "softmax_cross_entropy";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 2 * (self.n * self.classes) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        let mut prob = std::mem::take(&mut memory.real[self.prob.0]);
        memory.write_real(self.loss.0, |m, loss| {
            let (logits, labels) = (&m.real[self.logits.0], &m.words[self.labels.0]);
            cpu::softmax_cross_entropy::forward(self.classes, logits, labels, loss, &mut prob);
        });
        memory.real[self.prob.0] = prob;
    }
}

impl Operation for Backward {
    const STEM: &'static str = "softmax_cross_entropy";
    fn pass(&self) -> &'static str {
        "backward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 2 * (self.n * self.classes) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            let (prob, labels) = (&m.real[self.prob.0], &m.words[self.labels.0]);
            cpu::softmax_cross_entropy::backward(self.classes, self.weight, prob, labels, dx);
        });
    }
}
