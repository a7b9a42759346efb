//! Grouped two-dimensional convolution; the formula stands in `cpu/conv2d.rs`.

use super::{
    Cost, Operation, OpsError, Step, TensorId,
    dense::{BIAS_RUN, ColumnSumsParameters, TILE},
};
use crate::{
    cpu,
    gpu::{Constants, GpuError, Kernel, Recorder, Shader, parameters, read, read_write},
    host::{ConvDims, ImageDims, Layout, Real, Window},
};

/// The parameters of a convolution, height before width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Output channels.
    pub out_channels: usize,
    /// Kernel height and width.
    pub kernel_size: [usize; 2],
    /// Steps down and across.
    pub stride: [usize; 2],
    /// Zeros above and below, left and right.
    pub padding: [usize; 2],
    /// Distances of taps.
    pub dilation: [usize; 2],
    /// Groups.
    pub groups: usize,
}

impl Conv2d {
    /// The dimensions over an input: the output has `floor((in + 2 padding - extent) / stride) + 1` places an axis.
    pub fn dims(&self, x: ImageDims) -> Result<ConvDims, OpsError> {
        let window = |axis: usize| Window {
            kernel: self.kernel_size[axis],
            stride: self.stride[axis],
            dilation: self.dilation[axis],
            pad_begin: self.padding[axis],
            pad_end: self.padding[axis],
        };
        dims(x, self.out_channels, [window(0), window(1)], self.groups)
    }
}

/// The dimensions of a convolution whose windows may be padded unevenly.
pub fn dims(x: ImageDims, k: usize, [vertical, horizontal]: [Window; 2], groups: usize) -> Result<ConvDims, OpsError> {
    for (channels, what) in [(x.c, "input"), (k, "output")] {
        if groups == 0 || channels == 0 || !channels.is_multiple_of(groups) {
            return Err(OpsError::Groups { op: "conv2d", groups, channels, what });
        }
    }
    let (Some(p), Some(q)) = (vertical.outputs(x.h, false), horizontal.outputs(x.w, false)) else {
        return Err(super::error_window("conv2d", &vertical, &horizontal, &x));
    };
    Ok(ConvDims { x, k, p, q, vertical, horizontal, groups })
}

/// `y = conv(x, w) + b`; overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: ConvDims,
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
    pub dims: ConvDims,
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
    pub dims: ConvDims,
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
    pub dims: ConvDims,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the bias.
    pub db: TensorId,
}

fn product_cost(dims: &ConvDims) -> Cost {
    let (x, y) = (dims.x.n * dims.x.features(), dims.y().n * dims.y().features());
    let w = dims.r() * dims.s() * dims.cg() * dims.k;
    Cost { macs: dims.macs(), elements: (x + y + w) as u64 }
}

impl Operation for Forward {
    const STEM: &'static str = "conv2d";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        product_cost(&self.dims)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| {
            let b = self.b.map(|b| &m.real[b.0][..]);
            cpu::conv2d::forward(&self.dims, &m.real[self.x.0], &m.real[self.w.0], b, y, &m.scratch);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let w = recorder.whole(self.w.0)?;
        let b = self.b.map_or(Ok(w), |b| recorder.whole(b.0))?;
        let fits = aligned(&self.dims, true, true);
        let (kernel, constants, tile) = way(recorder, fits, &FORWARD, &FORWARD_LANES, 8);
        for y in recorder.parts(self.y.0) {
            let x = recorder.beside(self.x.0, y)?;
            let rows = y.rows * self.dims.p * self.dims.q;
            let mut parameters = parameters_of(&self.dims, y.rows, [rows, self.dims.kg()], tile);
            parameters.biased = u32::from(self.b.is_some());
            let bindings = [read(x), read(w), read(b), read_write(y)];
            recorder.dispatch(kernel, constants, &parameters, &bindings, workgroups(&parameters))?;
        }
        Ok(())
    }
}

