//! What several commands share: an experiment with its plan, data and run directory.

use super::StudyArgs;
use crate::protocol::{Experiment, Node, Plan, ProtocolError};

/// The experiment that the arguments name.
///
/// # Errors
/// An experiment that is not there or cannot be meant.
pub fn experiment(args: &StudyArgs) -> Result<Experiment, ProtocolError> {
    let mut overrides = args.overrides.clone();
    overrides.extend(args.precision.precision.map(|precision| format!("solver.precision={:?}", precision.name())));
    let experiment = Experiment::find(&args.experiment, &overrides)?;
    Ok(if args.quick { experiment.quick() } else { experiment })
}

/// A network and what it derives from, parents first.
pub fn with_parents<'a>(plan: &'a Plan, node: &'a Node) -> Vec<&'a Node> {
    let mut wanted: Vec<&Node> = plan.nodes.iter().filter(|other| node.parents.contains(&other.name)).collect();
    wanted.push(node);
    wanted
}
