//! What a network costs: counted, not measured.

use crate::{
    nn::{ABOVE, BuildOptions, EVAL, Input, Net, TRAIN},
    protocol::{Experiment, Node, ProtocolError, node::net_of},
    train::batches::Augmentation,
};

/// Multiply-adds of a network's whole training and of its evaluations on `images` images of `classes` classes.
///
/// Where the activations below a frozen boundary are kept, which they are without augmentation, only what lies
/// above counts in training; filling them once is left out, since networks may share them.
///
/// # Errors
/// A net that cannot be built.
pub fn multiply_adds(
    experiment: &Experiment,
    node: &Node,
    classes: usize,
    images: usize,
) -> Result<f64, ProtocolError> {
    let solver = &experiment.solver;
    let options = BuildOptions {
        batch: solver.batch_size,
        input: Input::Activation,
        momentum: solver.momentum,
        weight_decay: solver.weight_decay,
        convention: solver.convention,
        given_masks: false,
    };
    let net = Net::build(&net_of(experiment, node, classes)?, options)?;
    let evaluations = experiment.protocol.evaluations * images.div_ceil(solver.batch_size) as u64;
    let cached = net.boundary.is_some() && experiment.data.augmentation == Augmentation::None;
    let tape = if cached { ABOVE } else { TRAIN };
    Ok((net.program.macs(tape) * solver.max_iter + net.program.macs(EVAL) * evaluations) as f64)
}
