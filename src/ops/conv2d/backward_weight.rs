//! The gradients of a convolution with respect to its weights and its bias.

use super::product_cost;
use crate::{
    cpu,
    gpu::{GpuError, Recorder},
    host::{ConvDims, Real},
    ops::{
        Cost, Operation, Step, TensorId,
        product::{
            Buffer, Product, ProductParameters, Runs,
            conv2d::{BACKWARD_WEIGHT, BACKWARD_WEIGHT_UPDATE, Sizes, aligned, parameters_of, weight_run},
            split, sum,
        },
        sgd::Gradient,
    },
};

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
