//! The memory that the networks of an experiment need on a device.

use super::Options;
use crate::{
    cli::{device, output::note, study},
    nn::{Net, memory_plan},
    protocol::{Plan, half_sizes::HalfSizes, network_def::net_of},
};
use anyhow::Result;
use std::io::Write;

/// Prints what one network of each kind needs.
///
/// # Errors
/// A device that is not there; images that are missing; a net that cannot be built.
pub(super) fn print(options: &Options, out: &mut impl Write) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    let device = device::open(&options.device.device, experiment.solver.precision)?;
    let halves = HalfSizes::of(&experiment)?;
    halves.taken.iter().for_each(|line| note!("{line}"));
    let plan = Plan::of(&experiment);
    writeln!(out, "device: {}", device.describe())?;
    let mut seen = Vec::new();
    for node in &plan.nodes {
        let kind = (node.arm.is_probe(), node.n.filter(|_| node.arm.freezes()));
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let input = halves.input(&experiment);
        let classes = halves.size_of(&experiment, node)?.classes();
        let net = Net::build(&net_of(&experiment, node, classes)?, experiment.solver.building(input))?;
        writeln!(out, "\n{} and networks like it", node.name)?;
        write!(out, "{}", memory_plan::describe(&net, device.layout()))?;
    }
    Ok(())
}
