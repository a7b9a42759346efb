//! A fully connected layer. Its weights are a kernel that covers the whole input:
//! `[out, c * h * w]` outside, in the order of the activation inside.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    host::{ImageDims, Real},
};

/// The dimensions of a fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenseDims {
    /// The input, which is flattened.
    pub x: ImageDims,
    /// Output features.
    pub k: usize,
}

impl DenseDims {
    /// The output: one pixel of k channels.
    pub const fn y(&self) -> ImageDims {
        ImageDims { n: self.x.n, c: self.k, h: 1, w: 1 }
    }

    /// Input and output features on the native executor.
    const fn native(&self) -> [usize; 2] {
        [self.x.features(), self.k]
    }

    const fn cost(&self) -> Cost {
        let (n, i, k) = (self.x.n as u64, self.x.features() as u64, self.k as u64);
        Cost { macs: n * i * k, elements: n * i + i * k + n * k }
    }
}

/// `y = x w + b`; overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: DenseDims,
    /// Input.
    pub x: TensorId,
    /// Weights.
    pub w: TensorId,
    /// Bias, if there is one.
    pub b: Option<TensorId>,
    /// Output.
    pub y: TensorId,
}

/// Overwrites dx with the gradient with respect to x.
#[derive(Clone, Debug)]
pub struct BackwardInput {
    /// Dimensions.
    pub dims: DenseDims,
    /// Weights.
    pub w: TensorId,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the input.
    pub dx: TensorId,
}

/// Overwrites dw with the gradient with respect to the weights.
#[derive(Clone, Debug)]
pub struct BackwardWeight {
    /// Dimensions.
    pub dims: DenseDims,
    /// Input.
    pub x: TensorId,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the weights.
    pub dw: TensorId,
}

/// Overwrites db with the gradient with respect to the bias.
#[derive(Clone, Debug)]
pub struct BackwardBias {
    /// Dimensions.
    pub dims: DenseDims,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the bias.
    pub db: TensorId,
}

impl Operation for Forward {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        self.dims.cost()
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| {
            let b = self.b.map(|b| &m.real[b.0][..]);
            cpu::dense::forward(self.dims.native(), &m.real[self.x.0], &m.real[self.w.0], b, y);
        });
    }
}

impl Operation for BackwardInput {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        "backward_input"
    }
    fn cost(&self) -> Cost {
        self.dims.cost()
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::dense::backward_input(self.dims.native(), &m.real[self.w.0], &m.real[self.dy.0], dx);
        });
    }
}

impl Operation for BackwardWeight {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        "backward_weight"
    }
    fn cost(&self) -> Cost {
        self.dims.cost()
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dw.0, |m, dw| {
            cpu::dense::backward_weight(self.dims.native(), &m.real[self.x.0], &m.real[self.dy.0], dw);
        });
    }
}

impl Operation for BackwardBias {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        "backward_bias"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: (self.dims.x.n * self.dims.k) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.db.0, |m, db| cpu::dense::backward_bias(&m.real[self.dy.0], db));
    }
}
