//! What several commands share: an experiment with its plan, data and run directory.

use super::StudyArgs;
use crate::{
    protocol::{Experiment, Node, Plan, ProtocolError, source::Halves},
    report::multiply_adds,
};

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
    let Some(half) = halves.halves.get(&(node.split, node.target)) else { return Ok(0.0) };
    multiply_adds(experiment, node, half.classes, half.evaluate.len())
}

/// A network and what it derives from, parents first.
pub fn with_parents<'a>(plan: &'a Plan, node: &'a Node) -> Vec<&'a Node> {
    let mut wanted: Vec<&Node> = plan.nodes.iter().filter(|other| node.parents.contains(&other.name)).collect();
    wanted.push(node);
    wanted
}
