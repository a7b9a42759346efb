//! A rectifier.

use super::{Depends, Io, KeptSpec, LayerKind, Mode, ParamSpec, Place, Wants};
use crate::{
    host::ImageDims,
    ops::{self, Op, OpsError},
};
use serde::{Deserialize, Serialize};

/// `y = max(x, 0)`. A product, a pooling, a normalisation or a sum before it may do that on the way to memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relu {}

impl LayerKind for Relu {
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
        Ok(x[0])
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
        Place::InPlace
    }
    fn forward(&self, io: &Io<'_>, _: Mode) -> Result<Vec<Op>, OpsError> {
        let (y, dims) = io.y;
        Ok(vec![ops::relu::Forward { dims, y }.into()])
    }
    fn backward(&self, io: &Io<'_>, wants: &Wants<'_>) -> Result<Vec<Op>, OpsError> {
        let (y, dims) = io.y;
        Ok(wants.dx[0].map(|dy| ops::relu::Backward { dims, y, dy }.into()).into_iter().collect())
    }
}
