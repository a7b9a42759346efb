//! An average pooling.

use super::{Depends, Io, KeptSpec, LayerKind, Mode, ParamSpec, Place, Wants, size};
use crate::{
    host::{AvgPoolDims, ImageDims},
    ops::{self, Op, OpsError},
};
use serde::{Deserialize, Serialize};

/// `y = mean of each window of x`, with the parameters of PyTorch's `AvgPool2d`, height before width; or the mean of
/// each channel (its `AdaptiveAvgPool2d(1)`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvgPool {
    /// Whether there is one window, the whole image: then there are no other keys.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub global: bool,
    /// Window height and width.
    #[serde(with = "size", default = "size::zeros", skip_serializing_if = "size::are_zeros")]
    pub kernel_size: [usize; 2],
    /// Steps down and across.
    #[serde(with = "size", default = "size::zeros", skip_serializing_if = "size::are_zeros")]
    pub stride: [usize; 2],
    /// Padding above and below, left and right, of zeros.
    #[serde(with = "size", default = "size::zeros", skip_serializing_if = "size::are_zeros")]
    pub padding: [usize; 2],
    /// Whether the output size is rounded up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ceil_mode: bool,
    /// Whether padding counts in the divisor.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub count_include_pad: bool,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_yes(value: &bool) -> bool {
    *value
}

impl AvgPool {
    /// One window over the whole image.
    pub const fn whole() -> Self {
        let zeros = size::zeros();
        Self {
            global: true,
            kernel_size: zeros,
            stride: zeros,
            padding: zeros,
            ceil_mode: false,
            count_include_pad: true,
        }
    }

    fn dims(&self, x: ImageDims) -> Result<AvgPoolDims, OpsError> {
        let &Self { global, kernel_size, stride, padding, ceil_mode, count_include_pad } = self;
        if !global {
            return ops::avg_pool::AvgPool { kernel_size, stride, padding, ceil_mode, count_include_pad }.dims(x);
        }
        if *self != Self::whole() {
            let (expected, got) = ("no kernel_size, stride, padding or mode beside it", "true".into());
            return Err(OpsError::Parameter { op: "avg_pool", parameter: "global", expected, got });
        }
        ops::avg_pool::AvgPool::global(x).dims(x)
    }
}

impl LayerKind for AvgPool {
    fn inputs(&self) -> usize {
        1
    }
    fn has_params(&self) -> bool {
        false
    }
    fn is_filled(&self) -> bool {
        false
    }
    fn output(&self, x: &[ImageDims]) -> Result<ImageDims, OpsError> {
        Ok(self.dims(x[0])?.pool.y())
    }
    fn params(&self, _: &[ImageDims]) -> Result<Vec<ParamSpec>, OpsError> {
        Ok(Vec::new())
    }
    fn keeps(&self, _: &[ImageDims]) -> Result<Vec<KeptSpec>, OpsError> {
        Ok(Vec::new())
    }
    fn depends_on(&self, _: Mode) -> Depends {
        Depends::Image
    }
    fn place(&self) -> Place {
        Place::Apart
    }
    fn forward(&self, io: &Io<'_>, _: Mode) -> Result<Vec<Op>, OpsError> {
        let (x, dims) = (io.x[0].0, self.dims(io.x[0].1)?);
        Ok(vec![ops::avg_pool::Forward { dims, x, y: io.y.0 }.into()])
    }
    fn backward(&self, io: &Io<'_>, wants: &Wants<'_>) -> Result<Vec<Op>, OpsError> {
        let (dims, dy) = (self.dims(io.x[0].1)?, wants.dy);
        let op = wants.dx[0].map(|dx| ops::avg_pool::Backward { dims, dy, dx, rectified: None }.into());
        Ok(op.into_iter().collect())
    }
}
