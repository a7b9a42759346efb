//! Max pooling: overlapping, padded, in ceil or floor mode.

use super::{
    Absorbed, Cost, Epilogue, Operation, OpsError, Step, TensorId,
    pooling::{self, PoolParameters, parameters},
    relu,
};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, read, write},
    host::{ImageDims, Layout, PoolDims, Real, Window},
};

/// The parameters of a pooling, height before width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// Window height and width.
    pub kernel_size: [usize; 2],
    /// Steps down and across.
    pub stride: [usize; 2],
    /// Padding above and below, left and right; it never wins.
    pub padding: [usize; 2],
    /// Whether the output size is rounded up, as in Caffe.
    pub ceil_mode: bool,
}

impl MaxPool {
    /// The dimensions over an input.
    pub fn dims(&self, x: ImageDims) -> Result<PoolDims, OpsError> {
        let window = |axis: usize| Window::new(self.kernel_size[axis], self.stride[axis], self.padding[axis]);
        dims(x, [window(0), window(1)], self.ceil_mode)
    }
}

/// The dimensions of a pooling whose windows may be dilated or padded unevenly.
pub fn dims(x: ImageDims, windows: [Window; 2], ceil_mode: bool) -> Result<PoolDims, OpsError> {
    pooling::dims("max_pool", x, windows, ceil_mode)
}

/// Overwrites y and argmax.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: PoolDims,
    /// Input.
    pub x: TensorId,
    /// Output.
    pub y: TensorId,
    /// Words: the place `h * W + w` of each maximum.
    pub argmax: TensorId,
}

/// Overwrites dx.
#[derive(Clone, Debug)]
pub struct Backward {
    /// Dimensions.
    pub dims: PoolDims,
    /// Words: the place of each maximum.
    pub argmax: TensorId,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the input.
    pub dx: TensorId,
    /// The input, where it is the output of a rectifier: dx is 0 where it is not positive.
    pub rectified: Option<TensorId>,
}

fn cost(dims: &PoolDims) -> Cost {
    Cost { macs: 0, elements: (dims.x.n * (dims.x.features() + 2 * dims.y().features())) as u64 }
}

impl Operation for Forward {
    const STEM: &'static str = "max_pool";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims)
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.y, self.argmax]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_words(self.argmax.0, |m, argmax| {
            m.write_real(self.y.0, |m, y| cpu::max_pool::forward(&self.dims, &m.real[self.x.0], y, argmax));
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let places = self.dims.p * self.dims.q;
        recorder.expect_row(self.argmax.0, places * Layout::VEC4.padded(self.dims.x.c))?;
        for y in recorder.parts(self.y.0) {
            let (x, argmax) = (recorder.beside(self.x.0, y)?, recorder.beside(self.argmax.0, y)?);
            let parameters = parameters(&self.dims, y.rows * places);
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&FORWARD, &[], &parameters, &[read(x), write(y), write(argmax)], workgroups)?;
        }
        Ok(())
    }
}

impl Operation for Backward {
    const STEM: &'static str = "max_pool";
    fn pass(&self) -> &'static str {
        "backward"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims)
    }
    fn reads(&self) -> Vec<TensorId> {
        [self.argmax, self.dy].into_iter().chain(self.rectified).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.dx]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        epilogue.masked(self.dx, &mut self.rectified)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::max_pool::backward(&self.dims, &m.words[self.argmax.0], &m.real[self.dy.0], dx);
            relu::mask(self.rectified, m, dx);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        recorder.expect_row(self.argmax.0, self.dims.p * self.dims.q * Layout::VEC4.padded(self.dims.x.c))?;
        for dx in recorder.parts(self.dx.0) {
            let (argmax, dy) = (recorder.beside(self.argmax.0, dx)?, recorder.beside(self.dy.0, dx)?);
            let mut parameters = parameters(&self.dims, dx.rows * self.dims.x.h * self.dims.x.w);
            parameters.rectified = u32::from(self.rectified.is_some());
            let x = self.rectified.map_or(Ok(dy), |x| recorder.beside(x.0, dx))?;
            let bindings = [read(argmax), read(dy), write(dx), read(x)];
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&BACKWARD, &[], &parameters, &bindings, workgroups)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("max_pool", ["grid", "rectifier", "order", "pooling"]);
kernels! { SHADER, PoolParameters:
    FORWARD = "forward" [1 Read, 2 Write, 3 Write],
    BACKWARD = "backward" [1 Read, 2 Read, 3 Write, 4 Read],
}
