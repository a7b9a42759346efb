//! The rank of the true class among the logits, from which top-1 and top-5 are counted.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, write},
    host::{Layout, Real},
};

/// Overwrites rank (one word an image).
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
    /// Words: classes that come before the true one.
    pub rank: TensorId,
}

impl Operation for Forward {
    const STEM: &'static str = "top_k";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: (self.n * self.classes) as u64 }
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.logits, self.labels]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.rank]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_words(self.rank.0, |m, rank| {
            cpu::top_k::forward(self.classes, &m.real[self.logits.0], &m.words[self.labels.0], rank);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let padded = Layout::VEC4.padded(self.classes);
        recorder.expect_row(self.logits.0, padded)?;
        for x in recorder.parts(self.logits.0) {
            let (labels, rank) = (recorder.beside(self.labels.0, x)?, recorder.beside(self.rank.0, x)?);
            let parameters = TopKParameters { n: x.rows as u32, classes: self.classes as u32, padded: padded as u32 };
            recorder.dispatch(&FORWARD, &[], &parameters, &[read(x), read(labels), write(rank)], x.rows as u64)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("top_k", ["grid", "order"]);
parameters! {
    /// The kernel's parameters.
    struct TopKParameters { n: u32, classes: u32, padded: u32 }
}
kernels! { SHADER, TopKParameters:
    FORWARD = "forward" [1 Read, 2 Read, 3 Write],
}
