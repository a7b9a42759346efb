//! A grouped convolution, with or without a bias.

use super::{Depends, Io, KeptSpec, LayerKind, Mode, ParamSpec, Place, Wants, size, weight_and_bias};
use crate::{
    host::{ConvDims, ImageDims},
    ops::{self, Element, Op, OpsError, TensorShape},
};
use serde::{Deserialize, Serialize};

/// `y = conv(x, w) + b`, with the parameters of PyTorch's `Conv2d`, height before width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// Output channels.
    pub out_channels: usize,
    /// Kernel height and width.
    #[serde(with = "size")]
    pub kernel_size: [usize; 2],
    /// Steps down and across.
    #[serde(with = "size", default = "size::ones", skip_serializing_if = "size::are_ones")]
    pub stride: [usize; 2],
    /// Zeros above and below, left and right.
    #[serde(with = "size", default = "size::zeros", skip_serializing_if = "size::are_zeros")]
    pub padding: [usize; 2],
    /// Distances of taps.
    #[serde(with = "size", default = "size::ones", skip_serializing_if = "size::are_ones")]
    pub dilation: [usize; 2],
    /// Groups: each sees its share of the input channels only.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
    /// Whether a bias is added; in front of a batch normalisation it would make no difference.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub bias: bool,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_yes(bias: &bool) -> bool {
    *bias
}

const fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(groups: &usize) -> bool {
    *groups == 1
}

impl Conv2d {
    fn dims(&self, x: ImageDims) -> Result<ConvDims, OpsError> {
        let &Self { out_channels, kernel_size, stride, padding, dilation, groups, .. } = self;
        ops::conv2d::Conv2d { out_channels, kernel_size, stride, padding, dilation, groups }.dims(x)
    }
}

impl LayerKind for Conv2d {
    fn inputs(&self) -> usize {
        1
    }
    fn has_params(&self) -> bool {
        true
    }
    fn is_filled(&self) -> bool {
        true
    }
    fn output(&self, x: &[ImageDims]) -> Result<ImageDims, OpsError> {
        Ok(self.dims(x[0])?.y())
    }
    fn params(&self, x: &[ImageDims]) -> Result<Vec<ParamSpec>, OpsError> {
        let dims = self.dims(x[0])?;
        let kernel = [dims.k, dims.cg(), dims.r(), dims.s()];
        let mut params = ParamSpec::product(TensorShape::Kernel { dims: kernel, groups: dims.groups }, kernel.to_vec());
        params.truncate(1 + usize::from(self.bias));
        Ok(params)
    }
    fn keeps(&self, _: &[ImageDims]) -> Result<Vec<KeptSpec>, OpsError> {
        // On a GPU the operation sums the gradient of a bias whether there is one or not.
        let shape = TensorShape::Channels(self.out_channels);
        let sum = KeptSpec { suffix: "sum", element: Element::Real, shape };
        Ok(if self.bias { Vec::new() } else { vec![sum] })
    }
    fn depends_on(&self, _: Mode) -> Depends {
        Depends::Image
    }
    fn place(&self) -> Place {
        Place::Apart
    }
    fn forward(&self, io: &Io<'_>, _: Mode) -> Result<Vec<Op>, OpsError> {
        let (x, dims) = (io.x[0].0, self.dims(io.x[0].1)?);
        let (w, b) = (io.params[0], io.params.get(1).copied());
        Ok(vec![ops::conv2d::Forward { dims, x, w, b, y: io.y.0, relu: false }.into()])
    }
    fn backward(&self, io: &Io<'_>, wants: &Wants<'_>) -> Result<Vec<Op>, OpsError> {
        let (x, dims, dy) = (io.x[0].0, self.dims(io.x[0].1)?, wants.dy);
        let mut ops: Vec<Op> = Vec::new();
        if let Some(dx) = wants.dx[0] {
            ops.push(ops::conv2d::BackwardInput { dims, w: io.params[0], dy, dx, plus: None, rectified: None }.into());
        }
        if let Some((dw, db)) = weight_and_bias(wants.params, io.kept) {
            ops.push(ops::conv2d::BackwardWeight { dims, x, dy, dw, db, biased: self.bias, accumulate: false }.into());
        }
        Ok(ops)
    }
}
