//! Local response normalisation across channels; the formula stands in `cpu/lrn.rs`.

use super::{Cost, Operation, OpsError, Step, TensorId};
use crate::{
    cpu,
    host::{ImageDims, LrnDims, Real},
};

/// The parameters of a normalisation (Caffe's `LRNParameter`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lrn {
    /// Channels in the window, odd.
    pub size: usize,
    /// The weight of the squares, before the division by `size`.
    pub alpha: f64,
    /// The exponent.
    pub beta: f64,
    /// The constant.
    pub k: f64,
}

impl Lrn {
    /// The dimensions over an input.
    pub fn dims(&self, x: ImageDims) -> Result<LrnDims, OpsError> {
        if self.size.is_multiple_of(2) {
            let (expected, got) = ("an odd number", self.size.to_string());
            return Err(OpsError::Parameter { op: "lrn", parameter: "size", expected, got });
        }
        if self.k.is_nan() || self.k <= 0.0 || self.alpha.is_nan() || self.alpha < 0.0 || !self.beta.is_finite() {
            let got = format!("k {}, alpha {}, beta {}", self.k, self.alpha, self.beta);
            let expected = "k above 0, alpha not below 0, beta finite";
            return Err(OpsError::Parameter { op: "lrn", parameter: "k, alpha, beta", expected, got });
        }
        Ok(LrnDims { x, size: self.size, alpha: self.alpha, beta: self.beta, k: self.k })
    }
}

/// Overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: LrnDims,
    /// Input.
    pub x: TensorId,
    /// Output.
    pub y: TensorId,
}

/// Overwrites dx.
#[derive(Clone, Debug)]
pub struct Backward {
    /// Dimensions.
    pub dims: LrnDims,
    /// Input of the forward pass.
    pub x: TensorId,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the input.
    pub dx: TensorId,
}

impl Operation for Forward {
    const STEM: &'static str = "lrn";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 2 * (self.dims.x.n * self.dims.x.features()) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| cpu::lrn::forward(&self.dims, &m.real[self.x.0], y));
    }
}

impl Operation for Backward {
    const STEM: &'static str = "lrn";
    fn pass(&self) -> &'static str {
        "backward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 3 * (self.dims.x.n * self.dims.x.features()) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::lrn::backward(&self.dims, &m.real[self.x.0], &m.real[self.dy.0], dx);
        });
    }
}
