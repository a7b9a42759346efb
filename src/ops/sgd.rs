//! Stochastic gradient descent with momentum and weight decay; the formulas stand in `cpu/sgd.rs`.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, read_write},
    host::Real,
};

pub use cpu::sgd::Convention;

/// Updates w and its history h from the gradient g.
#[derive(Clone, Debug)]
pub struct Update {
    /// Elements, outside.
    pub len: usize,
    /// Where the learning rate enters.
    pub convention: Convention,
    /// The momentum.
    pub momentum: f64,
    /// The weight decay times the parameter's `decay_mult`.
    pub decay: f64,
    /// What the step's learning rate is multiplied with.
    pub lr_mult: f64,
    /// Gradient.
    pub g: TensorId,
    /// Weights.
    pub w: TensorId,
    /// History.
    pub h: TensorId,
}

impl Operation for Update {
    const STEM: &'static str = "sgd";
    fn pass(&self) -> &'static str {
        match self.convention {
            Convention::Caffe => "caffe",
            Convention::Pytorch => "pytorch",
        }
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 5 * self.len as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, step: &Step) {
        let update = cpu::sgd::Update {
            convention: self.convention,
            rate: step.rate * self.lr_mult,
            momentum: self.momentum,
            decay: self.decay,
        };
        let mut h = std::mem::take(&mut memory.real[self.h.0]);
        memory.write_real(self.w.0, |m, w| cpu::sgd::step(&update, &m.real[self.g.0], w, &mut h));
        memory.real[self.h.0] = h;
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let kernel = match self.convention {
            Convention::Caffe => &CAFFE,
            Convention::Pytorch => &PYTORCH,
        };
        for w in recorder.parts(self.w.0) {
            let (g, h) = (recorder.beside(self.g.0, w)?, recorder.beside(self.h.0, w)?);
            let vectors = w.rows * recorder.row_elements(self.w.0) / 4;
            let parameters = SgdParameters {
                vectors: vectors as u32,
                momentum: self.momentum as f32,
                decay: self.decay as f32,
                lr_mult: self.lr_mult as f32,
            };
            let bindings = [read(g), read_write(w), read_write(h)];
            recorder.dispatch(kernel, &[], &parameters, &bindings, vectors.div_ceil(256) as u64)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("sgd", ["grid", "step"]);
parameters! {
    /// The parameters of both kernels.
    struct SgdParameters { vectors: u32, momentum: f32, decay: f32, lr_mult: f32 }
}
kernel!(CAFFE = SHADER / "caffe", SgdParameters, [1 Read, 2 ReadWrite, 3 ReadWrite, 4 Step]);
kernel!(PYTORCH = SHADER / "pytorch", SgdParameters, [1 Read, 2 ReadWrite, 3 ReadWrite, 4 Step]);
