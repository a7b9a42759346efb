//! Grouped two-dimensional convolution; the formula stands in `cpu/conv2d.rs`.

mod backward_input;
mod backward_weight;
mod forward;

pub use backward_input::BackwardInput;
pub use backward_weight::BackwardWeight;
pub use forward::Forward;

use super::{Cost, OpsError};
use crate::host::{ConvDims, ImageDims, Window};

pub(super) use super::product::conv2d::kernels;

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

fn product_cost(dims: &ConvDims) -> Cost {
    let (x, y) = (dims.x.n * dims.x.features(), dims.y().n * dims.y().features());
    let w = dims.r() * dims.s() * dims.cg() * dims.k;
    Cost { macs: dims.macs(), elements: (x + y + w) as u64 }
}
