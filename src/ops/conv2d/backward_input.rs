//! The gradient of a convolution with respect to its input.

use super::product_cost;
use crate::{
    cpu,
    gpu::{GpuError, Recorder},
    host::{ConvDims, Real},
    ops::{
        Absorbed, Cost, Epilogue, Operation, Step, TensorId, add,
        product::{
            Buffer, Product, ProductParameters, Runs,
            conv2d::{BACKWARD_INPUT, RUN, Sizes, aligned, begins_fours, parameters_of},
        },
    },
};

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
