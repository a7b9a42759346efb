//! A fully connected layer. Its weights are a kernel that covers the whole input:
//! `[out, c * h * w]` outside, in the order of the activation inside.

mod backward_input;
mod backward_weight;
mod forward;

pub use backward_input::BackwardInput;
pub use backward_weight::BackwardWeight;
pub use forward::Forward;

use super::Cost;
use crate::host::ImageDims;

pub(super) use super::product::dense::kernels;

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
    pub(super) const fn native(&self) -> [usize; 2] {
        [self.x.features(), self.k]
    }

    const fn cost(&self) -> Cost {
        let (n, i, k) = (self.x.n as u64, self.x.features() as u64, self.k as u64);
        Cost { macs: n * i * k, elements: n * i + i * k + n * k }
    }
}
