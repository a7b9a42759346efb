//! Grouped two-dimensional convolution; the formula stands in `cpu/conv2d.rs`.

use super::{Cost, Operation, OpsError, Step, TensorId};
use crate::{
    cpu,
    host::{ConvDims, ImageDims, Real, Window},
};

/// The parameters of a convolution, height before width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Output channels.
    pub out_channels: usize,
    /// Kernel height and width.
    pub kernel_size: [usize; 2],
    /// Steps down and across.
    pub stride: [usize; 2],
    /// Zeros above and below, left and right.
    pub padding: [usize; 2],
    /// Distances of taps.
    pub dilation: [usize; 2],
    /// Groups.
    pub groups: usize,
}

impl Conv2d {
    /// The dimensions over an input: the output has `floor((in + 2 padding - extent) / stride) + 1` places an axis.
    pub fn dims(&self, x: ImageDims) -> Result<ConvDims, OpsError> {
        let window = |axis: usize| Window {
            kernel: self.kernel_size[axis],
            stride: self.stride[axis],
            dilation: self.dilation[axis],
            pad_begin: self.padding[axis],
            pad_end: self.padding[axis],
        };
        dims(x, self.out_channels, [window(0), window(1)], self.groups)
    }
}

/// The dimensions of a convolution whose windows may be padded unevenly.
pub fn dims(x: ImageDims, k: usize, [vertical, horizontal]: [Window; 2], groups: usize) -> Result<ConvDims, OpsError> {
    for (channels, what) in [(x.c, "input"), (k, "output")] {
        if groups == 0 || channels == 0 || !channels.is_multiple_of(groups) {
            return Err(OpsError::Groups { op: "conv2d", groups, channels, what });
        }
    }
    let (Some(p), Some(q)) = (vertical.outputs(x.h, false), horizontal.outputs(x.w, false)) else {
        return Err(super::error_window("conv2d", &vertical, &horizontal, &x));
    };
    Ok(ConvDims { x, k, p, q, vertical, horizontal, groups })
}

/// `y = conv(x, w) + b`; overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: ConvDims,
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
    pub dims: ConvDims,
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
    pub dims: ConvDims,
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
    pub dims: ConvDims,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the bias.
    pub db: TensorId,
}

fn product_cost(dims: &ConvDims) -> Cost {
    let (x, y) = (dims.x.n * dims.x.features(), dims.y().n * dims.y().features());
    let w = dims.r() * dims.s() * dims.cg() * dims.k;
    Cost { macs: dims.macs(), elements: (x + y + w) as u64 }
}

impl Operation for Forward {
    const STEM: &'static str = "conv2d";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        product_cost(&self.dims)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| {
            let b = self.b.map(|b| &m.real[b.0][..]);
            cpu::conv2d::forward(&self.dims, &m.real[self.x.0], &m.real[self.w.0], b, y);
        });
    }
}

impl Operation for BackwardInput {
    const STEM: &'static str = "conv2d";
    fn pass(&self) -> &'static str {
        "backward_input"
    }
    fn cost(&self) -> Cost {
        product_cost(&self.dims)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::conv2d::backward_input(&self.dims, &m.real[self.w.0], &m.real[self.dy.0], dx);
        });
    }
}

impl Operation for BackwardWeight {
    const STEM: &'static str = "conv2d";
    fn pass(&self) -> &'static str {
        "backward_weight"
    }
    fn cost(&self) -> Cost {
        product_cost(&self.dims)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dw.0, |m, dw| {
            cpu::conv2d::backward_weight(&self.dims, &m.real[self.x.0], &m.real[self.dy.0], dw);
        });
    }
}

impl Operation for BackwardBias {
    const STEM: &'static str = "conv2d";
    fn pass(&self) -> &'static str {
        "backward_bias"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: (self.dims.x.n * self.dims.y().features()) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.db.0, |m, db| cpu::conv2d::backward_bias(&self.dims, &m.real[self.dy.0], db));
    }
}
