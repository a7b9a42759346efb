//! A built net: a program with the numbers of its tensors.

use super::{NetDef, NnError, ParamRole};
use crate::{
    host::Stream,
    ops::{Executor, Program, TensorId},
};
use std::{collections::BTreeMap, sync::Arc};

/// A parameter of a net.
#[derive(Clone, Debug)]
pub struct Param {
    /// The name, such as `conv1.weight`.
    pub name: String,
    /// The layer.
    pub layer: String,
    /// The outer shape: OIHW or `[out, in]` for weights, `[out]` for a bias.
    pub shape: Vec<usize>,
    /// The tensor.
    pub w: TensorId,
    /// Its gradient, where it is kept: weights' gradients may update them where they are computed.
    pub g: Option<TensorId>,
    /// The optimiser's history, where it learns.
    pub h: Option<TensorId>,
    /// What it is.
    pub role: ParamRole,
    /// The value that it starts at where no filler draws it.
    pub starts_at: Option<f64>,
}

impl Param {
    /// Whether it is a layer's bias.
    pub fn is_bias(&self) -> bool {
        self.role == ParamRole::Bias
    }
}

/// A built net.
#[derive(Clone, Debug)]
pub struct Net {
    /// The description.
    pub def: NetDef,
    /// Images that the tapes compute at once: those of one step, or of a part of it.
    pub batch: usize,
    /// Tensors and tapes.
    pub program: Arc<Program>,
    /// Stored images, crops, mean and scale, where the net reads images.
    pub images: Option<[TensorId; 4]>,
    /// The first activation.
    pub x: TensorId,
    /// The true classes.
    pub labels: TensorId,
    /// The class scores.
    pub logits: TensorId,
    /// The loss of each image.
    pub loss: TensorId,
    /// Classes that come before the true one, for each image.
    pub rank: TensorId,
    /// The parameters, from the input up.
    pub params: Vec<Param>,
    /// The tensor that holds each layer's output, and, where a backward pass writes it, its gradient.
    pub outputs: BTreeMap<String, (TensorId, Option<TensorId>)>,
    /// The activation between [`super::Tape::Prefix`] and [`super::Tape::Above`], where the net has a frozen prefix.
    pub boundary: Option<TensorId>,
    /// The tensors that [`super::Tape::Watch`] looks at, in the order in which a training step writes them, each with
    /// what it is in words: outputs upward, gradients downward, then weights and history.
    pub watched: Vec<(TensorId, String)>,
    /// A word for each of them.
    pub flags: TensorId,
    /// What freezing removed from a training step, in words.
    pub removed: Vec<String>,
}

impl Net {
    /// How many class scores an image gets.
    pub fn classes(&self) -> usize {
        self.program.tensors[self.logits.0].shape.len() / self.batch
    }

    /// The tensor of a layer's output.
    ///
    /// # Errors
    /// No such layer, with the nearest name.
    pub fn output(&self, layer: &str) -> Result<TensorId, NnError> {
        self.outputs.get(layer).map(|(output, _)| *output).ok_or_else(|| {
            let distance = |known: &&String| strsim::damerau_levenshtein(known, layer);
            let nearest = self.outputs.keys().min_by_key(distance).cloned().unwrap_or_default();
            NnError::UnknownLayer { net: self.def.name.clone(), layer: layer.into(), nearest }
        })
    }

    /// Writes fresh initial weights: the parameter `name` is drawn from the stream `stream(name)`.
    ///
    /// # Errors
    /// An error of the device.
    pub fn initialise(&self, executor: &mut Executor, stream: impl Fn(&str) -> Stream) -> Result<(), NnError> {
        for param in &self.params {
            let values = self.initial(param, &stream);
            executor.write(param.w, &values)?;
        }
        Ok(())
    }

    /// The initial values of one parameter.
    pub fn initial(&self, param: &Param, stream: impl Fn(&str) -> Stream) -> Vec<f32> {
        let init = self.def.layers.iter().find(|l| l.name == param.layer).and_then(|l| l.init);
        let len = param.shape.iter().product();
        if let Some(value) = param.starts_at {
            return vec![value as f32; len];
        }
        match init {
            Some(init) if param.is_bias() => vec![init.bias as f32; len],
            Some(init) => init.weights(&param.shape, &stream(&param.name)),
            None => vec![0.0; len],
        }
    }
}
