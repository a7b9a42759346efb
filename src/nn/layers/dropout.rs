//! Dropout: active in training only, also where the layers around it are frozen.

use super::{Depends, Io, KeptSpec, LayerKind, Mode, ParamSpec, Place, Wants};
use crate::{
    host::ImageDims,
    ops::{
        Op, OpsError, TensorId,
        dropout::{Apply, Mask},
    },
};
use serde::{Deserialize, Serialize};

/// `y = x / (1 - ratio)` where an element is kept, else 0; in evaluations `y = x`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// The share of elements that are dropped.
    pub ratio: f64,
}

impl Dropout {
    fn apply(&self, io: &Io<'_>, x: TensorId) -> Vec<Op> {
        vec![Apply { dims: io.y.1, ratio: self.ratio, mask: Mask::Drawn { layer: io.drawing }, x }.into()]
    }
}

impl LayerKind for Dropout {
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
        if !(0.0..1.0).contains(&self.ratio) {
            let (expected, got) = ("at least 0 and below 1", self.ratio.to_string());
            return Err(OpsError::Parameter { op: "dropout", parameter: "ratio", expected, got });
        }
        Ok(x[0])
    }
    fn params(&self, _: &[ImageDims]) -> Result<Vec<ParamSpec>, OpsError> {
        Ok(Vec::new())
    }
    fn keeps(&self, _: &[ImageDims]) -> Result<Vec<KeptSpec>, OpsError> {
        Ok(Vec::new())
    }
    fn depends_on(&self, mode: Mode) -> Depends {
        match mode {
            Mode::Training => Depends::Random,
            Mode::Evaluation => Depends::Image,
        }
    }
    fn place(&self) -> Place {
        Place::InPlace
    }
    fn forward(&self, io: &Io<'_>, mode: Mode) -> Result<Vec<Op>, OpsError> {
        Ok(match mode {
            Mode::Training => self.apply(io, io.y.0),
            Mode::Evaluation => Vec::new(),
        })
    }
    fn backward(&self, io: &Io<'_>, wants: &Wants<'_>) -> Result<Vec<Op>, OpsError> {
        // The mask is drawn again, from the same stream.
        Ok(wants.dx[0].map_or_else(Vec::new, |dy| self.apply(io, dy)))
    }
}
