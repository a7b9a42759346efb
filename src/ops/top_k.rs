//! The rank of the true class among the logits, from which top-1 and top-5 are counted.

use super::{Cost, Operation, Step, TensorId};
use crate::{cpu, host::Real};

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
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_words(self.rank.0, |m, rank| {
            cpu::top_k::forward(self.classes, &m.real[self.logits.0], &m.words[self.labels.0], rank);
        });
    }
}
