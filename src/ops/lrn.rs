//! Local response normalisation across channels; the formula stands in `cpu/lrn.rs`.

use super::{Absorbed, Cost, Epilogue, Operation, OpsError, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, write},
    host::{ImageDims, Layout, LrnDims, Real},
};

/// The parameters of a normalisation (Caffe's `LRNParameter`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lrn {
    /// Channels in the window, odd.
    pub size: usize,
    /// The weight of the squares, before the division by `size`.
    pub alpha: f64,
    /// The exponent.
    pub beta: f64,
    /// The constant.
    pub k: f64,
}

impl Lrn {
    /// The dimensions over an input.
    pub fn dims(&self, x: ImageDims) -> Result<LrnDims, OpsError> {
        if self.size.is_multiple_of(2) {
            let (expected, got) = ("an odd number", self.size.to_string());
            return Err(OpsError::Parameter { op: "lrn", parameter: "size", expected, got });
        }
        if self.k.is_nan() || self.k <= 0.0 || self.alpha.is_nan() || self.alpha < 0.0 || !self.beta.is_finite() {
            let got = format!("k {}, alpha {}, beta {}", self.k, self.alpha, self.beta);
            let expected = "k above 0, alpha not below 0, beta finite";
            return Err(OpsError::Parameter { op: "lrn", parameter: "k, alpha, beta", expected, got });
        }
        Ok(LrnDims { x, size: self.size, alpha: self.alpha, beta: self.beta, k: self.k })
    }
}

/// Overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: LrnDims,
    /// Input.
    pub x: TensorId,
    /// Output.
    pub y: TensorId,
}

/// Overwrites dx.
#[derive(Clone, Debug)]
pub struct Backward {
    /// Dimensions.
    pub dims: LrnDims,
    /// Input of the forward pass.
    pub x: TensorId,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the input.
    pub dx: TensorId,
    /// Whether x is the output of a rectifier: then dx is 0 where it is not positive.
    pub rectified: bool,
}

impl Operation for Forward {
    const STEM: &'static str = "lrn";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 2 * (self.dims.x.n * self.dims.x.features()) as u64 }
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.y]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| cpu::lrn::forward(&self.dims, &m.real[self.x.0], y, &m.scratch));
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for y in recorder.parts(self.y.0) {
            let x = recorder.beside(self.x.0, y)?;
            let parameters = parameters_of(&self.dims, y.rows);
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&FORWARD, &[], &parameters, &[read(x), write(y)], workgroups)?;
        }
        Ok(())
    }
}

impl Operation for Backward {
    const STEM: &'static str = "lrn";
    fn pass(&self) -> &'static str {
        "backward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 3 * (self.dims.x.n * self.dims.x.features()) as u64 }
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.dy]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.dx]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        match epilogue {
            // The rectifier before it is the one whose output it reads.
            Epilogue::Mask { y, dy } if dy == self.dx && y == self.x => {
                self.rectified = true;
                Absorbed::Taken
            }
            _ => Absorbed::Refused,
        }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::lrn::backward(&self.dims, &m.real[self.x.0], &m.real[self.dy.0], dx, &m.scratch);
            if self.rectified {
                cpu::relu::backward(&m.real[self.x.0], dx);
            }
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for dx in recorder.parts(self.dx.0) {
            let (x, dy) = (recorder.beside(self.x.0, dx)?, recorder.beside(self.dy.0, dx)?);
            let mut parameters = parameters_of(&self.dims, dx.rows);
            parameters.rectified = u32::from(self.rectified);
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&BACKWARD, &[], &parameters, &[read(x), read(dy), write(dx)], workgroups)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("lrn", ["grid", "rectifier", "elementary"]);
parameters! {
    /// The parameters of both kernels.
    struct LrnParameters {
        vectors: u32, across: u32, channels: u32, half: u32, k: f32, weight: f32, beta: f32, factor: f32, roots: u32,
        rectified: u32,
    }
}
kernels! { SHADER, LrnParameters:
    FORWARD = "forward" [1 Read, 3 Write],
    BACKWARD = "backward" [1 Read, 2 Read, 3 Write],
}

fn parameters_of(dims: &LrnDims, images: usize) -> LrnParameters {
    let across = Layout::VEC4.padded(dims.x.c) / 4;
    LrnParameters {
        vectors: (images * dims.x.h * dims.x.w * across) as u32,
        across: across as u32,
        channels: dims.x.c as u32,
        half: (dims.size / 2) as u32,
        k: dims.k as f32,
        weight: (dims.alpha / dims.size as f64) as f32,
        beta: dims.beta as f32,
        factor: (2.0 * dims.alpha * dims.beta / dims.size as f64) as f32,
        roots: u32::from(dims.beta == 0.75),
        rectified: 0,
    }
}
