//! The gradients of a fully connected layer with respect to its weights and its bias.

use super::DenseDims;
use crate::{
    cpu,
    gpu::{GpuError, Recorder},
    host::Real,
    ops::{
        Cost, Operation, Step, TensorId,
        product::{
            Buffer, ProductParameters,
            dense::{BACKWARD_WEIGHT, BACKWARD_WEIGHT_UPDATE, Sizes, WEIGHT_RUN, product},
        },
        sgd::Gradient,
    },
};

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
