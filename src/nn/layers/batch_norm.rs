//! A batch normalisation.

use super::{Depends, Io, KeptSpec, LayerKind, Mode, ParamRole, ParamSpec, Place, Wants};
use crate::{
    host::{BatchNormDims, ImageDims},
    ops::{
        self, Element, Op, OpsError, TensorShape,
        batch_norm::{Gradients, Statistics},
        sgd::Gradient,
    },
};
use serde::{Deserialize, Serialize};

/// `y = (x - mean) / sqrt(var + eps) * weight + bias` a channel, with the parameters of PyTorch's `BatchNorm2d`.
///
/// Where the layer learns, a training step takes mean and variance of the batch, or of its part of one, and the running
/// ones follow them: `running = (1 - momentum) running + momentum batch`, with the unbiased variance. In an evaluation
/// and where the layer is frozen, the running ones are constants, and keep their bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm {
    /// What is added to the variance below the root.
    #[serde(default = "usual_eps", skip_serializing_if = "is_usual_eps")]
    pub eps: f64,
    /// The share of the batch in the running statistics.
    #[serde(default = "usual_momentum", skip_serializing_if = "is_usual_momentum")]
    pub momentum: f64,
}

const fn usual_eps() -> f64 {
    1e-5
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_usual_eps(eps: &f64) -> bool {
    *eps == usual_eps()
}

const fn usual_momentum() -> f64 {
    0.1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_usual_momentum(momentum: &f64) -> bool {
    *momentum == usual_momentum()
}

impl Default for BatchNorm {
    /// PyTorch's.
    fn default() -> Self {
        Self { eps: usual_eps(), momentum: usual_momentum() }
    }
}

impl BatchNorm {
    fn norm(&self) -> Result<ops::batch_norm::BatchNorm, OpsError> {
        let &Self { eps, momentum } = self;
        if eps == 0.0 {
            let (expected, got) = ("above 0: a channel of one value would be divided by 0", "0".into());
            return Err(OpsError::Parameter { op: "batch_norm", parameter: "eps", expected, got });
        }
        Ok(ops::batch_norm::BatchNorm { eps, momentum })
    }

    fn dims(&self, x: ImageDims) -> Result<BatchNormDims, OpsError> {
        self.norm()?.dims(x)
    }
}

fn statistics(tensors: &[ops::TensorId]) -> Statistics {
    Statistics { mean: tensors[0], var: tensors[1] }
}

impl LayerKind for BatchNorm {
    fn inputs(&self) -> usize {
        1
    }
    fn has_params(&self) -> bool {
        true
    }
    fn is_filled(&self) -> bool {
        false
    }
    fn output(&self, x: &[ImageDims]) -> Result<ImageDims, OpsError> {
        Ok(self.dims(x[0])?.x)
    }
    fn params(&self, x: &[ImageDims]) -> Result<Vec<ParamSpec>, OpsError> {
        let channels = self.dims(x[0])?.x.c;
        let spec = |suffix, role, starts_at| ParamSpec {
            suffix,
            role,
            shape: TensorShape::Channels(channels),
            outer: vec![channels],
            applies: false,
            starts_at: Some(starts_at),
        };
        Ok(vec![
            spec("weight", ParamRole::Weight, 1.0),
            spec("bias", ParamRole::Bias, 0.0),
            spec("running_mean", ParamRole::Statistic, 0.0),
            spec("running_var", ParamRole::Statistic, 1.0),
        ])
    }
    fn keeps(&self, x: &[ImageDims]) -> Result<Vec<KeptSpec>, OpsError> {
        let shape = TensorShape::Channels(self.dims(x[0])?.x.c);
        Ok(["batch_mean", "batch_var"].map(|suffix| KeptSpec { suffix, element: Element::Real, shape }).into())
    }
    fn depends_on(&self, mode: Mode) -> Depends {
        match mode {
            Mode::Training => Depends::Batch,
            Mode::Evaluation => Depends::Image,
        }
    }
    fn place(&self) -> Place {
        Place::Apart
    }
    fn forward(&self, io: &Io<'_>, mode: Mode) -> Result<Vec<Op>, OpsError> {
        let (x, image) = io.x[0];
        let (weight, bias, running, y) = (io.params[0], io.params[1], statistics(&io.params[2..]), io.y.0);
        if mode == Mode::Evaluation {
            let dims = self.dims(image)?;
            let op = ops::batch_norm::ForwardEvaluation { dims, x, weight, bias, running, plus: None, y, relu: false };
            return Ok(vec![op.into()]);
        }
        let (dims, batch) = (self.norm()?.training_dims(image)?, statistics(io.kept));
        Ok(vec![ops::batch_norm::Forward { dims, x, weight, bias, batch, running, plus: None, y, relu: false }.into()])
    }
    fn backward(&self, io: &Io<'_>, wants: &Wants<'_>) -> Result<Vec<Op>, OpsError> {
        let ((x, image), weight, dy, dx) = (io.x[0], io.params[0], wants.dy, wants.dx[0]);
        let params = match wants.params {
            Some(&[Gradient::Kept(weight), Gradient::Kept(bias)]) => {
                Some(Gradients { weight, bias, accumulate: false })
            }
            _ => None,
        };
        let (batch, running) = (statistics(io.kept), statistics(&io.params[2..]));
        Ok(match (params, dx) {
            // What does not learn has normalised by constants.
            (None, None) => Vec::new(),
            (None, Some(_)) => {
                let dims = self.dims(image)?;
                let op =
                    ops::batch_norm::BackwardEvaluation { dims, x, weight, running, dy, params, dx, rectified: false };
                vec![op.into()]
            }
            (Some(params), dx) => {
                let dims = self.norm()?.training_dims(image)?;
                vec![ops::batch_norm::Backward { dims, x, weight, batch, dy, params, dx, rectified: false }.into()]
            }
        })
    }
}
