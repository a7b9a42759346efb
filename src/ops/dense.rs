//! A fully connected layer. Its weights are a kernel that covers the whole input:
//! `[out, c * h * w]` outside, in the order of the activation inside.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Part, Recorder, Shader, parameters, read, read_write},
    host::{ImageDims, Layout, Real},
};

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
    const fn native(&self) -> [usize; 2] {
        [self.x.features(), self.k]
    }

    const fn cost(&self) -> Cost {
        let (n, i, k) = (self.x.n as u64, self.x.features() as u64, self.k as u64);
        Cost { macs: n * i * k, elements: n * i + i * k + n * k }
    }
}

/// `y = x w + b`; overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: DenseDims,
    /// Input.
    pub x: TensorId,
    /// Weights.
    pub w: TensorId,
    /// Bias, if there is one.
    pub b: Option<TensorId>,
    /// Output.
    pub y: TensorId,
}

/// Overwrites dx with the gradient with respect to x.
#[derive(Clone, Debug)]
pub struct BackwardInput {
    /// Dimensions.
    pub dims: DenseDims,
    /// Weights.
    pub w: TensorId,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the input.
    pub dx: TensorId,
}

/// Overwrites dw with the gradient with respect to the weights.
#[derive(Clone, Debug)]
pub struct BackwardWeight {
    /// Dimensions.
    pub dims: DenseDims,
    /// Input.
    pub x: TensorId,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the weights.
    pub dw: TensorId,
}

/// Overwrites db with the gradient with respect to the bias.
#[derive(Clone, Debug)]
pub struct BackwardBias {
    /// Dimensions.
    pub dims: DenseDims,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the bias.
    pub db: TensorId,
}

impl Operation for Forward {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        self.dims.cost()
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| {
            let b = self.b.map(|b| &m.real[b.0][..]);
            cpu::dense::forward(self.dims.native(), &m.real[self.x.0], &m.real[self.w.0], b, y, &m.scratch);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let pieces = recorder.parts(self.w.0);
        for y in recorder.parts(self.y.0) {
            let x = recorder.beside(self.x.0, y)?;
            for (i, &w) in pieces.iter().enumerate() {
                let mut parameters = parameters_of(&self.dims, y.rows, w);
                // The sum goes on from piece to piece, and the bias comes last, as in one piece.
                parameters.continued = u32::from(i > 0);
                parameters.biased = u32::from(self.b.is_some() && i + 1 == pieces.len());
                let b = self.b.map_or(Ok(w), |b| recorder.whole(b.0))?;
                let bindings = [read(x), read(w), read(b), read_write(y)];
                recorder.dispatch(&FORWARD, &[], &parameters, &bindings, tiles(parameters.n, parameters.kp))?;
            }
        }
        Ok(())
    }
}

impl Operation for BackwardInput {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        "backward_input"
    }
    fn cost(&self) -> Cost {
        self.dims.cost()
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::dense::backward_input(self.dims.native(), &m.real[self.w.0], &m.real[self.dy.0], dx, &m.scratch);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for dx in recorder.parts(self.dx.0) {
            let dy = recorder.beside(self.dy.0, dx)?;
            for w in recorder.parts(self.w.0) {
                let parameters = parameters_of(&self.dims, dx.rows, w);
                let workgroups = tiles(parameters.n, parameters.rows);
                recorder.dispatch(
                    &BACKWARD_INPUT,
                    &[],
                    &parameters,
                    &[read(w), read(dy), read_write(dx)],
                    workgroups,
                )?;
            }
        }
        Ok(())
    }
}

impl Operation for BackwardWeight {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        "backward_weight"
    }
    fn cost(&self) -> Cost {
        self.dims.cost()
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dw.0, |m, dw| {
            cpu::dense::backward_weight(self.dims.native(), &m.real[self.x.0], &m.real[self.dy.0], dw);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for dw in recorder.parts(self.dw.0) {
            for (i, dy) in recorder.parts(self.dy.0).into_iter().enumerate() {
                let x = recorder.beside(self.x.0, dy)?;
                let mut parameters = parameters_of(&self.dims, dy.rows, dw);
                parameters.continued = u32::from(i > 0);
                let workgroups = tiles(parameters.rows, parameters.kp);
                recorder.dispatch(
                    &BACKWARD_WEIGHT,
                    &[],
                    &parameters,
                    &[read(x), read(dy), read_write(dw)],
                    workgroups,
                )?;
            }
        }
        Ok(())
    }
}

impl Operation for BackwardBias {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        "backward_bias"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: (self.dims.x.n * self.dims.k) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.db.0, |m, db| cpu::dense::backward_bias(&m.real[self.dy.0], db));
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let db = recorder.whole(self.db.0)?;
        for (i, dy) in recorder.parts(self.dy.0).into_iter().enumerate() {
            let vectors = Layout::VEC4.padded(self.dims.k) as u32 / 4;
            let (images, continued) = (dy.rows as u32, u32::from(i > 0));
            let parameters = ColumnSumsParameters { rows: 1, images, run: BIAS_RUN, vectors, continued };
            let workgroups = u64::from(vectors.div_ceil(4));
            recorder.dispatch(&BACKWARD_BIAS, &[], &parameters, &[read(dy), read_write(db)], workgroups)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("dense", ["grid", "tile", "column_sums"]);
parameters! {
    /// The parameters of the three products.
    struct DenseParameters {
        n: u32, features: u32, first: u32, rows: u32, k: u32, kp: u32, c: u32, cp: u32, continued: u32, biased: u32,
    }
}
parameters! {
    /// The parameters of a bias gradient, here and in convolutions.
    pub(super) struct ColumnSumsParameters { rows: u32, images: u32, run: u32, vectors: u32, continued: u32 }
}
kernel!(FORWARD = SHADER / "forward", DenseParameters, [1 Read, 2 Read, 3 Read, 5 ReadWrite]);
kernel!(BACKWARD_INPUT = SHADER / "backward_input", DenseParameters, [2 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_WEIGHT = SHADER / "backward_weight", DenseParameters, [1 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_BIAS = SHADER / "backward_bias", ColumnSumsParameters, [4 Read, 5 ReadWrite]);

/// Results of one workgroup, down and across.
pub(super) const TILE: usize = 64;
/// Images whose rows a bias gradient sums before it adds the next ones.
pub(super) const BIAS_RUN: u32 = 32;

/// The parameters for some images and a piece of the weights.
fn parameters_of(dims: &DenseDims, images: usize, piece: Part) -> DenseParameters {
    let cp = Layout::VEC4.padded(dims.x.c);
    DenseParameters {
        n: images as u32,
        features: (dims.x.h * dims.x.w * cp) as u32,
        first: piece.first as u32,
        rows: piece.rows as u32,
        k: dims.k as u32,
        kp: Layout::VEC4.padded(dims.k) as u32,
        c: dims.x.c as u32,
        cp: cp as u32,
        continued: 0,
        biased: 0,
    }
}

fn tiles(rows: u32, columns: u32) -> u64 {
    u64::from(rows.div_ceil(TILE as u32)) * u64::from(columns.div_ceil(TILE as u32))
}
