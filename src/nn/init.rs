//! Initial weights.

use crate::host::Stream;
use serde::{Deserialize, Serialize};

/// How weights are filled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filler {
    /// Normal with mean 0 and this standard deviation, untruncated (Caffe's `gaussian`).
    Gaussian(f64),
    /// Normal with standard deviation `sqrt(2 / fan_in)` (He et al. 2015), fan_in being the inputs of one output.
    He,
}

impl Filler {
    /// The standard deviation for a fan-in.
    pub fn std(&self, fan_in: usize) -> f64 {
        match *self {
            Filler::Gaussian(std) => std,
            Filler::He => (2.0 / fan_in as f64).sqrt(),
        }
    }
}

/// How one layer's weights and bias start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Init {
    /// The weights.
    pub weight: Filler,
    /// Every value of the bias.
    pub bias: f64,
}

impl Init {
    /// The initial weights of an OIHW shape.
    pub fn weights(&self, shape: &[usize], stream: &Stream) -> Vec<f32> {
        let fan_in: usize = shape[1..].iter().product();
        stream.normal(shape.iter().product(), self.weight.std(fan_in))
    }
}
