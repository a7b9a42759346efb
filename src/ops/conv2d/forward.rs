//! The forward pass of a convolution.

use super::product_cost;
use crate::{
    cpu,
    gpu::{GpuError, Recorder},
    host::{ConvDims, Real},
    ops::{
        Absorbed, Cost, Epilogue, Operation, Step, TensorId,
        product::{
            Buffer, Product, ProductParameters, Runs,
            conv2d::{FORWARD, RUN, Sizes, aligned, parameters_of},
        },
    },
};

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
