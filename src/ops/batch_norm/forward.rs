//! The forward passes of a batch normalisation.

use super::{MOMENTS, SUM_MOMENTS, Statistics, channels, cost, record::OnGpu};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, read, read_write, write},
    host::{BatchNormDims, Real},
    ops::{Absorbed, Cost, Epilogue, Operation, Step, TensorId},
};

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
    /// What is added to the normalised x, if anything.
    pub plus: Option<TensorId>,
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
    /// What is added to the normalised x, if anything.
    pub plus: Option<TensorId>,
    /// Output.
    pub y: TensorId,
    /// Whether y passes through a rectifier.
    pub relu: bool,
}

impl Operation for Forward {
    const STEM: &'static str = "batch_norm";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims, 3 + usize::from(self.plus.is_some()))
    }
    fn reads(&self) -> Vec<TensorId> {
        let read = [self.x, self.weight, self.bias, self.running.mean, self.running.var];
        read.into_iter().chain(self.plus).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.y, self.batch.mean, self.batch.var, self.running.mean, self.running.var]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        epilogue.added_or_rectified(&mut self.y, &mut self.plus, &mut self.relu)
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
            let plus = self.plus.map(|plus| &m.real[plus.0][..]);
            cpu::batch_norm::normalise(dims, x, by, bias, plus, y, self.relu);
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
        gpu.normalise(recorder, [self.x, self.y], self.batch, [self.weight, self.bias], self.plus, self.relu)
    }
}

impl Operation for ForwardEvaluation {
    const STEM: &'static str = "batch_norm";
    fn pass(&self) -> &'static str {
        "forward_evaluation"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims, 2 + usize::from(self.plus.is_some()))
    }
    fn reads(&self) -> Vec<TensorId> {
        let read = [self.x, self.weight, self.bias, self.running.mean, self.running.var];
        read.into_iter().chain(self.plus).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.y]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        epilogue.added_or_rectified(&mut self.y, &mut self.plus, &mut self.relu)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| {
            let (x, by, bias) = (&m.real[self.x.0], channels(m, self.running, self.weight), &m.real[self.bias.0]);
            let plus = self.plus.map(|plus| &m.real[plus.0][..]);
            cpu::batch_norm::normalise(&self.dims, x, by, bias, plus, y, self.relu);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let gpu = OnGpu::new(recorder, &self.dims, self.x)?;
        gpu.normalise(recorder, [self.x, self.y], self.running, [self.weight, self.bias], self.plus, self.relu)
    }
}
