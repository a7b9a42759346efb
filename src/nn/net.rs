//! A built net: a program with the numbers of its tensors.

use super::{NetDef, NnError};
use crate::{
    host::Stream,
    ops::{Executor, Program, TensorId},
};
use std::{collections::BTreeMap, sync::Arc};

/// The tape of one training step: input, forward with dropout, loss, backward, update. Where batches are computed in
/// parts, it is that of the first part, without the update.
pub const TRAIN: usize = 0;
/// The tape of an evaluation: input, forward without dropout, loss, ranks.
pub const EVAL: usize = 1;
/// The tape that looks for numbers that are none: it sets a word of [`Net::flags`] for each tensor of [`Net::watched`].
pub const WATCH: usize = 2;

/// The part of [`TRAIN`] below the first layer that learns or draws random numbers, where there is one:
/// it gives the same activations for an image at every step.
pub const PREFIX: usize = 3;
/// The rest of [`TRAIN`].
pub const ABOVE: usize = 4;

/// Where batches are computed in parts, [`TRAIN`] for a later part: it adds to the gradients of those before.
pub const NEXT: usize = 5;
/// The same for [`ABOVE`].
pub const ABOVE_NEXT: usize = 6;
/// The update behind the last part.
pub const UPDATE: usize = 7;

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
    /// Whether it is a layer's bias.
    pub is_bias: bool,
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
    /// Dropout masks to be given from outside, where the net was built so.
    pub masks: BTreeMap<String, TensorId>,
    /// The activation between [`PREFIX`] and [`ABOVE`], where the net has a frozen prefix.
    pub boundary: Option<TensorId>,
    /// The tensors that [`WATCH`] looks at, in the order in which a training step writes them, each with what it is
    /// in words: outputs upward, gradients downward, then weights and history.
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
        match init {
            Some(init) if param.is_bias => vec![init.bias as f32; len],
            Some(init) => init.weights(&param.shape, &stream(&param.name)),
            None => vec![0.0; len],
        }
    }
}
