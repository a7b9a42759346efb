//! A local response normalisation across channels.

use super::{Depends, Io, KeptSpec, LayerKind, Mode, ParamSpec, Place, Wants};
use crate::{
    host::{ImageDims, LrnDims},
    ops::{self, Op, OpsError},
};
use serde::{Deserialize, Serialize};

/// `y = x (k + alpha / size * sum of the squares of `size` channels around)^-beta`, with Caffe's parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lrn {
    /// Channels in the window, odd.
    pub size: usize,
    /// The weight of the squares, before the division by `size`.
    pub alpha: f64,
    /// The exponent.
    pub beta: f64,
    /// The constant.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub k: f64,
}

const fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(k: &f64) -> bool {
    *k == 1.0
}

impl Lrn {
    fn dims(&self, x: ImageDims) -> Result<LrnDims, OpsError> {
        let &Self { size, alpha, beta, k } = self;
        ops::lrn::Lrn { size, alpha, beta, k }.dims(x)
    }
}

impl LayerKind for Lrn {
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
        Ok(self.dims(x[0])?.x)
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
        Ok(vec![ops::lrn::Forward { dims, x, y: io.y.0 }.into()])
    }
    fn backward(&self, io: &Io<'_>, wants: &Wants<'_>) -> Result<Vec<Op>, OpsError> {
        let (x, dims, dy) = (io.x[0].0, self.dims(io.x[0].1)?, wants.dy);
        let op = wants.dx[0].map(|dx| ops::lrn::Backward { dims, x, dy, dx, rectified: false }.into());
        Ok(op.into_iter().collect())
    }
}
