//! Batch normalisation; the formulas stand in `cpu/batch_norm`.
//!
//! The semantics are those of PyTorch's `BatchNorm2d` with `affine` and `track_running_stats`. In training, mean and
//! variance are those of the batch (of one part of it where it is computed in parts), the running ones follow them, and
//! the gradient goes through them. In evaluation the running ones are constants, in the backward pass, too. Behind a
//! fully connected layer it is PyTorch's `BatchNorm1d`: images of one pixel.

mod backward;
mod forward;
mod record;

pub use backward::{Backward, BackwardEvaluation};
pub use forward::{Forward, ForwardEvaluation};

use super::{Cost, OpsError, TensorId};
use crate::{
    cpu::{self, batch_norm::Channels},
    gpu::{Shader, parameters},
    host::{BatchNormDims, ImageDims, Real},
};

/// The parameters of a normalisation (PyTorch's `BatchNorm2d`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// What is added to the variance below the root.
    pub eps: f64,
    /// The share of the batch in the running statistics.
    pub momentum: f64,
}

impl BatchNorm {
    /// The dimensions over an input.
    ///
    /// # Errors
    /// `eps` below zero; a momentum that is not from 0 to 1.
    pub fn dims(&self, x: ImageDims) -> Result<BatchNormDims, OpsError> {
        let refused = |parameter, expected, got: f64| {
            Err(OpsError::Parameter { op: "batch_norm", parameter, expected, got: got.to_string() })
        };
        if !(self.eps.is_finite() && self.eps >= 0.0) {
            return refused("eps", "a number not below 0", self.eps);
        }
        if !(0.0..=1.0).contains(&self.momentum) {
            return refused("momentum", "a number from 0 to 1", self.momentum);
        }
        Ok(BatchNormDims { x, eps: self.eps, momentum: self.momentum })
    }

    /// The dimensions over an input in training, where a channel needs two values for its variance.
    ///
    /// # Errors
    /// As [`Self::dims`], and one value per channel.
    pub fn training_dims(&self, x: ImageDims) -> Result<BatchNormDims, OpsError> {
        let dims = self.dims(x)?;
        if dims.values() < 2 {
            return Err(OpsError::OneValue { op: "batch_norm" });
        }
        Ok(dims)
    }
}

/// The tensors that normalise, one value per channel each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Means.
    pub mean: TensorId,
    /// Variances.
    pub var: TensorId,
}

/// What becomes of the gradients of scale and offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gradients {
    /// Gradient of the scale.
    pub weight: TensorId,
    /// Gradient of the offset.
    pub bias: TensorId,
    /// Whether they are added to what is there, where a batch is computed in parts.
    pub accumulate: bool,
}

impl Gradients {
    fn reads(&self) -> impl Iterator<Item = TensorId> {
        [self.weight, self.bias].into_iter().filter(|_| self.accumulate)
    }
}

/// The work of going so often over a tensor of the input's size.
fn cost(dims: &BatchNormDims, times: usize) -> Cost {
    Cost { macs: 0, elements: (times * dims.values() * dims.x.c) as u64 }
}

fn channels<'a, T: Real>(m: &'a cpu::Memory<T>, statistics: Statistics, weight: TensorId) -> Channels<'a, T> {
    Channels { mean: &m.real[statistics.mean.0], var: &m.real[statistics.var.0], weight: &m.real[weight.0] }
}

static SHADER: Shader = shader!("batch_norm", ["grid", "rectifier"]);
parameters! {
    /// The parameters of all kernels.
    struct BatchNormParameters {
        vectors: u32, across: u32, channels: u32, pixels: u32, strips: u32, chunks: u32, first: u32, sums: u32,
        plus: u32, rectified: u32, accumulate: u32, values: f32, unbiased: f32, eps: f32, kept: f32, taken: f32,
    }
}
kernels! { SHADER, BatchNormParameters:
    MOMENTS = "moments" [1 Read, 7 Write],
    SUM_MOMENTS = "sum_moments" [1 Read, 2 Write, 3 Write, 4 ReadWrite, 5 ReadWrite],
    FORWARD = "forward" [1 Read, 2 Read, 3 Read, 4 Read, 5 Read, 6 Read, 7 Write],
    SUMS = "sums" [1 Read, 2 Read, 5 Read, 7 Write],
    SUM_SUMS = "sum_sums" [3 Read, 4 ReadWrite, 5 ReadWrite, 7 ReadWrite],
    BACKWARD = "backward" [1 Read, 2 Read, 3 Read, 4 Read, 5 Read, 6 Read, 7 Write],
    BACKWARD_EVALUATION = "backward_evaluation" [1 Read, 3 Read, 4 Read, 5 Read, 7 Write],
}
