//! Batch normalisation; the formulas stand in `cpu/batch_norm.rs`.
//!
//! The semantics are those of PyTorch's `BatchNorm2d` with `affine` and `track_running_stats`. In training, mean and
//! variance are those of the batch (of one part of it where it is computed in parts), the running ones follow them, and
//! the gradient goes through them. In evaluation the running ones are constants, in the backward pass, too. Behind a
//! fully connected layer it is PyTorch's `BatchNorm1d`: images of one pixel.

mod backward;
mod record;

pub use backward::{Backward, BackwardEvaluation, Gradients};

use record::OnGpu;

use super::{Absorbed, Cost, Epilogue, Operation, OpsError, Step, TensorId};
use crate::{
    cpu::{self, batch_norm::Channels},
    gpu::{GpuError, Recorder, Shader, parameters, read, read_write, write},
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
    /// As [`Self::dims`], and one value a channel.
    pub fn training_dims(&self, x: ImageDims) -> Result<BatchNormDims, OpsError> {
        let dims = self.dims(x)?;
        if dims.values() < 2 {
            return Err(OpsError::OneValue { op: "batch_norm" });
        }
        Ok(dims)
    }
}

/// The tensors that normalise, one value a channel each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Means.
    pub mean: TensorId,
    /// Variances.
    pub var: TensorId,
}

/// Training. Overwrites y and the batch's statistics, and moves the running ones.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: BatchNormDims,
    /// Input.
    pub x: TensorId,
    /// Scale of each channel.
    pub weight: TensorId,
    /// What is added to each channel.
    pub bias: TensorId,
    /// Statistics of the batch, for the backward pass; the variance is the one about its own mean.
    pub batch: Statistics,
    /// Running statistics; their variance follows the unbiased estimate.
    pub running: Statistics,
    /// Output.
    pub y: TensorId,
    /// Whether y passes through a rectifier.
    pub relu: bool,
}

/// Evaluation. Overwrites y.
#[derive(Clone, Debug)]
pub struct ForwardEvaluation {
    /// Dimensions.
    pub dims: BatchNormDims,
    /// Input.
    pub x: TensorId,
    /// Scale of each channel.
    pub weight: TensorId,
    /// What is added to each channel.
    pub bias: TensorId,
    /// Running statistics.
    pub running: Statistics,
    /// Output.
    pub y: TensorId,
    /// Whether y passes through a rectifier.
    pub relu: bool,
}

/// The work of going so often over a tensor of the input's size.
fn cost(dims: &BatchNormDims, times: usize) -> Cost {
    Cost { macs: 0, elements: (times * dims.values() * dims.x.c) as u64 }
}

fn channels<'a, T: Real>(m: &'a cpu::Memory<T>, statistics: Statistics, weight: TensorId) -> Channels<'a, T> {
    Channels { mean: &m.real[statistics.mean.0], var: &m.real[statistics.var.0], weight: &m.real[weight.0] }
}

impl Operation for Forward {
    const STEM: &'static str = "batch_norm";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims, 3)
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.weight, self.bias, self.running.mean, self.running.var]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.y, self.batch.mean, self.batch.var, self.running.mean, self.running.var]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        match epilogue {
            Epilogue::Rectify { y } if y == self.y => {
                self.relu = true;
                Absorbed::Taken
            }
            _ => Absorbed::Refused,
        }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        let Self { dims, batch, running, .. } = self;
        memory.write_both(batch.mean.0, batch.var.0, |m, mean, var| {
            cpu::batch_norm::moments(dims, &m.real[self.x.0], mean, var, &m.scratch);
        });
        memory.write_both(running.mean.0, running.var.0, |m, mean, var| {
            cpu::batch_norm::follow(dims, &m.real[batch.mean.0], &m.real[batch.var.0], mean, var);
        });
        memory.write_real(self.y.0, |m, y| {
            let (x, by, bias) = (&m.real[self.x.0], channels(m, *batch, self.weight), &m.real[self.bias.0]);
            cpu::batch_norm::normalise(dims, x, by, bias, y, self.relu);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let gpu = OnGpu::new(recorder, &self.dims, self.x)?;
        let whole = |recorder: &Recorder<'_>, id: TensorId| recorder.whole(id.0);
        let scratch = gpu.scratch(recorder);
        for x in recorder.parts(self.x.0) {
            let parameters = gpu.parameters(x);
            let workgroups = u64::from((parameters.chunks * parameters.across).div_ceil(64));
            recorder.dispatch(&MOMENTS, &[], &parameters, &[read(x), write(scratch)], workgroups)?;
        }
        let bindings = [
            read(scratch),
            write(whole(recorder, self.batch.mean)?),
            write(whole(recorder, self.batch.var)?),
            read_write(whole(recorder, self.running.mean)?),
            read_write(whole(recorder, self.running.var)?),
        ];
        recorder.dispatch(&SUM_MOMENTS, &[], &gpu.parameters_of_all(), &bindings, gpu.across() as u64)?;
        gpu.normalise(recorder, self.x, self.batch, [self.weight, self.bias], self.y, self.relu)
    }
}

impl Operation for ForwardEvaluation {
    const STEM: &'static str = "batch_norm";
    fn pass(&self) -> &'static str {
        "forward_evaluation"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims, 2)
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.weight, self.bias, self.running.mean, self.running.var]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.y]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        match epilogue {
            Epilogue::Rectify { y } if y == self.y => {
                self.relu = true;
                Absorbed::Taken
            }
            _ => Absorbed::Refused,
        }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| {
            let (x, by, bias) = (&m.real[self.x.0], channels(m, self.running, self.weight), &m.real[self.bias.0]);
            cpu::batch_norm::normalise(&self.dims, x, by, bias, y, self.relu);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let gpu = OnGpu::new(recorder, &self.dims, self.x)?;
        gpu.normalise(recorder, self.x, self.running, [self.weight, self.bias], self.y, self.relu)
    }
}

static SHADER: Shader = shader!("batch_norm", ["grid", "rectifier"]);
parameters! {
    /// The parameters of all kernels.
    struct BatchNormParameters {
        vectors: u32, across: u32, channels: u32, pixels: u32, strips: u32, chunks: u32, first: u32, sums: u32,
        rectified: u32, accumulate: u32, values: f32, unbiased: f32, eps: f32, kept: f32, taken: f32,
    }
}
kernels! { SHADER, BatchNormParameters:
    MOMENTS = "moments" [1 Read, 7 Write],
    SUM_MOMENTS = "sum_moments" [1 Read, 2 Write, 3 Write, 4 ReadWrite, 5 ReadWrite],
    FORWARD = "forward" [1 Read, 2 Read, 3 Read, 4 Read, 5 Read, 7 Write],
    SUMS = "sums" [1 Read, 2 Read, 5 Read, 7 Write],
    SUM_SUMS = "sum_sums" [3 Read, 4 ReadWrite, 5 ReadWrite, 7 ReadWrite],
    BACKWARD = "backward" [1 Read, 2 Read, 3 Read, 4 Read, 5 Read, 6 Read, 7 Write],
    BACKWARD_EVALUATION = "backward_evaluation" [1 Read, 3 Read, 4 Read, 5 Read, 7 Write],
}
