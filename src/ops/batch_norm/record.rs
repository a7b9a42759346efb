//! The dispatches that the passes of a batch normalisation share.

use super::{BatchNormParameters, FORWARD, Gradients, SUM_SUMS, SUMS, Statistics};
use crate::{
    gpu::{GpuError, Part, Recorder, read, read_write, write},
    host::{BatchNormDims, Layout},
    ops::TensorId,
};

/// Pixels whose sums one invocation takes, as in the shader. Chunks never go beyond an image, so that dividing a tensor
/// by images does not change the order of any sum.
const CHUNK: usize = 32;

/// A normalisation on a gpu: sums of chunks go to scratch memory, two vectors a chunk and vector of channels, and after
/// them the sums over all chunks.
pub(super) struct OnGpu<'a> {
    dims: &'a BatchNormDims,
}

impl<'a> OnGpu<'a> {
    pub(super) fn new(recorder: &Recorder<'_>, dims: &'a BatchNormDims, x: TensorId) -> Result<Self, GpuError> {
        recorder.expect_row(x.0, dims.x.h * dims.x.w * Layout::VEC4.padded(dims.x.c))?;
        Ok(Self { dims })
    }

    /// Vectors of a pixel.
    pub(super) fn across(&self) -> usize {
        Layout::VEC4.padded(self.dims.x.c) / 4
    }

    /// Chunks of an image.
    fn strips(&self) -> usize {
        (self.dims.x.h * self.dims.x.w).div_ceil(CHUNK)
    }

    pub(super) fn scratch(&self, recorder: &mut Recorder<'_>) -> Part {
        let chunks = self.dims.x.n * self.strips();
        recorder.scratch((chunks + 1) * self.across() * 2 * 4)
    }

    /// The parameters for some images.
    pub(super) fn parameters(&self, part: Part) -> BatchNormParameters {
        let (dims, values) = (self.dims, self.dims.values() as f64);
        let pixels = dims.x.h * dims.x.w;
        BatchNormParameters {
            vectors: (part.rows * pixels * self.across()) as u32,
            across: self.across() as u32,
            channels: dims.x.c as u32,
            pixels: pixels as u32,
            strips: self.strips() as u32,
            chunks: (part.rows * self.strips()) as u32,
            first: (part.first * self.strips()) as u32,
            sums: (dims.x.n * self.strips() * self.across() * 2) as u32,
            plus: 0,
            rectified: 0,
            accumulate: 0,
            values: values as f32,
            unbiased: (values / (values - 1.0)) as f32,
            eps: dims.eps as f32,
            kept: (1.0 - dims.momentum) as f32,
            taken: dims.momentum as f32,
        }
    }

    /// The parameters for all images.
    pub(super) fn parameters_of_all(&self) -> BatchNormParameters {
        self.parameters(Part { tensor: 0, segment: 0, first: 0, rows: self.dims.x.n })
    }

    /// y = (x - mean) / sqrt(var + eps) * weight + bias, and `plus`.
    pub(super) fn normalise(
        &self,
        recorder: &mut Recorder<'_>,
        [x, y]: [TensorId; 2],
        statistics: Statistics,
        [weight, bias]: [TensorId; 2],
        plus: Option<TensorId>,
        relu: bool,
    ) -> Result<(), GpuError> {
        for y in recorder.parts(y.0) {
            let x = recorder.beside(x.0, y)?;
            // Where nothing is added anything may be bound.
            let other = plus.map_or(Ok(x), |plus| recorder.beside(plus.0, y))?;
            let [mean, var, weight, bias] =
                [statistics.mean, statistics.var, weight, bias].map(|id| recorder.whole(id.0));
            let bindings = [read(x), read(mean?), read(var?), read(weight?), read(bias?), read(other), write(y)];
            let (plus, rectified) = (u32::from(plus.is_some()), u32::from(relu));
            let parameters = BatchNormParameters { plus, rectified, ..self.parameters(y) };
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&FORWARD, &[], &parameters, &bindings, workgroups)?;
        }
        Ok(())
    }

    /// The sums of dy and of dy times the normalised x: to the gradients of scale and offset, and to scratch memory.
    pub(super) fn sums(
        &self,
        recorder: &mut Recorder<'_>,
        [x, dy]: [TensorId; 2],
        statistics: Statistics,
        params: Gradients,
    ) -> Result<Part, GpuError> {
        let scratch = self.scratch(recorder);
        let mean = recorder.whole(statistics.mean.0)?;
        for x in recorder.parts(x.0) {
            let dy = recorder.beside(dy.0, x)?;
            let parameters = self.parameters(x);
            let workgroups = u64::from((parameters.chunks * parameters.across).div_ceil(64));
            let bindings = [read(x), read(mean), read(dy), write(scratch)];
            recorder.dispatch(&SUMS, &[], &parameters, &bindings, workgroups)?;
        }
        let [var, dweight, dbias] = [statistics.var, params.weight, params.bias].map(|id| recorder.whole(id.0));
        let bindings = [read(var?), read_write(dweight?), read_write(dbias?), read_write(scratch)];
        let parameters = BatchNormParameters { accumulate: u32::from(params.accumulate), ..self.parameters_of_all() };
        recorder.dispatch(&SUM_SUMS, &[], &parameters, &bindings, self.across() as u64)?;
        Ok(scratch)
    }
}