impl Operation for BackwardInput {
    const STEM: &'static str = "conv2d";
    fn pass(&self) -> &'static str {
        "backward_input"
    }
    fn cost(&self) -> Cost {
        product_cost(&self.dims)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::conv2d::backward_input(&self.dims, &m.real[self.w.0], &m.real[self.dy.0], dx, &m.scratch);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let w = recorder.whole(self.w.0)?;
        let fits = aligned(&self.dims, false, true);
        let (kernel, constants, tile) = way(recorder, fits, &BACKWARD_INPUT, &BACKWARD_INPUT_LANES, 8);
        for dx in recorder.parts(self.dx.0) {
            let dy = recorder.beside(self.dy.0, dx)?;
            let rows = dx.rows * self.dims.x.h * self.dims.x.w;
            let parameters = parameters_of(&self.dims, dx.rows, [rows, self.dims.cg()], tile);
            let bindings = [read(w), read(dy), read_write(dx)];
            recorder.dispatch(kernel, constants, &parameters, &bindings, workgroups(&parameters))?;
        }
        Ok(())
    }
}

impl Operation for BackwardWeight {
    const STEM: &'static str = "conv2d";
    fn pass(&self) -> &'static str {
        "backward_weight"
    }
    fn cost(&self) -> Cost {
        product_cost(&self.dims)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dw.0, |m, dw| {
            cpu::conv2d::backward_weight(&self.dims, &m.real[self.x.0], &m.real[self.dy.0], dw, &m.scratch);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let dw = recorder.whole(self.dw.0)?;
        let fits = aligned(&self.dims, true, true);
        let (kernel, constants, tile) = way(recorder, fits, &BACKWARD_WEIGHT, &BACKWARD_WEIGHT_LANES, 16);
        for (i, dy) in recorder.parts(self.dy.0).into_iter().enumerate() {
            let x = recorder.beside(self.x.0, dy)?;
            let stored = Layout::VEC4.kernel_channels(self.dims.cg(), self.dims.groups);
            let rows = self.dims.r() * self.dims.s() * stored;
            let mut parameters = parameters_of(&self.dims, dy.rows, [rows, self.dims.kg()], tile);
            parameters.continued = u32::from(i > 0);
            let bindings = [read(x), read(dy), read_write(dw)];
            recorder.dispatch(kernel, constants, &parameters, &bindings, workgroups(&parameters))?;
        }
        Ok(())
    }
}

