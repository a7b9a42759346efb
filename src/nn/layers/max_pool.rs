//! A max pooling.

use super::{Depends, Io, KeptSpec, LayerKind, Mode, ParamSpec, Place, Wants, size};
use crate::{
    host::{ImageDims, PoolDims},
    ops::{self, Element, Op, OpsError, TensorShape},
};
use serde::{Deserialize, Serialize};

/// `y = max of each window of x`, with the parameters of PyTorch's `MaxPool2d`, height before width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPool {
    /// Window height and width.
    #[serde(with = "size")]
    pub kernel_size: [usize; 2],
    /// Steps down and across.
    #[serde(with = "size")]
    pub stride: [usize; 2],
    /// Padding above and below, left and right; it never wins.
    #[serde(with = "size", default = "size::zeros", skip_serializing_if = "size::are_zeros")]
    pub padding: [usize; 2],
    /// Whether the output size is rounded up, as in Caffe.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ceil_mode: bool,
}

impl MaxPool {
    fn dims(&self, x: ImageDims) -> Result<PoolDims, OpsError> {
        let &Self { kernel_size, stride, padding, ceil_mode } = self;
        ops::max_pool::MaxPool { kernel_size, stride, padding, ceil_mode }.dims(x)
    }
}

impl LayerKind for MaxPool {
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
        Ok(self.dims(x[0])?.y())
    }
    fn params(&self, _: &[ImageDims]) -> Result<Vec<ParamSpec>, OpsError> {
        Ok(Vec::new())
    }
    fn keeps(&self, x: &[ImageDims]) -> Result<Vec<KeptSpec>, OpsError> {
        let shape = TensorShape::Activation(self.dims(x[0])?.y());
        Ok(vec![KeptSpec { suffix: "argmax", element: Element::Word, shape }])
    }
    fn depends_on(&self, _: Mode) -> Depends {
        Depends::Image
    }
    fn place(&self) -> Place {
        Place::Apart
    }
    fn forward(&self, io: &Io<'_>, _: Mode) -> Result<Vec<Op>, OpsError> {
        let (x, dims) = (io.x[0].0, self.dims(io.x[0].1)?);
        Ok(vec![ops::max_pool::Forward { dims, x, y: io.y.0, argmax: io.kept[0] }.into()])
    }
    fn backward(&self, io: &Io<'_>, wants: &Wants<'_>) -> Result<Vec<Op>, OpsError> {
        let (dims, argmax, dy) = (self.dims(io.x[0].1)?, io.kept[0], wants.dy);
        let op = wants.dx[0].map(|dx| ops::max_pool::Backward { dims, argmax, dy, dx, rectified: None }.into());
        Ok(op.into_iter().collect())
    }
}
