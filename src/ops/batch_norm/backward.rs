//! The backward passes of a batch normalisation.

use super::{BACKWARD, BACKWARD_EVALUATION, BatchNormParameters, Gradients, Statistics, channels, cost, record::OnGpu};
use crate::{
    cpu::{self, batch_norm::Sums},
    gpu::{GpuError, Recorder, read, write},
    host::{BatchNormDims, Real},
    ops::{Absorbed, Cost, Epilogue, Operation, Step, TensorId},
};

/// The backward pass of training. Overwrites the gradients.
#[derive(Clone, Debug)]
pub struct Backward {
    /// Dimensions.
    pub dims: BatchNormDims,
    /// Input of the forward pass.
    pub x: TensorId,
    /// Scale of each channel.
    pub weight: TensorId,
    /// Statistics of the batch.
    pub batch: Statistics,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradients of scale and offset.
    pub params: Gradients,
    /// Gradient of the input, where anything needs it.
    pub dx: Option<TensorId>,
    /// Whether x is the output of a rectifier: then dx is 0 where it is not positive.
    pub rectified: bool,
}

/// The backward pass of evaluation. Overwrites the gradients.
#[derive(Clone, Debug)]
pub struct BackwardEvaluation {
    /// Dimensions.
    pub dims: BatchNormDims,
    /// Input of the forward pass.
    pub x: TensorId,
    /// Scale of each channel.
    pub weight: TensorId,
    /// Running statistics.
    pub running: Statistics,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradients of scale and offset, where they learn.
    pub params: Option<Gradients>,
    /// Gradient of the input, where anything needs it.
    pub dx: Option<TensorId>,
    /// Whether x is the output of a rectifier: then dx is 0 where it is not positive.
    pub rectified: bool,
}

/// Runs `f` on the sums of a backward pass, and keeps them where they are asked for.
fn with_sums<T: Real>(
    memory: &mut cpu::Memory<T>,
    (dims, x, dy): (&BatchNormDims, TensorId, TensorId),
    (statistics, weight): (Statistics, TensorId),
    params: Gradients,
    dx: Option<TensorId>,
    f: impl FnOnce(&cpu::Memory<T>, &Sums<'_, T>, &mut [T]),
) {
    let taken = [params.weight, params.bias].map(|id| std::mem::take(&mut memory.real[id.0]));
    let [mut dweight, mut dbias] = taken;
    let all = |m: &cpu::Memory<T>, dx: &mut [T]| {
        let (mut weighted, mut plain) = (m.scratch.lend(dims.x.c), m.scratch.lend(dims.x.c));
        let mut sums = Sums { dbias: &mut plain, dweight: &mut weighted };
        let by = channels(m, statistics, weight);
        cpu::batch_norm::sums(dims, &m.real[x.0], &m.real[dy.0], by, &mut sums, &m.scratch);
        cpu::batch_norm::keep(sums.dweight, &mut dweight, params.accumulate);
        cpu::batch_norm::keep(sums.dbias, &mut dbias, params.accumulate);
        f(m, &sums, dx);
    };
    match dx {
        Some(dx) => memory.write_real(dx.0, all),
        None => all(memory, &mut []),
    }
    memory.real[params.weight.0] = dweight;
    memory.real[params.bias.0] = dbias;
}

impl Operation for Backward {
    const STEM: &'static str = "batch_norm";
    fn pass(&self) -> &'static str {
        "backward"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims, if self.dx.is_some() { 5 } else { 2 })
    }
    fn reads(&self) -> Vec<TensorId> {
        let read = [self.x, self.dy, self.weight, self.batch.mean, self.batch.var];
        read.into_iter().chain(self.params.reads()).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        [self.params.weight, self.params.bias].into_iter().chain(self.dx).collect()
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        match epilogue {
            // The rectifier before it is the one whose output it reads.
            Epilogue::Mask { y, dy } if Some(dy) == self.dx && y == self.x => {
                self.rectified = true;
                Absorbed::Taken
            }
            _ => Absorbed::Refused,
        }
    }
    fn accumulate(&mut self) -> bool {
        self.params.accumulate = true;
        true
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        let Self { dims, x, dy, weight, batch, .. } = self;
        with_sums(memory, (dims, *x, *dy), (*batch, *weight), self.params, self.dx, |m, sums, dx| {
            if self.dx.is_some() {
                let x = &m.real[x.0];
                cpu::batch_norm::backward(dims, x, &m.real[dy.0], channels(m, *batch, *weight), sums, dx);
                if self.rectified {
                    cpu::relu::backward(x, dx);
                }
            }
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let gpu = OnGpu::new(recorder, &self.dims, self.x)?;
        let scratch = gpu.sums(recorder, [self.x, self.dy], self.batch, self.params)?;
        let Some(dx) = self.dx else { return Ok(()) };
        for dx in recorder.parts(dx.0) {
            let (x, dy) = (recorder.beside(self.x.0, dx)?, recorder.beside(self.dy.0, dx)?);
            let [mean, var, weight] = [self.batch.mean, self.batch.var, self.weight].map(|id| recorder.whole(id.0));
            let bindings = [read(x), read(mean?), read(var?), read(weight?), read(dy), read(scratch), write(dx)];
            let parameters = BatchNormParameters { rectified: u32::from(self.rectified), ..gpu.parameters(dx) };
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&BACKWARD, &[], &parameters, &bindings, workgroups)?;
        }
        Ok(())
    }
}

