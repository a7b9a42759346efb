//! A fully connected layer with a bias, over the flattened input.

use super::{Depends, Io, KeptSpec, LayerKind, Mode, ParamSpec, Place, Wants, weight_and_bias};
use crate::{
    host::ImageDims,
    ops::{self, Op, OpsError, TensorShape, dense::DenseDims},
};
use serde::{Deserialize, Serialize};

/// `y = x w + b`, as PyTorch's `Flatten` and `Linear`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Output features.
    pub out_features: usize,
}

impl Dense {
    fn dims(&self, x: ImageDims) -> Result<DenseDims, OpsError> {
        if self.out_features == 0 {
            let (expected, got) = ("at least 1", "0".into());
            return Err(OpsError::Parameter { op: "dense", parameter: "out_features", expected, got });
        }
        Ok(DenseDims { x, k: self.out_features })
    }
}

impl LayerKind for Dense {
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
        let DenseDims { x, k } = self.dims(x[0])?;
        Ok(ParamSpec::product(TensorShape::Kernel { dims: [k, x.c, x.h, x.w], groups: 1 }, vec![k, x.features()]))
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
        let (w, b) = (io.params[0], Some(io.params[1]));
        Ok(vec![ops::dense::Forward { dims, x, w, b, y: io.y.0, relu: false }.into()])
    }
    fn backward(&self, io: &Io<'_>, wants: &Wants<'_>) -> Result<Vec<Op>, OpsError> {
        let (x, dims, dy) = (io.x[0].0, self.dims(io.x[0].1)?, wants.dy);
        let mut ops: Vec<Op> = Vec::new();
        if let Some(dx) = wants.dx[0] {
            ops.push(ops::dense::BackwardInput { dims, w: io.params[0], dy, dx, rectified: None }.into());
        }
        if let Some((dw, db)) = weight_and_bias(wants.params, io.kept) {
            ops.push(ops::dense::BackwardWeight { dims, x, dy, dw, db, accumulate: false }.into());
        }
        Ok(ops)
    }
}
