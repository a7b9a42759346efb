//! How a net is built.

use crate::{host::Precision, ops::sgd};

/// What a net reads.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    /// The first activation, written from outside.
    Activation,
    /// Stored bytes, cropped, mirrored and normalised on the device.
    Images {
        /// Height and width of stored images.
        stored: [usize; 2],
        /// Pixels of 0 around them on each side, into which windows may reach.
        padding: usize,
    },
}

/// How a net is built.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions {
    /// Images in one step.
    pub batch: usize,
    /// The parts in which the batch is computed, one after the other; a divisor of it. The gradients of the parts are
    /// added before the update, so that a step is that of the whole batch.
    pub parts: usize,
    /// What the net reads.
    pub input: Input,
    /// The momentum.
    pub momentum: f64,
    /// Whether it is Nesterov's.
    pub nesterov: bool,
    /// The weight decay.
    pub weight_decay: f64,
    /// Where the learning rate enters.
    pub convention: sgd::Convention,
    /// The precision of matrix products.
    pub precision: Precision,
    /// What the loss is multiplied with on its way back, a power of two: all gradients are so much larger, and steps
    /// are what they were, because updates divide by it. 1 where small gradients need no lift.
    pub loss_scale: f64,
    /// Whether gradients, and the outputs of all layers, are kept to be read. Otherwise the gradients of weights update
    /// the weights where they are computed, and those of activations share storage.
    pub keep_gradients: bool,
    /// Whether operations take on what others do to their results, on the way to memory. Results have the same bits
    /// without.
    pub fuse: bool,
}

impl BuildOptions {
    /// Whole batches of activations in `f32`, with the paper's momentum and decay, in Caffe's convention; no gradient
    /// is kept.
    pub const fn of(batch: usize) -> Self {
        Self {
            batch,
            parts: 1,
            input: Input::Activation,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 0.0005,
            convention: sgd::Convention::Caffe,
            precision: Precision::F32,
            loss_scale: 1.0,
            keep_gradients: false,
            fuse: true,
        }
    }
}
