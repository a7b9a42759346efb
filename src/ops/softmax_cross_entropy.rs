//! Softmax and cross-entropy; the formulas stand in `cpu/softmax_cross_entropy.rs`.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, write},
    host::{Layout, Real},
};

/// Overwrites loss (one value per image) and prob.
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
    fn reads(&self) -> Vec<TensorId> {
        vec![self.logits, self.labels]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.loss, self.prob]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        let mut prob = std::mem::take(&mut memory.real[self.prob.0]);
        memory.write_real(self.loss.0, |m, loss| {
            let (logits, labels) = (&m.real[self.logits.0], &m.words[self.labels.0]);
            cpu::softmax_cross_entropy::forward(self.classes, logits, labels, loss, &mut prob);
        });
        memory.real[self.prob.0] = prob;
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        recorder.expect_row(self.logits.0, Layout::VEC4.padded(self.classes))?;
        recorder.expect_row(self.prob.0, Layout::VEC4.padded(self.classes))?;
        for x in recorder.parts(self.logits.0) {
            let (labels, loss) = (recorder.beside(self.labels.0, x)?, recorder.beside(self.loss.0, x)?);
            let bindings = [read(x), read(labels), write(loss), write(recorder.beside(self.prob.0, x)?)];
            let parameters = parameters_of(self.classes, x.rows, 0.0);
            recorder.dispatch(&FORWARD, &[], &parameters, &bindings, x.rows as u64)?;
        }
        Ok(())
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
    fn reads(&self) -> Vec<TensorId> {
        vec![self.prob, self.labels]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.dx]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            let (prob, labels) = (&m.real[self.prob.0], &m.words[self.labels.0]);
            cpu::softmax_cross_entropy::backward(self.classes, self.weight, prob, labels, dx);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        recorder.expect_row(self.dx.0, Layout::VEC4.padded(self.classes))?;
        for dx in recorder.parts(self.dx.0) {
            let (prob, labels) = (recorder.beside(self.prob.0, dx)?, recorder.beside(self.labels.0, dx)?);
            let parameters = parameters_of(self.classes, dx.rows, self.weight);
            let workgroups = u64::from(parameters.elements.div_ceil(64));
            recorder.dispatch(&BACKWARD, &[], &parameters, &[read(prob), read(labels), write(dx)], workgroups)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("softmax_cross_entropy", ["grid", "order", "elementary"]);
parameters! {
    /// The parameters of both kernels.
    struct SoftmaxParameters { classes: u32, padded: u32, elements: u32, weight: f32, n: u32 }
}
kernels! { SHADER, SoftmaxParameters:
    FORWARD = "forward" [1 Read, 2 Read, 3 Write, 4 Write],
    BACKWARD = "backward" [1 Read, 2 Read, 3 Write],
}

fn parameters_of(classes: usize, n: usize, weight: f64) -> SoftmaxParameters {
    let padded = Layout::VEC4.padded(classes);
    SoftmaxParameters {
        classes: classes as u32,
        padded: padded as u32,
        elements: (n * padded) as u32,
        weight: weight as f32,
        n: n as u32,
    }
}
