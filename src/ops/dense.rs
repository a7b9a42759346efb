//! A fully connected layer. Its weights are a kernel that covers the whole input:
//! `[out, c * h * w]` outside, in the order of the activation inside.

use super::{
    Absorbed, Cost, Epilogue, Operation, Step, TensorId,
    sgd::Gradient,
    tile::{self, TILES, WORKGROUPS},
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

/// Overwrites dw and db with the gradients with respect to the weights and the bias, or adds these to them; or
/// overwrites db, and updates the weights with their gradient.
#[derive(Clone, Debug)]
pub struct BackwardWeight {
    /// Dimensions.
    pub dims: DenseDims,
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

impl Operation for Forward {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        self.dims.cost()
    }
    fn product(&self) -> Option<String> {
        Some(format!("dense {} {} to {}", self.pass(), self.dims.x, self.dims.k))
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
            cpu::dense::forward(self.dims.native(), &m.real[self.x.0], &m.real[self.w.0], b, y, &m.scratch);
            if self.relu {
                cpu::relu::forward(y);
            }
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let pieces = recorder.parts(self.w.0);
        let depth = pieces.iter().map(|w| w.rows).sum();
        let split = split(recorder, Layout::VEC4.padded(self.dims.k), depth);
        let b = self.b.map_or(Ok(pieces[0]), |b| recorder.whole(b.0))?;
        for y in recorder.parts(self.y.0) {
            let x = recorder.beside(self.x.0, y)?;
            for chunk in chunks(recorder, y, Layout::VEC4.padded(self.dims.k), split, depth) {
                let to = chunk.partial.unwrap_or(y);
                for (i, &w) in pieces.iter().enumerate() {
                    let mut parameters = DenseParameters { split, ..parameters_of(&self.dims, &chunk, w) };
                    // The sum goes on from piece to piece; the bias and the rectifier come last, as in one piece.
                    let last = i + 1 == pieces.len() && split == 0;
                    parameters.continued = u32::from(i > 0);
                    parameters.biased = u32::from(self.b.is_some() && last);
                    parameters.rectified = u32::from(self.relu && last);
                    let bindings = [read(x), read(w), read(b), read_write(to)];
                    let kernels = (&FORWARD, &FORWARD_LANES, [32, 64]);
                    let depth = [parameters.first, parameters.first + parameters.rows];
                    dispatch(recorder, kernels, &parameters, &bindings, [parameters.n, parameters.kp], depth)?;
                }
                if let Some(partial) = chunk.partial {
                    let mut parameters =
                        DenseParameters { split: chunk.parts, ..parameters_of(&self.dims, &chunk, pieces[0]) };
                    parameters.biased = u32::from(self.b.is_some());
                    parameters.rectified = u32::from(self.relu);
                    let vectors = u64::from(parameters.n * (parameters.kp / 4));
                    let bindings = [read(partial), read(b), read_write(y)];
                    recorder.dispatch(&SUM_FORWARD, &[], &parameters, &bindings, vectors.div_ceil(64))?;
                }
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
    fn product(&self) -> Option<String> {
        Some(format!("dense {} {} to {}", self.pass(), self.dims.x, self.dims.k))
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
            cpu::dense::backward_input(self.dims.native(), &m.real[self.w.0], &m.real[self.dy.0], dx, &m.scratch);
            if let Some(x) = self.rectified {
                cpu::relu::backward(&m.real[x.0], dx);
            }
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let depth = Layout::VEC4.padded(self.dims.k);
        let pieces = recorder.parts(self.w.0);
        let split = split(recorder, pieces.iter().map(|w| w.rows).sum(), depth);
        for dx in recorder.parts(self.dx.0) {
            let dy = recorder.beside(self.dy.0, dx)?;
            let x = self.rectified.map_or(Ok(dy), |x| recorder.beside(x.0, dx))?;
            for &w in &pieces {
                for chunk in chunks(recorder, dx, w.rows, split, depth) {
                    let mut parameters = DenseParameters { split, ..parameters_of(&self.dims, &chunk, w) };
                    parameters.rectified = u32::from(self.rectified.is_some());
                    let bindings = [read(x), read(w), read(dy), read_write(chunk.partial.unwrap_or(dx))];
                    let kernels = (&BACKWARD_INPUT, &BACKWARD_INPUT_LANES, [32, 64]);
                    let results = [parameters.n, parameters.rows];
                    dispatch(recorder, kernels, &parameters, &bindings, results, [0, parameters.kp])?;
                    if let Some(partial) = chunk.partial {
                        parameters.split = chunk.parts;
                        let vectors = u64::from(parameters.n * (parameters.rows / 4));
                        let bindings = [read(x), read(partial), read_write(dx)];
                        recorder.dispatch(&SUM_BACKWARD_INPUT, &[], &parameters, &bindings, vectors.div_ceil(64))?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Operation for BackwardWeight {
    const STEM: &'static str = "dense";
    fn pass(&self) -> &'static str {
        self.dw.pass()
    }
    fn cost(&self) -> Cost {
        let Cost { macs, elements } = self.dims.cost();
        Cost { macs, elements: elements + self.dw.elements(self.dims.x.features() * self.dims.k) }
    }
    fn product(&self) -> Option<String> {
        Some(format!("dense {} {} to {}", self.pass(), self.dims.x, self.dims.k))
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
        let size = self.dims.native();
        match self.dw {
            Gradient::Kept(dw) => memory.write_real(dw.0, |m, dw| {
                m.scratch.overwrite_or_add(self.accumulate, dw, |dw| {
                    cpu::dense::backward_weight(size, &m.real[self.x.0], &m.real[self.dy.0], dw);
                });
            }),
            Gradient::Applied { rule, w, h } => memory.write_both(w.0, h.0, |m, w, h| {
                let (x, dy) = (&m.real[self.x.0], &m.real[self.dy.0]);
                cpu::dense::update_weight(size, x, dy, &rule.at(step), [w, h], &m.scratch);
            }),
        }
        memory.write_real(self.db.0, |m, db| {
            m.scratch.overwrite_or_add(self.accumulate, db, |db| cpu::dense::backward_bias(&m.real[self.dy.0], db));
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let db = recorder.whole(self.db.0)?;
        let images = recorder.parts(self.dy.0);
        for to in recorder.parts(self.dw.target().0) {
            // A batch in several segments sums all but the last into a tensor, or where there is none into scratch memory.
            let elements = to.rows * Layout::VEC4.padded(self.dims.k);
            let sums = if images.len() > 1 && self.dw.applied().is_some() { recorder.scratch(elements) } else { to };
            for (i, &dy) in images.iter().enumerate() {
                let x = recorder.beside(self.x.0, dy)?;
                let chunk = Chunk { start: 0, images: dy.rows, partial: None, parts: 0 };
                let mut parameters = parameters_of(&self.dims, &chunk, to);
                parameters.continued = u32::from(self.accumulate || i > 0);
                let results = [parameters.rows, parameters.kp];
                let depth = [0, parameters.n];
                match self.dw.applied().filter(|_| i + 1 == images.len()) {
                    None => {
                        let bindings = [read(x), read(dy), read_write(sums), read_write(db)];
                        let kernels = (&BACKWARD_WEIGHT, &BACKWARD_WEIGHT_LANES, [64, 32]);
                        dispatch(recorder, kernels, &parameters, &bindings, results, depth)?;
                    }
                    Some((rule, h)) => {
                        let h = recorder.beside(h.0, to)?;
                        // Nothing is continued in the first segment; anything may be bound there.
                        let sums = if i > 0 { sums } else { dy };
                        let parameters = DenseParameters {
                            momentum: rule.momentum as f32,
                            decay: rule.decay as f32,
                            lr_mult: rule.lr_mult as f32,
                            formula: rule.formula(),
                            ..parameters
                        };
                        let bindings = [read(x), read(sums), read(dy), read_write(to), read_write(db), read_write(h)];
                        let kernels = (&BACKWARD_WEIGHT_UPDATE, &BACKWARD_WEIGHT_UPDATE_LANES, [64, 32]);
                        dispatch(recorder, kernels, &parameters, &bindings, results, depth)?;
                    }
                }
            }
        }
        Ok(())
    }
}

static SHADERS: [Shader; tile::WAYS] =
    tiled_shaders!("dense", ["grid", "rectifier", "step", "momentum", "dense_operands"]);
static SPLITS_SHADER: Shader =
    shader!("dense_splits" of "dense", ["grid", "rectifier", "step", "momentum", "dense_operands", "dense_splits"]);
static LANES_SHADER: Shader = shader!("dense_lanes" of "dense", ["grid", "rectifier", "step", "momentum", "dense_operands", "lanes", "dense_lanes"]);
parameters! {
    /// The parameters of the three products.
    struct DenseParameters {
        n: u32, features: u32, first: u32, rows: u32, k: u32, kp: u32, c: u32, cp: u32, start: u32, split: u32,
        continued: u32, biased: u32, rectified: u32,
        momentum: f32, decay: f32, lr_mult: f32, formula: u32,
    }
}
kernel!(FORWARD = each of SHADERS / "forward", DenseParameters, [1 Read, 2 Read, 3 Read, 5 ReadWrite]);
kernel!(BACKWARD_INPUT = each of SHADERS / "backward_input", DenseParameters, [1 Read, 2 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_WEIGHT = each of SHADERS / "backward_weight", DenseParameters, [1 Read, 4 Read, 5 ReadWrite, 6 ReadWrite]);
kernel!(BACKWARD_WEIGHT_UPDATE = each of SHADERS / "backward_weight_update", DenseParameters,
    [1 Read, 3 Read, 4 Read, 5 ReadWrite, 6 ReadWrite, 7 ReadWrite, 8 Step]);
kernel!(SUM_FORWARD = SPLITS_SHADER / "sum_forward", DenseParameters, [1 Read, 3 Read, 5 ReadWrite]);
kernel!(SUM_BACKWARD_INPUT = SPLITS_SHADER / "sum_backward_input", DenseParameters, [1 Read, 4 Read, 5 ReadWrite]);
kernel!(FORWARD_LANES = LANES_SHADER / "forward_lanes", DenseParameters, [1 Read, 2 Read, 3 Read, 5 ReadWrite]);
kernel!(BACKWARD_INPUT_LANES = LANES_SHADER / "backward_input_lanes", DenseParameters, [1 Read, 2 Read, 4 Read, 5 ReadWrite]);
kernel!(BACKWARD_WEIGHT_LANES = LANES_SHADER / "backward_weight_lanes", DenseParameters, [1 Read, 4 Read, 5 ReadWrite, 6 ReadWrite]);
kernel!(BACKWARD_WEIGHT_UPDATE_LANES = LANES_SHADER / "backward_weight_update_lanes", DenseParameters,
    [1 Read, 3 Read, 4 Read, 5 ReadWrite, 6 ReadWrite, 7 ReadWrite, 8 Step]);

/// The depth of a run: the terms that are summed before they are added to the sum of those in front of them.
const RUN: usize = 256;
/// Runs of a part of a split sum at least: shorter ones would not pay for the dispatch that adds them.
const RUNS_OF_PART: usize = 2;
/// Images that a batch is taken to have where the number of parts is decided: an image's bits must not depend on the
/// batch that it really is in.
const IMAGES: usize = 128;
/// Bytes of partial sums at most.
const SPLITS_BYTES: usize = 64 << 20;

/// The depth of the parts into which the sums of `columns` results an image are split where their tiles are too few to
/// keep a GPU busy, by the layer's shape alone; 0 where they are not. Gradients of weights have a sum over the batch, too
/// short to be split.
fn split(recorder: &Recorder<'_>, columns: usize, depth: usize) -> u32 {
    // A processor has fewer cores than any product has tiles.
    if recorder.limits().lanes { 0 } else { depth_of_part(columns, depth) as u32 }
}

fn depth_of_part(columns: usize, depth: usize) -> usize {
    let tiles = IMAGES.div_ceil(TILES[0][0]) * columns.div_ceil(TILES[0][1]);
    let runs = depth.div_ceil(RUN);
    let parts = WORKGROUPS.div_ceil(tiles).min(runs / RUNS_OF_PART);
    if parts < 2 { 0 } else { runs.div_ceil(parts) * RUN }
}

/// Images of a segment that are computed together.
struct Chunk {
    /// The first of them in the segment.
    start: usize,
    images: usize,
    /// Where the parts of split sums lie, and their number.
    partial: Option<Part>,
    parts: u32,
}

/// Divides a segment's images so that the parts of their sums, `columns` results an image, stay few enough bytes.
fn chunks(recorder: &mut Recorder<'_>, segment: Part, columns: usize, split: u32, depth: usize) -> Vec<Chunk> {
    if split == 0 {
        return vec![Chunk { start: 0, images: segment.rows, partial: None, parts: 0 }];
    }
    let parts = depth.div_ceil(split as usize);
    let most = SPLITS_BYTES.min(recorder.limits().segment_bytes() as usize) / (parts * columns * 4);
    let most = most.clamp(1, segment.rows.max(1));
    let partial = Some(recorder.scratch(parts * most * columns));
    let chunk = |start| Chunk { start, images: most.min(segment.rows - start), partial, parts: parts as u32 };
    (0..segment.rows).step_by(most).map(chunk).collect()
}

/// The parameters for some images and a piece of the weights.
fn parameters_of(dims: &DenseDims, chunk: &Chunk, piece: Part) -> DenseParameters {
    let cp = Layout::VEC4.padded(dims.x.c);
    DenseParameters {
        n: chunk.images as u32,
        features: (dims.x.h * dims.x.w * cp) as u32,
        first: piece.first as u32,
        rows: piece.rows as u32,
        k: dims.k as u32,
        kp: Layout::VEC4.padded(dims.k) as u32,
        c: dims.x.c as u32,
        cp: cp as u32,
        start: chunk.start as u32,
        ..Default::default()
    }
}

/// The kernels for every tile, that for a processor, and the results of one workgroup of this.
type Kernels = (&'static [Kernel; tile::WAYS], &'static Kernel, [usize; 2]);

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

/// Dispatches the kernel that fits: tiles through workgroup memory on a GPU, lanes on a processor. The sums go over
/// a depth, of which `first` to `end` are here.
fn dispatch(
    recorder: &mut Recorder<'_>,
    (tiled, lanes, of_lanes): Kernels,
    parameters: &DenseParameters,
    bindings: &[Binding],
    [rows, columns]: [u32; 2],
    [first, end]: [u32; 2],
) -> Result<(), GpuError> {
    let results = [rows as usize, columns as usize];
    let parts = if parameters.split == 0 { 1 } else { end.div_ceil(parameters.split) - first / parameters.split };
    let (kernel, [down, across], constants): (_, _, Constants) = if recorder.limits().lanes {
        (lanes, of_lanes, vectors_for(parameters.n, of_lanes))
    } else {
        let tile = tile::choose(recorder, parts as usize, results);
        (tile::kernel(recorder, tiled, tile), TILES[tile], &[])
    };
    let workgroups = results[0].div_ceil(down) * results[1].div_ceil(across) * parts as usize;
    recorder.dispatch(kernel, constants, parameters, bindings, workgroups as u64)
}

#[cfg(test)]
mod tests {
    use super::depth_of_part;

    #[test]
    fn sums_are_split_where_their_tiles_are_few_and_their_depth_allows_it() {
        // fc6, fc7 and fc8 of CaffeNet, then their input gradients.
        assert_eq!([(4096, 9216), (4096, 4096), (1000, 4096)].map(|(k, d)| depth_of_part(k, d)), [3072, 1536, 512]);
        assert_eq!([(9216, 4096), (4096, 4096), (4096, 1000)].map(|(k, d)| depth_of_part(k, d)), [0, 1536, 512]);
        assert_eq!(
            [(10, 1), (10, 1023), (10, 1025), (100_000, 4096)].map(|(k, d)| depth_of_part(k, d)),
            [0, 512, 768, 0]
        );
    }
}
