//! The sum of two tensors, element by element: what ends a residual block.

use super::{Depends, Io, KeptSpec, LayerKind, Mode, ParamSpec, Place, Wants};
use crate::{
    host::ImageDims,
    ops::{self, Op, OpsError},
};
use serde::{Deserialize, Serialize};

/// `y = a + b`, for inputs of one shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {}

impl LayerKind for Add {
    fn inputs(&self) -> usize {
        2
    }
    fn has_params(&self) -> bool {
        false
    }
    fn is_filled(&self) -> bool {
        false
    }
    fn output(&self, x: &[ImageDims]) -> Result<ImageDims, OpsError> {
        if x[0] != x[1] {
            let [a, b] = [x[0], x[1]].map(|x| [x.c, x.h, x.w]);
            return Err(OpsError::Terms { a, b });
        }
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
        Place::Summed
    }
    fn forward(&self, io: &Io<'_>, _: Mode) -> Result<Vec<Op>, OpsError> {
        let (y, dims) = io.y;
        Ok(vec![ops::add::Forward { dims, a: io.x[0].0, b: Some(io.x[1].0), y, relu: false }.into()])
    }
    fn backward(&self, _: &Io<'_>, _: &Wants<'_>) -> Result<Vec<Op>, OpsError> {
        // The gradient of the sum is that of each term; where a term has other readers, too, the graph adds theirs.
        Ok(Vec::new())
    }
}
