//! `strata plan`: the networks of an experiment, or the memory they need.

use super::output::note;
use super::{DeviceArgs, Format, StudyArgs, device, progress, study};
use crate::{
    host::document::document,
    nn::{Net, memory_plan},
    protocol::{
        Arm, Experiment, Node, Plan, ProtocolError, RunDir, State,
        halves::Halves,
        network_def::net_of,
        work::{self, Work},
    },
};
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    io::{BufWriter, Write},
    sync::Arc,
    time::Duration,
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
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The columns of the list.
const HEADER: [&str; 6] = ["network", "arm", "copied", "state", "mult-adds", "derives from"];

/// The plan as it is written for programs.
#[derive(Serialize)]
struct Networks<'a> {
    directory: String,
    seconds_left: Option<f64>,
    networks: Vec<Row<'a>>,
}

/// One network.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    arm: Arm,
    n: Option<usize>,
    block: Option<&'a String>,
    parents: &'a [String],
    state: State,
    multiply_adds: Option<MultiplyAdds>,
}

/// What it computes.
#[derive(Serialize)]
struct MultiplyAdds {
    all_layers_learning: u64,
    with_frozen_layers: u64,
    computed: u64,
}

/// What networks compute, by their names; networks that differ in their images alone share it.
type Works<'a> = HashMap<&'a str, Arc<Work>>;

pub fn main(options: &Options) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    // A plan may have a hundred thousand lines.
    let mut out = BufWriter::new(std::io::stdout().lock());
    if options.memory {
        return memory(options, &mut out);
    }
    let runs = RunDir::look(&options.study.runs(), &experiment)?;
    let plan = Plan::with_found(&experiment, &runs)?;
    let works = works(&experiment, &plan);
    let blocks = experiment.block_names()?;
    let block = |n: Option<usize>| n.and_then(|n| blocks.get(n.checked_sub(1)?));
    let mut counts = BTreeMap::new();
    let mut rows = Vec::new();
    let (mut done, mut left) = (Vec::new(), Vec::new());
    if options.format == Format::Text {
        let [network, arm, copied, state, work, parents] = HEADER;
        writeln!(out, "{network:<24} {arm:<14} {copied:<12} {state:<11} {work:>9} {parents}")?;
    }
    for node in &plan.nodes {
        let state = runs.state(&node.name)?;
        let word = format!("{state:?}").to_lowercase();
        if state == State::Done {
            done.push(node)
        } else {
            left.push(node)
        }
        match options.format {
            Format::Json => rows.push(Row {
                name: &node.name,
                arm: node.arm,
                n: node.n,
                block: block(node.n),
                parents: &node.parents,
                state,
                multiply_adds: works.get(node.name.as_str()).map(|work| MultiplyAdds {
                    all_layers_learning: work.whole,
                    with_frozen_layers: work.pruned,
                    computed: work.computed,
                }),
            }),
            Format::Text => writeln!(
                out,
                "{:<24} {:<14} {:<12} {word:<11} {:>9} {}",
                node.name,
                node.arm.name(),
                block(node.n).map_or_else(|| "-".into(), |name| format!("to {name}")),
                works.get(node.name.as_str()).map_or("-".into(), |work| format!("{:.1e}", work.computed as f64)),
                if node.parents.is_empty() { "-".into() } else { node.parents.join(", ") }
            )?,
        }
        *counts.entry(word).or_insert(0) += 1;
    }
    let seconds_left = seconds_left(&done, &left, &runs, &works)?;
    match options.format {
        Format::Json => {
            let directory = runs.path.display().to_string();
            let networks = Networks { directory, seconds_left, networks: rows };
            serde_json::to_writer_pretty(&mut out, &document("plan", networks))?;
            writeln!(out)?;
        }
        Format::Text => {
            let states: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
            writeln!(out, "{} networks in {}: {}", plan.nodes.len(), runs.path.display(), states.join(", "))?;
            savings(&experiment, &plan, &left, &works, &mut out)?;
            if let Some(seconds) = seconds_left.filter(|_| !left.is_empty()) {
                let span = progress::span(Duration::from_secs_f64(seconds));
                writeln!(out, "about {span} of one network after the other, at the speed of those that are done here")?;
            }
        }
    }
    Ok(out.flush()?)
}

/// How long the networks that are left would take at the speed of those that are done; none where no speed is known.
fn seconds_left(
    done: &[&Node],
    left: &[&Node],
    runs: &RunDir,
    works: &Works<'_>,
) -> Result<Option<f64>, ProtocolError> {
    let (mut seconds, mut work) = (0.0, 0.0);
    for node in done {
        let computed = works.get(node.name.as_str()).map(|work| work.computed);
        let computed = runs.manifest(&node.name)?.and_then(|manifest| manifest.multiply_adds).or(computed);
        seconds += runs.timing(&node.name).seconds;
        work += computed.unwrap_or(0) as f64;
    }
    let left =
        left.iter().map(|node| works.get(node.name.as_str()).map(|work| work.computed as f64)).sum::<Option<f64>>();
    Ok(left.filter(|_| seconds > 0.0 && work > 0.0).map(|left| left * seconds / work))
}

/// The work of every network, where the images are there: their number counts.
fn works<'a>(experiment: &Experiment, plan: &'a Plan) -> Works<'a> {
    let halves = match Halves::of_nodes(experiment, &plan.nodes) {
        Ok(halves) => halves,
        Err(error) => {
            note!("the work of the networks is not known without their images: {error}");
            return HashMap::new();
        }
    };
    let mut works = work::Works::new(experiment, &halves);
    plan.nodes.iter().filter_map(|node| Some((node.name.as_str(), works.of(node).ok()?))).collect()
}

/// The networks whose work is known, with it.
fn with_work<'a>(
    works: &'a Works<'_>,
    nodes: impl Iterator<Item = &'a Node>,
) -> impl Iterator<Item = (&'a Node, &'a Work)> {
    nodes.filter_map(|node| Some((node, works.get(node.name.as_str())?.as_ref())))
}

/// What freezing, caching and sharing save of the whole plan, and what is left to compute.
fn savings(
    experiment: &Experiment,
    plan: &Plan,
    left: &[&Node],
    works: &Works<'_>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let sum = |part: fn(&Work) -> u64| works.values().map(|work| part(work) as f64).sum::<f64>();
    let (whole, pruned, computed) = (sum(|w| w.whole), sum(|w| w.pruned), sum(|w| w.computed));
    if whole == 0.0 {
        return Ok(());
    }
    let shared = work::shared(experiment, with_work(works, plan.nodes.iter())) as f64;
    let left_shared = work::shared(experiment, with_work(works, left.iter().copied())) as f64;
    // A sum of nothing is -0.
    let left =
        with_work(works, left.iter().copied()).map(|(_, work)| work.computed as f64).sum::<f64>() - left_shared + 0.0;
    let percent = |saved: f64| format!("{:.1} %", 100.0 * saved / whole);
    writeln!(out, "multiply-adds: {whole:.3e} with every layer learning at every step")?;
    writeln!(out, "  {:>7} saved: no backward pass below the lowest layer that learns", percent(whole - pruned))?;
    writeln!(out, "  {:>7} saved: frozen layers computed once an image", percent(pruned - computed))?;
    writeln!(out, "  {:>7} saved: and once for all networks that share them", percent(shared))?;
    writeln!(out, "  {:.3e} computed in all, {left:.3e} of it left to do", computed - shared)
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
