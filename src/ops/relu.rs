//! The rectifier, in place in both directions.

use super::{Cost, Epilogue, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, read_write},
    host::{ImageDims, Real},
};

/// `y = max(y, 0)`; overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: ImageDims,
    /// Input and output.
    pub y: TensorId,
}

/// `dy = dy where y > 0 else 0`; overwrites dy.
#[derive(Clone, Debug)]
pub struct Backward {
    /// Dimensions.
    pub dims: ImageDims,
    /// The rectifier's output.
    pub y: TensorId,
    /// Upstream gradient, and gradient of the input.
    pub dy: TensorId,
}

impl Operation for Forward {
    const STEM: &'static str = "relu";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 2 * (self.dims.n * self.dims.features()) as u64 }
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.y]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.y]
    }
    fn as_epilogues(&self) -> Vec<Epilogue> {
        vec![Epilogue::Rectify { y: self.y }]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        cpu::relu::forward(&mut memory.real[self.y.0]);
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for y in recorder.parts(self.y.0) {
            let vectors = y.rows * recorder.row_elements(self.y.0) / 4;
            let parameters = ReluParameters { vectors: vectors as u32 };
            recorder.dispatch(&FORWARD, &[], &parameters, &[read_write(y)], vectors.div_ceil(256) as u64)?;
        }
        Ok(())
    }
}

impl Operation for Backward {
    const STEM: &'static str = "relu";
    fn pass(&self) -> &'static str {
        "backward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 3 * (self.dims.n * self.dims.features()) as u64 }
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.y, self.dy]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.dy]
    }
    fn as_epilogues(&self) -> Vec<Epilogue> {
        vec![Epilogue::Mask { y: self.y, dy: self.dy }]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dy.0, |m, dy| cpu::relu::backward(&m.real[self.y.0], dy));
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for dy in recorder.parts(self.dy.0) {
            let y = recorder.beside(self.y.0, dy)?;
            let vectors = dy.rows * recorder.row_elements(self.dy.0) / 4;
            let parameters = ReluParameters { vectors: vectors as u32 };
            let bindings = [read(y), read_write(dy)];
            recorder.dispatch(&BACKWARD, &[], &parameters, &bindings, vectors.div_ceil(256) as u64)?;
        }
        Ok(())
    }
}

/// Sets the gradient `dx` of a tensor to 0 where the tensor is not positive, where `rectified` says that it is the
/// output of a rectifier.
pub(super) fn mask<T: Real>(rectified: Option<TensorId>, memory: &cpu::Memory<T>, dx: &mut [T]) {
    if let Some(x) = rectified {
        cpu::relu::backward(&memory.real[x.0], dx);
    }
}

static SHADER: Shader = shader!("relu", ["grid", "rectifier"]);
parameters! {
    /// The parameters of both kernels.
    struct ReluParameters { vectors: u32 }
}
kernels! { SHADER, ReluParameters:
    FORWARD = "forward" [2 ReadWrite],
    BACKWARD = "backward" [1 Read, 2 ReadWrite],
}
