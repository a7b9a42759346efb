//! The gradient of a fully connected layer with respect to its input.

use super::DenseDims;
use crate::{
    cpu,
    gpu::{GpuError, Recorder},
    host::Real,
    ops::{
        Absorbed, Cost, Epilogue, Operation, Step, TensorId,
        product::{
            Buffer, ProductParameters,
            dense::{BACKWARD_INPUT, RUN, Sizes, chunks, product, split},
            sum,
        },
        relu,
    },
};

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
