//! `strata plan`: the networks of an experiment, or the memory they need.

use super::{DeviceArgs, Format, StudyArgs, device, study};
use crate::{
    nn::{BuildOptions, Input, Net, memory_plan},
    protocol::{Plan, RunDir, node::net_of, source::Halves},
};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write;

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Print what one network of each kind needs in memory
    #[arg(long)]
    memory: bool,
    /// text, or json: one object a network
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    let mut out = std::io::stdout().lock();
    if options.memory {
        return memory(options, &mut out);
    }
    let path = options.study.runs.join(&experiment.name);
    let runs = RunDir { path: path.clone() };
    let plan = Plan::with_found(&experiment, &runs)?;
    let mut counts = std::collections::BTreeMap::new();
    let mut rows = Vec::new();
    for node in &plan.nodes {
        let state = runs.state(&node.name)?;
        *counts.entry(format!("{state:?}").to_lowercase()).or_insert(0) += 1;
        match options.format {
            Format::Json => rows.push(json!({
                "name": node.name,
                "arm": node.arm,
                "n": node.n,
                "parents": node.parents,
                "state": state,
            })),
            Format::Text => writeln!(
                out,
                "{:<24} {:<12} {:<8} from {}",
                node.name,
                node.arm.name(),
                format!("{state:?}").to_lowercase(),
                if node.parents.is_empty() { "scratch".into() } else { node.parents.join(", ") }
            )?,
        }
    }
    match options.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?,
        Format::Text => {
            let states: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
            writeln!(out, "{} networks in {}: {}", plan.nodes.len(), path.display(), states.join(", "))?;
        }
    }
    Ok(())
}

fn memory(options: &Options, out: &mut impl Write) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    let device = device::open(&options.device.device)?;
    let halves = Halves::of(&experiment)?;
    let plan = Plan::of(&experiment);
    writeln!(out, "device: {}", device.describe())?;
    let mut seen = Vec::new();
    for node in &plan.nodes {
        let kind = (node.arm.is_probe(), node.n.filter(|_| node.arm.freezes()));
        let Some(half) = halves.halves.get(&(node.split, node.target)) else { continue };
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let input = Input::Images { stored: [half.train.height, half.train.width], scale: experiment.data.scale };
        let solver = &experiment.solver;
        let net = Net::build(
            &net_of(&experiment, node, half.classes)?,
            BuildOptions {
                batch: solver.batch_size,
                input,
                momentum: solver.momentum,
                weight_decay: solver.weight_decay,
                convention: solver.convention,
                given_masks: false,
            },
        )?;
        writeln!(out, "\n{} and networks like it", node.name)?;
        write!(out, "{}", memory_plan::describe(&net, device.layout()))?;
    }
    Ok(())
}