impl Operation for BackwardBias {
    const STEM: &'static str = "conv2d";
    fn pass(&self) -> &'static str {
        "backward_bias"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: (self.dims.x.n * self.dims.y().features()) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.db.0, |m, db| cpu::conv2d::backward_bias(&self.dims, &m.real[self.dy.0], db));
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let db = recorder.whole(self.db.0)?;
        for (i, dy) in recorder.parts(self.dy.0).into_iter().enumerate() {
            let vectors = Layout::VEC4.padded(self.dims.k) as u32 / 4;
            let (rows, images, continued) = ((self.dims.p * self.dims.q) as u32, dy.rows as u32, u32::from(i > 0));
            let parameters = ColumnSumsParameters { rows, images, run: BIAS_RUN, vectors, continued };
            let workgroups = u64::from(vectors.div_ceil(4));
            recorder.dispatch(&BACKWARD_BIAS, &[], &parameters, &[read(dy), read_write(db)], workgroups)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("conv2d", ["grid", "tile", "column_sums", "conv2d_lanes"]);
parameters! {
    /// The parameters of the three products.
    struct Conv2dParameters {
        n: u32, h: u32, w: u32, cp: u32, p: u32, q: u32, kp: u32,
        r: u32, s: u32, stored: u32, cg: u32, kg: u32, kr: u32,
        stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32,
        rows: u32, columns: u32, tiles: u32, across: u32, groups: u32, run: u32, continued: u32, biased: u32,
    }
}
kernel!(FORWARD = SHADER / "forward", Conv2dParameters, [1 Read, 2 Read, 3 Read, 5 ReadWrite]);
kernel!(BACKWARD_INPUT = SHADER / "backward_input", Conv2dParameters, [2 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_WEIGHT = SHADER / "backward_weight", Conv2dParameters, [1 Read, 4 Read, 5 ReadWrite]);
kernel!(FORWARD_LANES = SHADER / "forward_lanes", Conv2dParameters, [1 Read, 2 Read, 3 Read, 5 ReadWrite]);
kernel!(BACKWARD_INPUT_LANES = SHADER / "backward_input_lanes", Conv2dParameters, [2 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_WEIGHT_LANES = SHADER / "backward_weight_lanes", Conv2dParameters, [1 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_BIAS = SHADER / "backward_bias", ColumnSumsParameters, [4 Read, 5 ReadWrite]);

/// Pixels that a weight gradient sums at least before it adds the next ones.
const WEIGHT_RUN: usize = 256;

/// Whether channels can be loaded four at a time: no group begins within four.
fn aligned(dims: &ConvDims, input: bool, output: bool) -> bool {
    let fits = |needed: bool, channels: usize| !needed || dims.groups == 1 || channels.is_multiple_of(4);
    fits(input, dims.cg()) && fits(output, dims.kg())
}

/// A kernel with the pipeline constants and the results of one workgroup, down and across.
type Way = (&'static Kernel, Constants, [usize; 2]);

/// The kernel that fits: tiles through workgroup memory on a GPU, lanes on a processor.
fn way(recorder: &Recorder<'_>, aligned: bool, tiles: &'static Kernel, lanes: &'static Kernel, down: usize) -> Way {
    match (aligned, recorder.limits().lanes) {
        (true, true) => (lanes, &[("ALIGNED", 1.0)], [down, 32]),
        (true, false) => (tiles, &[("ALIGNED", 1.0)], [TILE; 2]),
        (false, _) => (tiles, &[("ALIGNED", 0.0)], [TILE; 2]),
    }
}

/// The parameters for some images; a group's product has `rows` x `columns` results.
fn parameters_of(dims: &ConvDims, images: usize, [rows, columns]: [usize; 2], tile: [usize; 2]) -> Conv2dParameters {
    let (layout, down, right) = (Layout::VEC4, &dims.vertical, &dims.horizontal);
    let across = columns.div_ceil(tile[1]);
    Conv2dParameters {
        n: images as u32,
        h: dims.x.h as u32,
        w: dims.x.w as u32,
        cp: layout.padded(dims.x.c) as u32,
        p: dims.p as u32,
        q: dims.q as u32,
        kp: layout.padded(dims.k) as u32,
        r: dims.r() as u32,
        s: dims.s() as u32,
        stored: layout.kernel_channels(dims.cg(), dims.groups) as u32,
        cg: dims.cg() as u32,
        kg: dims.kg() as u32,
        kr: layout.kernel_channels(dims.kg(), dims.groups) as u32,
        stride_h: down.stride as u32,
        stride_w: right.stride as u32,
        pad_h: down.pad_begin as u32,
        pad_w: right.pad_begin as u32,
        dilation_h: down.dilation as u32,
        dilation_w: right.dilation as u32,
        rows: rows as u32,
        columns: columns as u32,
        tiles: (rows.div_ceil(tile[0]) * across) as u32,
        across: across as u32,
        groups: dims.groups as u32,
        // A power of two up to 32, so that no run is divided where a batch is.
        run: WEIGHT_RUN.div_ceil(dims.p * dims.q).next_power_of_two().min(32) as u32,
        continued: 0,
        biased: 0,
    }
}

fn workgroups(parameters: &Conv2dParameters) -> u64 {
    u64::from(parameters.tiles) * u64::from(parameters.groups)
}
