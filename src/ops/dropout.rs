//! Dropout, in place; the same call serves both directions.

use super::{Absorbed, Cost, Epilogue, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, read_write},
    host::{ImageDims, Layout, Real},
};

/// Where the mask comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Drawn from the step's stream, again in the backward pass, and never stored.
    Drawn {
        /// The layer's number.
        layer: u32,
    },
    /// Words, 0 where an element is dropped: for checks against other implementations.
    Given(TensorId),
}

/// `x = x / (1 - ratio)` where the mask keeps, else 0; overwrites x.
#[derive(Clone, Debug)]
pub struct Apply {
    /// Dimensions.
    pub dims: ImageDims,
    /// The share of elements that are dropped, in [0, 1).
    pub ratio: f64,
    /// Where the mask comes from.
    pub mask: Mask,
    /// The activation, or in the backward pass its gradient.
    pub x: TensorId,
}

impl Operation for Apply {
    const STEM: &'static str = "dropout";
    fn pass(&self) -> &'static str {
        match self.mask {
            Mask::Drawn { .. } => "apply",
            Mask::Given(_) => "apply_given",
        }
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: 2 * (self.dims.n * self.dims.features()) as u64 }
    }
    fn reads(&self) -> Vec<TensorId> {
        match self.mask {
            Mask::Given(mask) => vec![self.x, mask],
            Mask::Drawn { .. } => vec![self.x],
        }
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.x]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        match epilogue {
            // Both only scale an element or make it zero, and what dropout has left positive was positive.
            Epilogue::Mask { dy, .. } if dy == self.x => Absorbed::Passed,
            _ => Absorbed::Refused,
        }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, step: &Step) {
        match self.mask {
            Mask::Drawn { layer } => {
                let first = u64::from(step.first_image) * self.dims.features() as u64;
                let draw = cpu::dropout::Draw { stream: step.dropout, layer, step: step.iteration, first };
                cpu::dropout::apply(&draw, self.ratio, &mut memory.real[self.x.0]);
            }
            Mask::Given(mask) => {
                memory.write_real(self.x.0, |m, x| cpu::dropout::apply_given(&m.words[mask.0], self.ratio, x));
            }
        }
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let features = self.dims.features();
        for x in recorder.parts(self.x.0) {
            let (first, end) = (x.first * features, (x.first + x.rows) * features);
            let mut parameters = DropoutParameters {
                first: first as u32,
                end: end as u32,
                channels: self.dims.c as u32,
                padded: Layout::VEC4.padded(self.dims.c) as u32,
                mask_channels: 0,
                threshold: cpu::dropout::threshold(self.ratio),
                scale: (1.0 / (1.0 - self.ratio)) as f32,
                layer: 0,
                features: features as u32,
            };
            // Blocks of four elements, as the generator gives them, may begin up to three elements before the segment.
            let workgroups = (end - first + 3).div_ceil(4).div_ceil(64) as u64;
            match self.mask {
                Mask::Drawn { layer } => {
                    parameters.layer = layer;
                    recorder.dispatch(&APPLY, &[], &parameters, &[read_write(x)], workgroups)?;
                }
                Mask::Given(mask) => {
                    // The mask's rows may be padded like the activation's, or not.
                    parameters.mask_channels = (recorder.row_elements(mask.0) / (self.dims.h * self.dims.w)) as u32;
                    let bindings = [read_write(x), read(recorder.beside(mask.0, x)?)];
                    recorder.dispatch(&APPLY_GIVEN, &[], &parameters, &bindings, workgroups)?;
                }
            }
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("dropout", ["grid", "philox", "step"]);
parameters! {
    /// The parameters of both kernels.
    struct DropoutParameters {
        first: u32, end: u32, channels: u32, padded: u32, mask_channels: u32, threshold: u32, scale: f32, layer: u32,
        features: u32,
    }
}
kernels! { SHADER, DropoutParameters:
    APPLY = "apply" [1 ReadWrite, 2 Step],
    APPLY_GIVEN = "apply_given" [1 ReadWrite, 2 Read],
}
