//! `strata plan`: the networks of an experiment, or the memory they need.

use super::output::note;
use super::{DeviceArgs, Format, StudyArgs, device, study};
use crate::{
    nn::{Net, memory_plan},
    protocol::{
        Experiment, Plan, RunDir,
        network_def::net_of,
        source::Halves,
        work::{self, Work, Works},
    },
};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::{BufWriter, Write},
};

// A plan is the same on every device; only the memory that it needs is not.
#[derive(Args, Debug)]
#[command(mut_arg("device", |device| device.requires("memory")))]
pub struct Options {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Print the memory that one network of each kind needs on the device of --device
    #[arg(long, conflicts_with = "format")]
    memory: bool,
    /// Print text, or json: one object per network
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    // A plan may have a hundred thousand lines.
    let mut out = BufWriter::new(std::io::stdout().lock());
    if options.memory {
        return memory(options, &mut out);
    }
    let path = options.study.runs().join(&experiment.name);
    let runs = RunDir { path: path.clone() };
    let plan = Plan::with_found(&experiment, &runs)?;
    let works = works(&experiment, &plan);
    let blocks = experiment.block_names()?;
    let block = |n: Option<usize>| n.and_then(|n| blocks.get(n.checked_sub(1)?));
    let mut counts = BTreeMap::new();
    let mut rows = Vec::new();
    for node in &plan.nodes {
        let state = runs.state(&node.name)?;
        *counts.entry(format!("{state:?}").to_lowercase()).or_insert(0) += 1;
        match options.format {
            Format::Json => rows.push(json!({
                "name": node.name,
                "arm": node.arm,
                "n": node.n,
                "block": block(node.n),
                "parents": node.parents,
                "state": state,
                "multiply_adds": works.get(&node.name).map(|work| json!({
                    "all_layers_learning": work.whole,
                    "with_frozen_layers": work.pruned,
                    "computed": work.computed,
                })),
            })),
            Format::Text => writeln!(
                out,
                "{:<24} {:<14} {:<12} {:<8} {:>8} from {}",
                node.name,
                node.arm.name(),
                block(node.n).map_or_else(|| "-".into(), |name| format!("to {name}")),
                format!("{state:?}").to_lowercase(),
                works.get(&node.name).map_or("-".into(), |work| format!("{:.1e}", work.computed as f64)),
                if node.parents.is_empty() { "scratch".into() } else { node.parents.join(", ") }
            )?,
        }
    }
    match options.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?,
        Format::Text => {
            let states: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
            writeln!(out, "{} networks in {}: {}", plan.nodes.len(), path.display(), states.join(", "))?;
            savings(&experiment, &plan, &works, &mut out)?;
        }
    }
    Ok(out.flush()?)
}

/// The work of every network, where the images are there: their number counts.
fn works(experiment: &Experiment, plan: &Plan) -> BTreeMap<String, Work> {
    let halves = match Halves::of_nodes(experiment, &plan.nodes) {
        Ok(halves) => halves,
        Err(error) => {
            note!("the work of the networks is not known without their images: {error}");
            return BTreeMap::new();
        }
    };
    let mut works = Works::new(experiment, &halves);
    plan.nodes.iter().filter_map(|node| Some((node.name.clone(), works.of(node).ok()?))).collect()
}

/// What freezing, caching and sharing save of the whole plan.
fn savings(
    experiment: &Experiment,
    plan: &Plan,
    works: &BTreeMap<String, Work>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let sum = |part: fn(&Work) -> u64| works.values().map(|work| part(work) as f64).sum::<f64>();
    let (whole, pruned, computed) = (sum(|w| w.whole), sum(|w| w.pruned), sum(|w| w.computed));
    if whole == 0.0 {
        return Ok(());
    }
    let networks = plan.nodes.iter().filter_map(|node| Some((node, works.get(&node.name)?)));
    let shared = work::shared(experiment, networks) as f64;
    let percent = |saved: f64| format!("{:.1} %", 100.0 * saved / whole);
    writeln!(out, "multiply-adds: {whole:.3e} with every layer learning at every step")?;
    writeln!(out, "  {:>7} saved: no backward pass below the lowest layer that learns", percent(whole - pruned))?;
    writeln!(out, "  {:>7} saved: frozen layers computed once an image", percent(pruned - computed))?;
    writeln!(out, "  {:>7} saved: and once for all networks that share them", percent(shared))?;
    writeln!(out, "  {:.3e} left", computed - shared)
}

fn memory(options: &Options, out: &mut impl Write) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    let device = device::open(&options.device.device, experiment.solver.precision)?;
    let halves = Halves::of(&experiment)?;
    halves.taken.iter().for_each(|line| note!("{line}"));
    let plan = Plan::of(&experiment);
    writeln!(out, "device: {}", device.describe())?;
    let mut seen = Vec::new();
    for node in &plan.nodes {
        let kind = (node.arm.is_probe(), node.n.filter(|_| node.arm.freezes()));
        let Some(half) = halves.halves.get(&node.key_of(node.target)) else { continue };
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let input = experiment.data.input(&half.train);
        let net = Net::build(&net_of(&experiment, node, half.classes)?, experiment.solver.building(input))?;
        writeln!(out, "\n{} and networks like it", node.name)?;
        write!(out, "{}", memory_plan::describe(&net, device.layout()))?;
    }
    Ok(())
}
