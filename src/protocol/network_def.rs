//! The net of one network.

use super::{Experiment, Node, ProtocolError};
use crate::nn::NetDef;

/// The net of a node: frozen, cut where it is a probe, and with the outputs of its half.
///
/// # Errors
/// A net that is not there, n that it does not have.
pub fn net_of(experiment: &Experiment, node: &Node, classes: usize) -> Result<NetDef, ProtocolError> {
    let outputs = if experiment.net.outputs == 0 { classes } else { experiment.net.outputs };
    let mut def = experiment.net.def()?.with_classes(outputs)?;
    if let (true, Some(n)) = (node.arm.is_probe(), node.n) {
        return Ok(def.probe(n)?);
    }
    if let (true, Some(n)) = (node.arm.freezes(), node.n) {
        def.freeze(n)?;
    }
    Ok(def)
}
