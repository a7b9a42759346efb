//! From a run directory to the plain records of a report.

use super::{Evaluation, Filters, Run, Study};
use crate::{
    protocol::{Arm, Experiment, Half, Node, Plan, ProtocolError, RunDir, State},
    train::record,
};

/// Reads every network of an experiment's plan, finished or not, and every other one in its directory. `device` is used where no manifest names one.
///
/// # Errors
/// A manifest, log or weights file that cannot be read.
pub fn study(experiment: &Experiment, runs: &RunDir, device: &str) -> Result<Study, ProtocolError> {
    let plan = Plan::with_found(experiment, runs)?;
    let mut device = device.to_string();
    let mut version = env!("CARGO_PKG_VERSION").to_string();
    let mut rows = Vec::new();
    // Networks on reduced sets have bases of their own, which no figure tells apart yet.
    for node in plan.nodes.iter().filter(|node| node.train_size.is_none()) {
        if let Some(manifest) = runs.manifest(&node.name)?.filter(|manifest| manifest.state == State::Done) {
            (device, version) = (manifest.device, manifest.version);
        }
        rows.push(run(experiment, node, runs)?);
    }
    Ok(Study {
        experiment: experiment.name.clone(),
        dataset: experiment.data.source.clone(),
        net: experiment.net.name.clone(),
        layers: experiment.layer_names()?,
        device,
        version,
        config_toml: experiment.to_toml(),
        reported: super::Reported::Last,
        runs: rows,
        filters: filters(&plan, runs)?,
    })
}

fn run(experiment: &Experiment, node: &Node, runs: &RunDir) -> Result<Run, ProtocolError> {
    let manifest = runs.manifest(&node.name)?;
    let seconds = runs.timing(&node.name).seconds;
    let records = record::read(&runs.node(&node.name).join("log.jsonl"))?;
    let last = records.last().map_or(1, |record| record.step) as f64;
    let evaluation = |record: record::Record| Evaluation {
        step: record.step,
        epoch: record.epoch,
        train_loss: record.train_loss,
        loss: record.loss,
        top1: record.top1,
        top5: record.top5,
        images: record.images,
        // Times are kept for a network as a whole, apart from its records; a curve shares them out by steps.
        seconds: seconds * record.step as f64 / last,
    };
    Ok(Run {
        name: node.name.clone(),
        split: node.split.to_string(),
        replicate: node.replicate,
        arm: node.arm,
        n: node.n.map(|n| n as u32),
        source: node.source.map(|half: Half| half.letter().to_string()),
        target: node.target.letter().to_string(),
        state: runs.state(&node.name)?,
        curve: records.into_iter().map(evaluation).collect(),
        message: manifest.and_then(|manifest| manifest.message),
        seconds,
        command: format!("strata run {} {}", experiment.name, node.name),
    })
}

/// The first layer of the bases of the first split and replicate.
fn filters(plan: &Plan, runs: &RunDir) -> Result<Vec<Filters>, ProtocolError> {
    let mut drawn = Vec::new();
    for node in plan.nodes.iter().filter(|node| node.arm == Arm::Base).take(2) {
        if runs.state(&node.name)? != State::Done {
            continue;
        }
        let tensors = runs.tensors(&node.name)?;
        if let Some((shape, values)) = tensors.get("conv1.weight")
            && let [count, channels, height, width] = shape[..]
        {
            let title = format!("{}, conv1", node.name);
            drawn.push(Filters { title, count, channels, height, width, values: values.clone() });
        }
    }
    Ok(drawn)
}
