//! What several commands share: an experiment with its plan, data and run directory.

use super::StudyArgs;
use crate::protocol::{Experiment, Node, Plan, ProtocolError, source::Halves};

/// The experiment that the arguments name.
///
/// # Errors
/// An experiment that is not there or cannot be meant.
pub fn experiment(args: &StudyArgs) -> Result<Experiment, ProtocolError> {
    let experiment = Experiment::find(&args.experiment, &args.overrides)?;
    Ok(if args.quick { experiment.quick() } else { experiment })
}

/// Multiply-adds of a network's whole training and evaluation: the weight of its progress.
///
/// # Errors
/// A net that cannot be built.
pub fn work(experiment: &Experiment, node: &Node, halves: &Halves) -> Result<f64, ProtocolError> {
    use crate::{
        nn::{ABOVE, BuildOptions, EVAL, Input, Net, TRAIN},
        protocol::node::net_of,
        train::batches::Augmentation,
    };
    let Some(half) = halves.halves.get(&(node.split, node.target)) else { return Ok(0.0) };
    let solver = &experiment.solver;
    let options = BuildOptions {
        batch: solver.batch_size,
        input: Input::Activation,
        momentum: solver.momentum,
        weight_decay: solver.weight_decay,
        convention: solver.convention,
        given_masks: false,
    };
    let net = Net::build(&net_of(experiment, node, half.classes)?, options)?;
    let evaluations = experiment.protocol.evaluations * half.evaluate.len().div_ceil(solver.batch_size) as u64;
    // A frozen prefix runs once an image where its activations are cached, which is what small studies do.
    let cached = net.boundary.is_some() && experiment.data.augmentation == Augmentation::None;
    let tape = if cached { ABOVE } else { TRAIN };
    let macs = net.program.macs(tape) * solver.max_iter + net.program.macs(EVAL) * evaluations;
    Ok(macs as f64)
}

/// A network and what it derives from, parents first.
pub fn with_parents<'a>(plan: &'a Plan, node: &'a Node) -> Vec<&'a Node> {
    let mut wanted: Vec<&Node> = plan.nodes.iter().filter(|other| node.parents.contains(&other.name)).collect();
    wanted.push(node);
    wanted
}
