//! Average pooling: overlapping, padded, in ceil or floor mode, or over the whole image.

use super::{
    Absorbed, Cost, Epilogue, Operation, OpsError, Step, TensorId,
    pooling::{self, PoolParameters, parameters},
    relu,
};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, read, write},
    host::{AvgPoolDims, ImageDims, Real, Window},
};

/// The parameters of a pooling (PyTorch's `AvgPool2d`), height before width.
///
/// `y = sum of the window's pixels / divisor`. Padding is zero in the sum. Where it counts, the divisor is the number
/// of the window's taps over the padded image; where it does not, the number of those over the image. Taps past the
/// padding, which a window of a rounded-up output may have, never count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvgPool {
    /// Window height and width.
    pub kernel_size: [usize; 2],
    /// Steps down and across.
    pub stride: [usize; 2],
    /// Padding above and below, left and right.
    pub padding: [usize; 2],
    /// Whether the output size is rounded up.
    pub ceil_mode: bool,
    /// Whether taps in the padding count in the divisor.
    pub count_include_pad: bool,
}

impl AvgPool {
    /// One window over the whole image (PyTorch's `AdaptiveAvgPool2d(1)`).
    pub const fn global(x: ImageDims) -> Self {
        let size = [x.h, x.w];
        Self { kernel_size: size, stride: size, padding: [0; 2], ceil_mode: false, count_include_pad: true }
    }

    /// The dimensions over an input.
    pub fn dims(&self, x: ImageDims) -> Result<AvgPoolDims, OpsError> {
        let window = |axis: usize| Window::new(self.kernel_size[axis], self.stride[axis], self.padding[axis]);
        dims(x, [window(0), window(1)], self.ceil_mode, self.count_include_pad)
    }
}

/// The dimensions of a pooling whose windows may be dilated or padded unevenly.
pub fn dims(
    x: ImageDims,
    windows: [Window; 2],
    ceil_mode: bool,
    count_include_pad: bool,
) -> Result<AvgPoolDims, OpsError> {
    Ok(AvgPoolDims { pool: pooling::dims("avg_pool", x, windows, ceil_mode)?, count_include_pad })
}

/// Overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: AvgPoolDims,
    /// Input.
    pub x: TensorId,
    /// Output.
    pub y: TensorId,
}

/// Overwrites dx.
#[derive(Clone, Debug)]
pub struct Backward {
    /// Dimensions.
    pub dims: AvgPoolDims,
    /// Upstream gradient.
    pub dy: TensorId,
    /// Gradient of the input.
    pub dx: TensorId,
    /// The input, where it is the output of a rectifier: dx is 0 where it is not positive.
    pub rectified: Option<TensorId>,
}

fn cost(dims: &AvgPoolDims) -> Cost {
    let pool = &dims.pool;
    Cost { macs: 0, elements: (pool.x.n * (pool.x.features() + pool.y().features())) as u64 }
}

impl Operation for Forward {
    const STEM: &'static str = "avg_pool";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims)
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.y]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| cpu::avg_pool::forward(&self.dims, &m.real[self.x.0], y));
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for y in recorder.parts(self.y.0) {
            let x = recorder.beside(self.x.0, y)?;
            let parameters = parameters_of(&self.dims, y.rows * self.dims.pool.p * self.dims.pool.q);
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&FORWARD, &[], &parameters, &[read(x), write(y)], workgroups)?;
        }
        Ok(())
    }
}

impl Operation for Backward {
    const STEM: &'static str = "avg_pool";
    fn pass(&self) -> &'static str {
        "backward"
    }
    fn cost(&self) -> Cost {
        cost(&self.dims)
    }
    fn reads(&self) -> Vec<TensorId> {
        [self.dy].into_iter().chain(self.rectified).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.dx]
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        epilogue.masked(self.dx, &mut self.rectified)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::avg_pool::backward(&self.dims, &m.real[self.dy.0], dx);
            relu::mask(self.rectified, m, dx);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for dx in recorder.parts(self.dx.0) {
            let dy = recorder.beside(self.dy.0, dx)?;
            let mut parameters = parameters_of(&self.dims, dx.rows * self.dims.pool.x.h * self.dims.pool.x.w);
            parameters.rectified = u32::from(self.rectified.is_some());
            let x = self.rectified.map_or(Ok(dy), |x| recorder.beside(x.0, dx))?;
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&BACKWARD, &[], &parameters, &[read(dy), write(dx), read(x)], workgroups)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("avg_pool", ["grid", "rectifier", "pooling"]);
kernels! { SHADER, PoolParameters:
    FORWARD = "forward" [1 Read, 2 Write],
    BACKWARD = "backward" [1 Read, 2 Write, 3 Read],
}

fn parameters_of(dims: &AvgPoolDims, pixels: usize) -> PoolParameters {
    PoolParameters { include_pad: u32::from(dims.count_include_pad), ..parameters(&dims.pool, pixels) }
}
