//! Grouped two-dimensional convolution; the formula stands in `cpu/conv2d.rs`.

use super::{
    Absorbed, Cost, Epilogue, Operation, OpsError, Step, TensorId,
    sgd::{Gradient, Rule},
    tile::{self, TILES, WORKGROUPS},
};
use crate::{
    cpu,
    gpu::{Constants, GpuError, Kernel, Part, Recorder, Shader, parameters, read, read_write},
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

/// `y = conv(x, w) + b`, passed through the rectifier where `relu` says so; overwrites y.
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
    /// Whether y is `max(y, 0)` in the end.
    pub relu: bool,
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
    /// The input, where it is the output of a rectifier: dx is 0 where it is not positive.
    pub rectified: Option<TensorId>,
}

/// Overwrites dw and db with the gradients with respect to the weights and the bias, or adds these to them; or
/// overwrites db, and updates the weights with their gradient.
#[derive(Clone, Debug)]
pub struct BackwardWeight {
    /// Dimensions.
    pub dims: ConvDims,
    /// Input.
    pub x: TensorId,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the weights.
    pub dw: Gradient,
    /// Gradient of the bias.
    pub db: TensorId,
    /// Whether the gradients are added to what dw and db hold.
    pub accumulate: bool,
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
    fn product(&self) -> Option<String> {
        Some(format!("conv2d {} {}", self.pass(), self.dims))
    }
    fn reads(&self) -> Vec<TensorId> {
        [self.x, self.w].into_iter().chain(self.b).collect()
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
            let b = self.b.map(|b| &m.real[b.0][..]);
            cpu::conv2d::forward(&self.dims, &m.real[self.x.0], &m.real[self.w.0], b, y, &m.scratch);
            if self.relu {
                cpu::relu::forward(y);
            }
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let w = recorder.whole(self.w.0)?;
        let b = self.b.map_or(Ok(w), |b| recorder.whole(b.0))?;
        let fits = aligned(&self.dims, true, true);
        let kernels = (&FORWARD, lanes(recorder, &self.dims, &FORWARD_LANES));
        for y in recorder.parts(self.y.0) {
            let x = recorder.beside(self.x.0, y)?;
            let results = [y.rows * self.dims.p * self.dims.q, self.dims.kg()];
            let (kernel, constants, tile) = way(recorder, fits, kernels, self.dims.groups, results);
            let mut parameters = parameters_of(&self.dims, y.rows, results, tile);
            parameters.biased = u32::from(self.b.is_some());
            parameters.rectified = u32::from(self.relu);
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
    fn product(&self) -> Option<String> {
        Some(format!("conv2d {} {}", self.pass(), self.dims))
    }
    fn reads(&self) -> Vec<TensorId> {
        [self.w, self.dy].into_iter().chain(self.rectified).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.dx]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        match epilogue {
            Epilogue::Mask { y, dy } if dy == self.dx => {
                self.rectified = Some(y);
                Absorbed::Taken
            }
            _ => Absorbed::Refused,
        }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::conv2d::backward_input(&self.dims, &m.real[self.w.0], &m.real[self.dy.0], dx, &m.scratch);
            if let Some(x) = self.rectified {
                cpu::relu::backward(&m.real[x.0], dx);
            }
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let w = recorder.whole(self.w.0)?;
        let fits = aligned(&self.dims, false, true);
        let kernels = (&BACKWARD_INPUT, lanes(recorder, &self.dims, &BACKWARD_INPUT_LANES));
        for dx in recorder.parts(self.dx.0) {
            let dy = recorder.beside(self.dy.0, dx)?;
            let results = [dx.rows * self.dims.x.h * self.dims.x.w, self.dims.cg()];
            let (kernel, constants, tile) = way(recorder, fits, kernels, self.dims.groups, results);
            let mut parameters = parameters_of(&self.dims, dx.rows, results, tile);
            parameters.rectified = u32::from(self.rectified.is_some());
            let x = self.rectified.map_or(Ok(dy), |x| recorder.beside(x.0, dx))?;
            let bindings = [read(x), read(w), read(dy), read_write(dx)];
            recorder.dispatch(kernel, constants, &parameters, &bindings, workgroups(&parameters))?;
        }
        Ok(())
    }
}

impl Operation for BackwardWeight {
    const STEM: &'static str = "conv2d";
    fn pass(&self) -> &'static str {
        self.dw.pass()
    }
    fn cost(&self) -> Cost {
        let Cost { macs, elements } = product_cost(&self.dims);
        let weights = self.dims.r() * self.dims.s() * self.dims.cg() * self.dims.k;
        Cost { macs, elements: elements + self.dw.elements(weights) }
    }
    fn product(&self) -> Option<String> {
        Some(format!("conv2d {} {}", self.pass(), self.dims))
    }
    fn reads(&self) -> Vec<TensorId> {
        self.dw.reads([self.x, self.dy], self.accumulate.then_some(self.db))
    }
    fn writes(&self) -> Vec<TensorId> {
        self.dw.writes(self.db)
    }
    fn accumulate(&mut self) -> bool {
        self.accumulate = true;
        true
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, step: &Step) {
        let gradient = |m: &cpu::Memory<T>, dw: &mut [T]| {
            cpu::conv2d::backward_weight(&self.dims, &m.real[self.x.0], &m.real[self.dy.0], dw, &m.scratch);
        };
        match self.dw {
            Gradient::Kept(dw) => memory.write_real(dw.0, |m, dw| {
                m.scratch.overwrite_or_add(self.accumulate, dw, |dw| gradient(m, dw));
            }),
            Gradient::Applied { rule, w, h } => memory.write_both(w.0, h.0, |m, w, h| {
                let mut dw = m.scratch.lend(w.len());
                gradient(m, &mut dw);
                cpu::sgd::step(&rule.at(step), &dw, w, h);
            }),
        }
        memory.write_real(self.db.0, |m, db| {
            let backward_bias = |db: &mut [T]| cpu::conv2d::backward_bias(&self.dims, &m.real[self.dy.0], db);
            m.scratch.overwrite_or_add(self.accumulate, db, backward_bias);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let (to, db) = (recorder.whole(self.dw.target().0)?, recorder.whole(self.db.0)?);
        let fits = aligned(&self.dims, true, true);
        let stored = Layout::VEC4.kernel_channels(self.dims.cg(), self.dims.groups);
        let rows = self.dims.r() * self.dims.s() * stored;
        let results = [rows, self.dims.kg()];
        let parts = recorder.parts(self.dy.0);
        // A processor has fewer cores than any product has tiles.
        let split = if recorder.limits().lanes && fits { None } else { split(&self.dims, results, &parts) };
        let columns = Layout::VEC4.padded(self.dims.k);
        let partial = (rows + 1) * columns;
        let splits = split.map_or(0, |images| self.dims.x.n.div_ceil(images));
        let products = self.dims.groups * splits.max(1);
        let applied = match self.dw.applied() {
            Some((rule, h)) => Some((rule, recorder.whole(h.0)?)),
            None => None,
        };
        // A batch in several segments sums all but the last into a tensor, or where there is none into scratch memory.
        let sums = match splits {
            0 if applied.is_none() || parts.len() == 1 => to,
            0 => recorder.scratch(rows * columns),
            _ => recorder.scratch(splits * partial),
        };
        let kernels = (&BACKWARD_WEIGHT, lanes(recorder, &self.dims, &BACKWARD_WEIGHT_LANES));
        let updating = (&BACKWARD_WEIGHT_UPDATE, lanes(recorder, &self.dims, &BACKWARD_WEIGHT_UPDATE_LANES));
        for (i, &dy) in parts.iter().enumerate() {
            let x = recorder.beside(self.x.0, dy)?;
            let applied = applied.filter(|_| splits == 0 && i + 1 == parts.len());
            let kernels = if applied.is_some() { updating } else { kernels };
            let (kernel, constants, tile) = way(recorder, fits, kernels, products, results);
            let mut parameters = parameters_of(&self.dims, dy.rows, results, tile);
            parameters.continued = u32::from(self.accumulate || i > 0);
            let mut workgroups = workgroups(&parameters);
            if let Some(images) = split {
                parameters.run = parameters.run.min(images as u32);
                (parameters.split, parameters.first_split) = (images as u32, (dy.first / images) as u32);
                workgroups *= dy.rows.div_ceil(images) as u64;
            }
            if let Some((rule, h)) = applied {
                // Nothing is continued in the first segment; anything may be bound there.
                let sums = if i > 0 { sums } else { dy };
                let bindings = [read(x), read(sums), read(dy), read_write(to), read_write(db), read_write(h)];
                recorder.dispatch(kernel, constants, &following(parameters, &rule), &bindings, workgroups)?;
            } else {
                let bindings = [read(x), read(dy), read_write(sums), read_write(db)];
                recorder.dispatch(kernel, constants, &parameters, &bindings, workgroups)?;
            }
        }
        if splits > 0 {
            let mut parameters = parameters_of(&self.dims, self.dims.x.n, results, TILES[0]);
            parameters.split = splits as u32;
            parameters.continued = u32::from(self.accumulate);
            let workgroups = (partial / 4).div_ceil(64) as u64;
            if let Some((rule, h)) = applied {
                let bindings = [read(sums), read_write(to), read_write(db), read_write(h)];
                recorder.dispatch(&SUM_SPLITS_UPDATE, &[], &following(parameters, &rule), &bindings, workgroups)?;
            } else {
                let bindings = [read(sums), read_write(to), read_write(db)];
                recorder.dispatch(&SUM_SPLITS, &[], &parameters, &bindings, workgroups)?;
            }
        }
        Ok(())
    }
}

/// The parameters with those of an update.
fn following(parameters: Conv2dParameters, rule: &Rule) -> Conv2dParameters {
    Conv2dParameters {
        momentum: rule.momentum as f32,
        decay: rule.decay as f32,
        lr_mult: rule.lr_mult as f32,
        formula: rule.formula(),
        ..parameters
    }
}

static SHADERS: [Shader; tile::WAYS] =
    tiled_shaders!("conv2d", ["grid", "rectifier", "step", "momentum", "conv2d_operands"]);
static SPLITS_SHADER: Shader =
    shader!("conv2d_splits" of "conv2d", ["grid", "step", "momentum", "conv2d_operands", "conv2d_splits"]);
static LANES_SHADER: Shader = shader!("conv2d_lanes" of "conv2d", ["grid", "rectifier", "step", "momentum", "conv2d_operands", "lanes", "conv2d_lanes"]);
parameters! {
    /// The parameters of the three products.
    struct Conv2dParameters {
        n: u32, h: u32, w: u32, cp: u32, p: u32, q: u32, kp: u32,
        r: u32, s: u32, stored: u32, cg: u32, kg: u32, kr: u32,
        stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32,
        rows: u32, columns: u32, tiles: u32, across: u32, groups: u32, run: u32, continued: u32, biased: u32, rectified: u32,
        split: u32, first_split: u32, momentum: f32, decay: f32, lr_mult: f32, formula: u32,
    }
}
kernel!(FORWARD = each of SHADERS / "forward", Conv2dParameters, [1 Read, 2 Read, 3 Read, 5 ReadWrite]);
kernel!(BACKWARD_INPUT = each of SHADERS / "backward_input", Conv2dParameters, [1 Read, 2 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_WEIGHT = each of SHADERS / "backward_weight", Conv2dParameters, [1 Read, 4 Read, 5 ReadWrite, 6 ReadWrite]);
kernel!(BACKWARD_WEIGHT_UPDATE = each of SHADERS / "backward_weight_update", Conv2dParameters,
    [1 Read, 3 Read, 4 Read, 5 ReadWrite, 6 ReadWrite, 7 ReadWrite, 8 Step]);
kernel!(SUM_SPLITS = SPLITS_SHADER / "sum_splits", Conv2dParameters, [1 Read, 5 ReadWrite, 6 ReadWrite]);
kernel!(SUM_SPLITS_UPDATE = SPLITS_SHADER / "sum_splits_update", Conv2dParameters,
    [1 Read, 5 ReadWrite, 6 ReadWrite, 7 ReadWrite, 8 Step]);
kernel!(FORWARD_LANES = LANES_SHADER / "forward_lanes", Conv2dParameters, [1 Read, 2 Read, 3 Read, 5 ReadWrite]);
kernel!(BACKWARD_INPUT_LANES = LANES_SHADER / "backward_input_lanes", Conv2dParameters, [1 Read, 2 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_WEIGHT_LANES = LANES_SHADER / "backward_weight_lanes", Conv2dParameters, [1 Read, 4 Read, 5 ReadWrite, 6 ReadWrite]);
kernel!(BACKWARD_WEIGHT_UPDATE_LANES = LANES_SHADER / "backward_weight_update_lanes", Conv2dParameters,
    [1 Read, 3 Read, 4 Read, 5 ReadWrite, 6 ReadWrite, 7 ReadWrite, 8 Step]);

/// Results of one workgroup of the lane kernels, down and across.
const LANES: [usize; 2] = [64, 32];
/// Pixels that a weight gradient sums at least before it adds the next ones.
const WEIGHT_RUN: usize = 256;

/// Bytes of partial sums at most.
const SPLITS_BYTES: usize = 64 << 20;

/// Images of one of the parts into which a weight gradient's sum is split where its tiles are too few to keep a GPU
/// busy: a power of two up to 32 that no segment of the batch is divided within. The parts are summed in their order.
fn split(dims: &ConvDims, [rows, columns]: [usize; 2], segments: &[Part]) -> Option<usize> {
    let tiles = rows.div_ceil(TILES[0][0]) * columns.div_ceil(TILES[0][1]) * dims.groups;
    let bytes = |splits: usize| splits * (rows + 1) * Layout::VEC4.padded(dims.k) * 4;
    let fits = |images: &usize| {
        let splits = dims.x.n.div_ceil(*images);
        splits > 1 && bytes(splits) <= SPLITS_BYTES && segments.iter().all(|part| part.first.is_multiple_of(*images))
    };
    if tiles >= WORKGROUPS {
        return None;
    }
    let allowed: Vec<usize> = [32, 16, 8, 4, 2, 1].into_iter().filter(fits).collect();
    // As few parts as are enough, or as many as there may be.
    let enough = allowed.iter().find(|&&images| tiles * dims.x.n.div_ceil(images) >= WORKGROUPS);
    enough.or(allowed.last()).copied()
}

/// Whether channels can be loaded four at a time: no group begins within four.
fn aligned(dims: &ConvDims, input: bool, output: bool) -> bool {
    let fits = |needed: bool, channels: usize| !needed || dims.groups == 1 || channels.is_multiple_of(4);
    fits(input, dims.cg()) && fits(output, dims.kg())
}

/// The kernel for processors where the device is one. It loads and stores four channels at a time.
fn lanes(recorder: &Recorder<'_>, dims: &ConvDims, kernel: &'static Kernel) -> Option<&'static Kernel> {
    (recorder.limits().lanes && aligned(dims, true, true)).then_some(kernel)
}

/// A kernel with the pipeline constants and the results of one workgroup, down and across.
type Way = (&'static Kernel, Constants, [usize; 2]);

/// The kernel that fits products of so many rows and columns: tiles through workgroup memory on a GPU, lanes on
/// a processor.
fn way(
    recorder: &Recorder<'_>,
    aligned: bool,
    (tiled, lanes): (&'static [Kernel; tile::WAYS], Option<&'static Kernel>),
    products: usize,
    results: [usize; 2],
) -> Way {
    if let Some(lanes) = lanes {
        return (lanes, &[("ALIGNED", 1.0)], LANES);
    }
    let tile = tile::choose(recorder, products, results);
    let constants: Constants = if aligned { &[("ALIGNED", 1.0)] } else { &[("ALIGNED", 0.0)] };
    (tile::kernel(recorder, tiled, tile), constants, TILES[tile])
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
        ..Default::default()
    }
}

fn workgroups(parameters: &Conv2dParameters) -> u64 {
    u64::from(parameters.tiles) * u64::from(parameters.groups)
}
