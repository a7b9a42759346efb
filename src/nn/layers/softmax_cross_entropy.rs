//! What stands on the class scores of every net: softmax and cross-entropy, and the ranks of the true classes. Net
//! files do not name it.

use super::super::BuildOptions;
use crate::{
    host::ImageDims,
    ops::{Op, TensorId, softmax_cross_entropy, top_k},
};

/// The loss of a batch of class scores.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// Images and classes.
    pub dims: ImageDims,
    /// The class scores.
    pub logits: TensorId,
    /// The true classes.
    pub labels: TensorId,
    /// The loss of each image.
    pub loss: TensorId,
    /// The probabilities of the classes.
    pub prob: TensorId,
    /// How many classes come before the true one.
    pub rank: TensorId,
}

impl Loss {
    /// The loss of each image.
    pub fn forward(&self) -> Op {
        let &Self { dims: ImageDims { n, c: classes, .. }, logits, labels, loss, prob, .. } = self;
        softmax_cross_entropy::Forward { n, classes, logits, labels, loss, prob }.into()
    }

    /// The ranks of the true classes, for evaluations.
    pub fn ranks(&self) -> Op {
        let &Self { dims: ImageDims { n, c: classes, .. }, logits, labels, rank, .. } = self;
        top_k::Forward { n, classes, logits, labels, rank }.into()
    }

    /// The gradient of the mean over the whole batch, times the scale of the loss, with respect to the class scores.
    pub fn backward(&self, options: &BuildOptions, dx: TensorId) -> Op {
        let &Self { dims: ImageDims { n, c: classes, .. }, labels, prob, .. } = self;
        let weight = options.loss_scale / options.batch as f64;
        softmax_cross_entropy::Backward { n, classes, weight, prob, labels, dx }.into()
    }
}
