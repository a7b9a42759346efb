//! Dropout, in place; the same call serves both directions.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    host::{ImageDims, Real},
};

/// Where the mask comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Drawn from the step's stream, again in the backward pass, and never stored.
    Drawn {
        /// The layer's number.
        layer: u32,
    },
    /// Words, 0 where an element is dropped: for checks against other implementations.
    Given(TensorId),
}

/// `x = x / (1 - ratio)` where the mask keeps, else 0; overwrites x.
#[derive(Clone, Debug)]
pub struct Apply {
    /// Dimensions.
    pub dims: ImageDims,
    /// The share of elements that are dropped, in [0, 1).
    pub ratio: f64,
    /// Where the mask comes from.
    pub mask: Mask,
    /// The activation, or in the backward pass its gradient.
    pub x: TensorId,
}

impl Operation for Apply {
    const STEM: &'static str = "dropout";
    fn pass(&self) -> &'static str {
        match self.mask {
            Mask::Drawn { .. } => "apply",
            Mask::Given(_) => "apply_given",
        }
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 2 * (self.dims.n * self.dims.features()) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, step: &Step) {
        match self.mask {
            Mask::Drawn { layer } => {
                let draw = cpu::dropout::Draw { stream: step.dropout, layer, step: step.iteration };
                cpu::dropout::apply(&draw, self.ratio, &mut memory.real[self.x.0]);
            }
            Mask::Given(mask) => {
                memory.write_real(self.x.0, |m, x| cpu::dropout::apply_given(&m.words[mask.0], self.ratio, x));
            }
        }
    }
}
