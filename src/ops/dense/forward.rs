//! The forward pass of a fully connected layer.

use super::DenseDims;
use crate::{
    cpu,
    gpu::{GpuError, Recorder},
    host::Real,
    ops::{
        Absorbed, Cost, Epilogue, Operation, Step, TensorId,
        product::{
            Buffer, ProductParameters,
            dense::{FORWARD, RUN, Sizes, chunks, product, split},
            sum,
        },
    },
};

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
