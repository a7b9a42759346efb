//! The rectifier, in place in both directions.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    host::{ImageDims, Real},
};

/// `y = max(y, 0)`; overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: ImageDims,
    /// Input and output.
    pub y: TensorId,
}

/// `dy = dy where y > 0 else 0`; overwrites dy.
#[derive(Clone, Debug)]
pub struct Backward {
    /// Dimensions.
    pub dims: ImageDims,
    /// The rectifier's output.
    pub y: TensorId,
    /// Upstream gradient, and gradient of the input.
    pub dy: TensorId,
}

impl Operation for Forward {
    const STEM: &'static str = "relu";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 2 * (self.dims.n * self.dims.features()) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        cpu::relu::forward(&mut memory.real[self.y.0]);
    }
}

impl Operation for Backward {
    const STEM: &'static str = "relu";
    fn pass(&self) -> &'static str {
        "backward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 3 * (self.dims.n * self.dims.features()) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dy.0, |m, dy| cpu::relu::backward(&m.real[self.y.0], dy));
    }
}
