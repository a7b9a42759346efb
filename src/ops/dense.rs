//! A fully connected layer. Its weights are a kernel that covers the whole input:
//! `[out, c * h * w]` outside, in the order of the activation inside.

use super::{
    Absorbed, Cost, Epilogue, Operation, Step, TensorId,
    product::{
        Buffer, ProductParameters,
        dense::{
            BACKWARD_INPUT, BACKWARD_WEIGHT, BACKWARD_WEIGHT_UPDATE, FORWARD, RUN, Sizes, WEIGHT_RUN, chunks, product,
            split,
        },
        sum,
    },
    relu,
    sgd::Gradient,
};
use crate::{
    cpu,
    gpu::{GpuError, Recorder},
    host::{ImageDims, Real},
};

pub(super) use super::product::dense::kernels;

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
    pub(super) const fn native(&self) -> [usize; 2] {
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
        epilogue.rectified(self.y, &mut self.relu)
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
        let sizes = Sizes::of(&self.dims.x, self.dims.k);
        let split = split(recorder, sizes.kp, depth);
        let b = self.b.map_or(Ok(pieces[0]), |b| recorder.whole(b.0))?;
        for y in recorder.parts(self.y.0) {
            let x = recorder.beside(self.x.0, y)?;
            for chunk in chunks(recorder, y, sizes.kp, split, depth) {
                let results = ProductParameters {
                    biased: u32::from(self.b.is_some()),
                    rectified: u32::from(self.relu),
                    origin: (chunk.start * sizes.kp) as u32,
                    pitch: sizes.kp as u32,
                    part_pitch: (chunk.images * sizes.kp) as u32,
                    kp: sizes.kp as u32,
                    ..ProductParameters::of([chunk.images, self.dims.k], 0)
                };
                for (i, &w) in pieces.iter().enumerate() {
                    // The sum continues from piece to piece; the bias and the rectifier come last, as in one piece.
                    let last = u32::from(i + 1 == pieces.len() && split == 0);
                    let parameters = ProductParameters {
                        depth: w.rows as u32,
                        continued: u32::from(i > 0),
                        biased: results.biased * last,
                        rectified: results.rectified * last,
                        // Parts lie by themselves.
                        origin: if chunk.partial.is_some() { 0 } else { results.origin },
                        a_origin: (chunk.start * sizes.features + w.first) as u32,
                        a_pitch: sizes.features as u32,
                        b_pitch: sizes.kp as u32,
                        ..results
                    }
                    .in_parts_of(split, w.first);
                    let to = chunk.partial.unwrap_or(y);
                    let bindings = [(Buffer::X, x), (Buffer::W, w), (Buffer::B, b), (Buffer::RESULT, to)];
                    product(&FORWARD, parameters, RUN, &bindings).record(recorder)?;
                }
                if let Some(partial) = chunk.partial {
                    let parameters = ProductParameters { parts: chunk.parts, ..results };
                    let bindings = [(Buffer::PARTS, partial), (Buffer::B, b), (Buffer::RESULT, y)];
                    sum(recorder, &FORWARD, &parameters, sizes.kp, &bindings)?;
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
        epilogue.masked(self.dx, &mut self.rectified)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::dense::backward_input(self.dims.native(), &m.real[self.w.0], &m.real[self.dy.0], dx, &m.scratch);
            relu::mask(self.rectified, m, dx);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let pieces = recorder.parts(self.w.0);
        let sizes = Sizes::of(&self.dims.x, self.dims.k);
        let split = split(recorder, pieces.iter().map(|w| w.rows).sum(), sizes.kp);
        for dx in recorder.parts(self.dx.0) {
            let dy = recorder.beside(self.dy.0, dx)?;
            let x = self.rectified.map_or(Ok(dy), |x| recorder.beside(x.0, dx))?;
            for &w in &pieces {
                for chunk in chunks(recorder, dx, w.rows, split, sizes.kp) {
                    let results = ProductParameters {
                        rectified: u32::from(self.rectified.is_some()),
                        origin: (chunk.start * sizes.features + w.first) as u32,
                        pitch: sizes.features as u32,
                        part_pitch: (chunk.images * w.rows) as u32,
                        column_first: w.first as u32,
                        column_period: sizes.cp as u32,
                        column_real: self.dims.x.c as u32,
                        a_origin: (chunk.start * sizes.kp) as u32,
                        a_pitch: sizes.kp as u32,
                        b_pitch: sizes.kp as u32,
                        ..ProductParameters::of([chunk.images, w.rows], sizes.kp)
                    };
                    let mut parameters = results.in_parts_of(split, 0);
                    if chunk.partial.is_some() {
                        // Parts lie by themselves, as they were summed.
                        (parameters.rectified, parameters.origin, parameters.pitch) = (0, 0, w.rows as u32);
                    }
                    let to = chunk.partial.unwrap_or(dx);
                    let bindings = [(Buffer::X, x), (Buffer::W, w), (Buffer::DY, dy), (Buffer::RESULT, to)];
                    product(&BACKWARD_INPUT, parameters, RUN, &bindings).record(recorder)?;
                    if let Some(partial) = chunk.partial {
                        let parameters = ProductParameters { parts: chunk.parts, ..results };
                        let bindings = [(Buffer::PARTS, partial), (Buffer::X, x), (Buffer::RESULT, dx)];
                        sum(recorder, &BACKWARD_INPUT, &parameters, w.rows, &bindings)?;
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
            let bias = |db: &mut [T]| cpu::dense::backward_bias(&m.real[self.dy.0], db, &m.scratch);
            m.scratch.overwrite_or_add(self.accumulate, db, bias);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let db = recorder.whole(self.db.0)?;
        let sizes = Sizes::of(&self.dims.x, self.dims.k);
        let images = recorder.parts(self.dy.0);
        for to in recorder.parts(self.dw.target().0) {
            // A batch in several segments sums all but the last into a tensor, or where there is none into scratch
            // memory.
            let elements = to.rows * sizes.kp;
            let sums = if images.len() > 1 && self.dw.applied().is_some() { recorder.scratch(elements) } else { to };
            for (i, &dy) in images.iter().enumerate() {
                let x = recorder.beside(self.x.0, dy)?;
                let parameters = ProductParameters {
                    continued: u32::from(self.accumulate || i > 0),
                    // The gradient of the bias comes with the first piece.
                    sums_bias: u32::from(to.first == 0),
                    pitch: sizes.kp as u32,
                    row_first: to.first as u32,
                    row_period: sizes.cp as u32,
                    row_real: self.dims.x.c as u32,
                    a_origin: to.first as u32,
                    a_pitch: sizes.features as u32,
                    b_pitch: sizes.kp as u32,
                    ..ProductParameters::of([to.rows, self.dims.k], dy.rows)
                };
                let mut bindings = vec![(Buffer::X, x), (Buffer::DY, dy), (Buffer::DB, db)];
                match self.dw.applied().filter(|_| i + 1 == images.len()) {
                    None => {
                        bindings.push((Buffer::RESULT, sums));
                        product(&BACKWARD_WEIGHT, parameters, WEIGHT_RUN, &bindings).record(recorder)?;
                    }
                    Some((rule, h)) => {
                        let h = recorder.beside(h.0, to)?;
                        // Nothing is continued in the first segment; anything may be bound there.
                        let partial = if i > 0 { sums } else { dy };
                        bindings.extend([(Buffer::PARTIAL, partial), (Buffer::RESULT, to), (Buffer::HISTORY, h)]);
                        let parameters = parameters.following(&rule);
                        product(&BACKWARD_WEIGHT_UPDATE, parameters, WEIGHT_RUN, &bindings).record(recorder)?;
                    }
                }
            }
        }
        Ok(())
    }
}
