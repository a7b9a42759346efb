//! Grouped two-dimensional convolution; the formula stands in `cpu/conv2d.rs`.

use super::{
    Absorbed, Cost, Epilogue, Operation, OpsError, Step, TensorId, add,
    product::{
        Buffer, Product, ProductParameters, Runs,
        conv2d::{
            BACKWARD_INPUT, BACKWARD_WEIGHT, BACKWARD_WEIGHT_UPDATE, FORWARD, RUN, Sizes, aligned, begins_fours,
            parameters_of, weight_run,
        },
        split, sum,
    },
    sgd::Gradient,
};
use crate::{
    cpu,
    gpu::{GpuError, Recorder},
    host::{ConvDims, ImageDims, Real, Window},
};

pub(super) use super::product::conv2d::kernels;

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
    /// What is added to dx, if anything: the gradient that came by another reader of the input.
    pub plus: Option<TensorId>,
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
    /// Whether anything reads that. Where a layer has no bias, the native executor leaves db as it is; on a GPU the sum
    /// is a row of the product.
    pub biased: bool,
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
        epilogue.rectified(self.y, &mut self.relu)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| {
            let b = self.b.map(|b| &m.real[b.0][..]);
            let end = |_: usize, part: &mut [T]| {
                if self.relu {
                    cpu::relu::forward_of_part(part);
                }
            };
            cpu::conv2d::forward(&self.dims, &m.real[self.x.0], &m.real[self.w.0], (b, &end), y, &m.scratch);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let w = recorder.whole(self.w.0)?;
        let b = self.b.map_or(Ok(w), |b| recorder.whole(b.0))?;
        let (dims, sizes) = (&self.dims, Sizes::of(&self.dims));
        for y in recorder.parts(self.y.0) {
            let x = recorder.beside(self.x.0, y)?;
            let parameters = ProductParameters {
                biased: u32::from(self.b.is_some()),
                rectified: u32::from(self.relu),
                pitch: sizes.kp as u32,
                b_pitch: sizes.kp as u32,
                ..parameters_of(dims, [y.rows * dims.p * dims.q, dims.kg()], dims.r() * dims.s() * sizes.stored)
            };
            Product {
                pass: &FORWARD,
                parameters,
                runs: Runs { tiles: RUN, lanes: dims.s() * sizes.stored, stretch: sizes.stored },
                aligned: aligned(dims),
                lanes: aligned(dims),
                bindings: &[(Buffer::X, x), (Buffer::W, w), (Buffer::B, b), (Buffer::RESULT, y)],
            }
            .record(recorder)?;
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
        let cost = product_cost(&self.dims);
        let plus = self.plus.map_or(0, |_| self.dims.x.n * self.dims.x.features());
        Cost { elements: cost.elements + plus as u64, ..cost }
    }
    fn product(&self) -> Option<String> {
        Some(format!("conv2d {} {}", self.pass(), self.dims))
    }
    fn reads(&self) -> Vec<TensorId> {
        [self.w, self.dy].into_iter().chain(self.plus).chain(self.rectified).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.dx]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        epilogue.accumulated_or_masked(self.dx, &mut self.plus, &mut self.rectified)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            let [plus, x] = [self.plus, self.rectified].map(|id| id.map(|id| &m.real[id.0][..]));
            let end = |first: usize, part: &mut [T]| {
                let [plus, x] = [plus, x].map(|of| of.map(|of| &of[first..][..part.len()]));
                match (plus, x) {
                    (Some(plus), x) => cpu::add::backward_of_part(plus, part, x),
                    (None, Some(x)) => cpu::relu::backward_of_part(x, part),
                    (None, None) => {}
                }
            };
            cpu::conv2d::backward_input(&self.dims, &m.real[self.w.0], &m.real[self.dy.0], &end, dx, &m.scratch);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let w = recorder.whole(self.w.0)?;
        let (dims, sizes) = (&self.dims, Sizes::of(&self.dims));
        for dx in recorder.parts(self.dx.0) {
            let dy = recorder.beside(self.dy.0, dx)?;
            // Where something is added, the mask comes after that.
            let rectified = self.rectified.filter(|_| self.plus.is_none());
            let x = rectified.map_or(Ok(dy), |x| recorder.beside(x.0, dx))?;
            let parameters = ProductParameters {
                rectified: u32::from(rectified.is_some()),
                pitch: sizes.cp as u32,
                ..parameters_of(dims, [dx.rows * dims.x.h * dims.x.w, dims.cg()], dims.r() * dims.s() * sizes.kr)
            };
            Product {
                pass: &BACKWARD_INPUT,
                parameters,
                runs: Runs { tiles: RUN, lanes: dims.s() * sizes.kr, stretch: sizes.kr },
                // Only output channels are loaded by tiles.
                aligned: begins_fours(dims.kg(), dims.groups),
                lanes: aligned(dims),
                bindings: &[(Buffer::X, x), (Buffer::W, w), (Buffer::DY, dy), (Buffer::RESULT, dx)],
            }
            .record(recorder)?;
        }
        if let Some(dy) = self.plus {
            add::Backward { dims: dims.x, dy, dx: self.dx, rectified: self.rectified }.record(recorder)?;
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
        if !self.biased {
            return;
        }
        memory.write_real(self.db.0, |m, db| {
            let dy = &m.real[self.dy.0];
            let backward_bias = |db: &mut [T]| cpu::conv2d::backward_bias(&self.dims, dy, db, &m.scratch);
            m.scratch.overwrite_or_add(self.accumulate, db, backward_bias);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let (to, db) = (recorder.whole(self.dw.target().0)?, recorder.whole(self.db.0)?);
        let (dims, sizes) = (&self.dims, Sizes::of(&self.dims));
        let (rows, pixels) = (dims.r() * dims.s() * sizes.stored, dims.p * dims.q);
        let segments = recorder.parts(self.dy.0);
        // A part of the sum has the gradient of the bias after its rows.
        let part = (rows + 1) * sizes.kp;
        // A processor has fewer cores than any product has tiles.
        let split = match recorder.limits().lanes && aligned(dims) {
            true => None,
            false => split::by_images(dims.x.n, [rows, dims.kg()], dims.groups, part * 4, &segments),
        };
        let parts = split.map_or(0, |images| dims.x.n.div_ceil(images));
        let applied = match self.dw.applied() {
            Some((rule, h)) => Some((rule, recorder.whole(h.0)?)),
            None => None,
        };
        // A batch in several segments sums all but the last into a tensor, or where there is none into scratch memory.
        let sums = match parts {
            0 if applied.is_none() || segments.len() == 1 => to,
            0 => recorder.scratch(rows * sizes.kp),
            _ => recorder.scratch(parts * part),
        };
        let run = weight_run(pixels).min(split.unwrap_or(usize::MAX)) * pixels;
        let of_weights = |parameters: ProductParameters| ProductParameters {
            row_period: sizes.stored as u32,
            row_real: dims.cg() as u32,
            pitch: sizes.kp as u32,
            sums_bias: 1,
            ..parameters
        };
        for (i, &dy) in segments.iter().enumerate() {
            let x = recorder.beside(self.x.0, dy)?;
            let mut parameters = ProductParameters {
                continued: u32::from(self.accumulate || i > 0),
                part_pitch: part as u32,
                b_pitch: sizes.kp as u32,
                ..of_weights(parameters_of(dims, [rows, dims.kg()], dy.rows * pixels))
            };
            if let Some(images) = split {
                parameters = parameters.in_parts_of(images * pixels, dy.first * pixels);
            }
            // Nothing is continued in the first segment; anything may be bound there.
            let partial = if i > 0 { sums } else { dy };
            let mut bindings = vec![(Buffer::X, x), (Buffer::DY, dy), (Buffer::DB, db)];
            let pass = match applied.filter(|_| parts == 0 && i + 1 == segments.len()) {
                Some((rule, h)) => {
                    parameters = parameters.following(&rule);
                    bindings.extend([(Buffer::PARTIAL, partial), (Buffer::RESULT, to), (Buffer::HISTORY, h)]);
                    &BACKWARD_WEIGHT_UPDATE
                }
                None => {
                    bindings.push((Buffer::RESULT, sums));
                    &BACKWARD_WEIGHT
                }
            };
            Product {
                pass,
                parameters,
                runs: Runs { tiles: run, lanes: pixels, stretch: pixels },
                aligned: aligned(dims),
                lanes: aligned(dims),
                bindings: &bindings,
            }
            .record(recorder)?;
        }
        if parts > 0 {
            let mut parameters = ProductParameters {
                parts: parts as u32,
                part_pitch: part as u32,
                continued: u32::from(self.accumulate),
                kp: sizes.kp as u32,
                ..of_weights(ProductParameters::of([rows, dims.k], 0))
            };
            let mut bindings = vec![(Buffer::PARTS, sums), (Buffer::RESULT, to), (Buffer::DB, db)];
            let mut pass = &BACKWARD_WEIGHT;
            if let Some((rule, h)) = applied {
                parameters = parameters.following(&rule);
                bindings.push((Buffer::HISTORY, h));
                pass = &BACKWARD_WEIGHT_UPDATE;
            }
            sum(recorder, pass, &parameters, sizes.kp, &bindings)?;
        }
        Ok(())
    }
}