impl Operation for BackwardEvaluation {
    const STEM: &'static str = "batch_norm";
    fn pass(&self) -> &'static str {
        "backward_evaluation"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims, 2 * usize::from(self.dx.is_some()) + 2 * usize::from(self.params.is_some()))
    }
    fn reads(&self) -> Vec<TensorId> {
        let read = [self.x, self.dy, self.weight, self.running.mean, self.running.var];
        read.into_iter().chain(self.params.iter().flat_map(Gradients::reads)).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        self.params.iter().flat_map(|p| [p.weight, p.bias]).chain(self.dx).collect()
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        match epilogue {
            // The rectifier before it is the one whose output it reads.
            Epilogue::Mask { y, dy } if Some(dy) == self.dx && y == self.x => {
                self.rectified = true;
                Absorbed::Taken
            }
            _ => Absorbed::Refused,
        }
    }
    fn accumulate(&mut self) -> bool {
        if let Some(params) = &mut self.params {
            params.accumulate = true;
        }
        true
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        let Self { dims, x, dy, weight, running, .. } = self;
        if let Some(params) = self.params {
            with_sums(memory, (dims, *x, *dy), (*running, *weight), params, None, |_, _, _| ());
        }
        if let Some(dx) = self.dx {
            memory.write_real(dx.0, |m, dx| {
                cpu::batch_norm::backward_evaluation(dims, &m.real[dy.0], channels(m, *running, *weight), dx);
                if self.rectified {
                    cpu::relu::backward(&m.real[x.0], dx);
                }
            });
        }
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let gpu = OnGpu::new(recorder, &self.dims, self.x)?;
        if let Some(params) = self.params {
            gpu.sums(recorder, [self.x, self.dy], self.running, params)?;
        }
        for dx in self.dx.map_or_else(Vec::new, |dx| recorder.parts(dx.0)) {
            let (x, dy) = (recorder.beside(self.x.0, dx)?, recorder.beside(self.dy.0, dx)?);
            let [var, weight] = [self.running.var, self.weight].map(|id| recorder.whole(id.0));
            let bindings = [read(x), read(var?), read(weight?), read(dy), write(dx)];
            let parameters = BatchNormParameters { rectified: u32::from(self.rectified), ..gpu.parameters(dx) };
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&BACKWARD_EVALUATION, &[], &parameters, &bindings, workgroups)?;
        }
        Ok(())
    }
}
