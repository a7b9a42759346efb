//! A fully connected layer. Its weights are a kernel that covers the whole input:
//! `[out, c * h * w]` outside, in the order of the activation inside.

use super::{
    Cost, Operation, Step, TensorId,
    tile::{self, TILES},
};
use crate::{
    cpu,
    gpu::{Binding, Constants, GpuError, Kernel, Part, Recorder, Shader, parameters, read, read_write},
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

/// `y = x w + b`, passed through the rectifier where `relu` says so; overwrites y.
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
    /// Whether y is `max(y, 0)` in the end.
    pub relu: bool,
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
    /// The input, where it is the output of a rectifier: dx is 0 where it is not positive.
    pub rectified: Option<TensorId>,
}

/// Overwrites dw and db with the gradients with respect to the weights and the bias, or adds these to them.
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
    /// Gradient of the bias.
    pub db: TensorId,
    /// Whether the gradients are added to what dw and db hold.
    pub accumulate: bool,
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
            if self.relu {
                cpu::relu::forward(y);
            }
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let pieces = recorder.parts(self.w.0);
        for y in recorder.parts(self.y.0) {
            let x = recorder.beside(self.x.0, y)?;
            for (i, &w) in pieces.iter().enumerate() {
                let mut parameters = parameters_of(&self.dims, y.rows, w);
                // The sum goes on from piece to piece; the bias and the rectifier come last, as in one piece.
                let last = i + 1 == pieces.len();
                parameters.continued = u32::from(i > 0);
                parameters.biased = u32::from(self.b.is_some() && last);
                parameters.rectified = u32::from(self.relu && last);
                let b = self.b.map_or(Ok(w), |b| recorder.whole(b.0))?;
                let bindings = [read(x), read(w), read(b), read_write(y)];
                let kernels = (&FORWARD, &FORWARD_LANES, [32, 64]);
                dispatch(recorder, kernels, &parameters, &bindings, [parameters.n, parameters.kp])?;
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
            if let Some(x) = self.rectified {
                cpu::relu::backward(&m.real[x.0], dx);
            }
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for dx in recorder.parts(self.dx.0) {
            let dy = recorder.beside(self.dy.0, dx)?;
            for w in recorder.parts(self.w.0) {
                let mut parameters = parameters_of(&self.dims, dx.rows, w);
                parameters.rectified = u32::from(self.rectified.is_some());
                let x = self.rectified.map_or(Ok(dy), |x| recorder.beside(x.0, dx))?;
                let bindings = [read(x), read(w), read(dy), read_write(dx)];
                let kernels = (&BACKWARD_INPUT, &BACKWARD_INPUT_LANES, [32, 64]);
                dispatch(recorder, kernels, &parameters, &bindings, [parameters.n, parameters.rows])?;
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
            m.scratch.overwrite_or_add(self.accumulate, dw, |dw| {
                cpu::dense::backward_weight(self.dims.native(), &m.real[self.x.0], &m.real[self.dy.0], dw);
            });
        });
        memory.write_real(self.db.0, |m, db| {
            m.scratch.overwrite_or_add(self.accumulate, db, |db| cpu::dense::backward_bias(&m.real[self.dy.0], db));
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let db = recorder.whole(self.db.0)?;
        for dw in recorder.parts(self.dw.0) {
            for (i, dy) in recorder.parts(self.dy.0).into_iter().enumerate() {
                let x = recorder.beside(self.x.0, dy)?;
                let mut parameters = parameters_of(&self.dims, dy.rows, dw);
                parameters.continued = u32::from(self.accumulate || i > 0);
                let bindings = [read(x), read(dy), read_write(dw), read_write(db)];
                let kernels = (&BACKWARD_WEIGHT, &BACKWARD_WEIGHT_LANES, [64, 32]);
                dispatch(recorder, kernels, &parameters, &bindings, [parameters.rows, parameters.kp])?;
            }
        }
        Ok(())
    }
}

static SHADERS: [Shader; 3] = tiled_shaders!("dense", ["grid", "rectifier", "dense_operands", "tile"]);
static LANES_SHADER: Shader =
    shader!("dense_lanes" of "dense", ["grid", "rectifier", "dense_operands", "lanes", "dense_lanes"]);
parameters! {
    /// The parameters of the three products.
    struct DenseParameters {
        n: u32, features: u32, first: u32, rows: u32, k: u32, kp: u32, c: u32, cp: u32, continued: u32, biased: u32,
        rectified: u32,
    }
}
kernel!(FORWARD = each of SHADERS / "forward", DenseParameters, [1 Read, 2 Read, 3 Read, 5 ReadWrite]);
kernel!(BACKWARD_INPUT = each of SHADERS / "backward_input", DenseParameters, [1 Read, 2 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_WEIGHT = each of SHADERS / "backward_weight", DenseParameters, [1 Read, 4 Read, 5 ReadWrite, 6 ReadWrite]);
kernel!(FORWARD_LANES = LANES_SHADER / "forward_lanes", DenseParameters, [1 Read, 2 Read, 3 Read, 5 ReadWrite]);
kernel!(BACKWARD_INPUT_LANES = LANES_SHADER / "backward_input_lanes", DenseParameters, [1 Read, 2 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_WEIGHT_LANES = LANES_SHADER / "backward_weight_lanes", DenseParameters, [1 Read, 4 Read, 5 ReadWrite, 6 ReadWrite]);

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
        rectified: 0,
    }
}

/// The kernels for every tile, that for a processor, and the results of one workgroup of this.
type Kernels = (&'static [Kernel; 3], &'static Kernel, [usize; 2]);

/// The constants of the kernels for processors: where images are the columns, and few, only their vectors are computed.
fn vectors_for(images: u32, [images_of_tile, _]: [usize; 2]) -> Constants {
    match images {
        _ if images_of_tile != 32 => &[],
        0..=4 => &[("VECTORS", 1.0)],
        5..=8 => &[("VECTORS", 2.0)],
        9..=16 => &[("VECTORS", 4.0)],
        _ => &[],
    }
}

/// Dispatches the kernel that fits: tiles through workgroup memory on a GPU, lanes on a processor.
fn dispatch(
    recorder: &mut Recorder<'_>,
    (tiled, lanes, of_lanes): Kernels,
    parameters: &DenseParameters,
    bindings: &[Binding],
    [rows, columns]: [u32; 2],
) -> Result<(), GpuError> {
    let results = [rows as usize, columns as usize];
    let (kernel, [down, across], constants): (_, _, Constants) = if recorder.limits().lanes {
        (lanes, of_lanes, vectors_for(parameters.n, of_lanes))
    } else {
        let tile = tile::choose(recorder.limits().tile, 1, results);
        (&tiled[tile], TILES[tile], &[])
    };
    let workgroups = (results[0].div_ceil(down) * results[1].div_ceil(across)) as u64;
    recorder.dispatch(kernel, constants, parameters, bindings, workgroups)
}
