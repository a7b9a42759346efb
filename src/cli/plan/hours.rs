//! How long a plan takes at a measured speed, on one device and on several.

use super::Works;
use crate::protocol::{
    Arm, Experiment, Plan,
    simulate::{critical_path, simulate},
};
use std::{collections::HashMap, io};

/// The seconds that each network takes. `speed` is in images per second and holds where every layer learns; a network
/// takes the share of a base's time that its work is of a base's work. None where the work is not known.
pub(super) fn seconds(experiment: &Experiment, plan: &Plan, works: &Works<'_>, speed: f64) -> Option<Vec<f64>> {
    let images = experiment.solver.schedule.max_iter as f64 * experiment.solver.batch_size as f64;
    let base = plan.nodes.iter().filter(|node| node.arm == Arm::Base).find_map(|node| works.get(node.name.as_str()))?;
    let of_base = images / speed / base.whole as f64;
    plan.nodes.iter().map(|node| Some(works.get(node.name.as_str())?.computed as f64 * of_base)).collect()
}

/// Prints what becomes of a plan on numbers of devices.
///
/// # Errors
/// An output that cannot be written to.
pub(super) fn print(
    plan: &Plan,
    seconds: &[f64],
    devices: &[usize],
    speed: f64,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let places: HashMap<&str, usize> =
        plan.nodes.iter().enumerate().map(|(place, node)| (node.name.as_str(), place)).collect();
    let of = |names: &Vec<String>| names.iter().filter_map(|name| places.get(name.as_str()).copied()).collect();
    let parents: Vec<Vec<usize>> = plan.nodes.iter().map(|node| of(&node.parents)).collect();
    let hours = |seconds: f64| seconds / 3600.0;
    writeln!(
        out,
        "at {speed} images/s: {:.1} device-hours; the critical path takes {:.1} hours",
        hours(seconds.iter().sum()),
        hours(critical_path(seconds, &parents))
    )?;
    for &devices in devices {
        let outcome = simulate(seconds, &parents, devices);
        let (whole, idle) = (hours(outcome.whole), 100.0 * outcome.idle);
        let held = whole * devices as f64;
        writeln!(
            out,
            "  on {devices:>4}: {whole:>9.1} hours, {held:>9.1} device-hours held, {idle:>5.1} % of them idle"
        )?;
    }
    Ok(())
}
