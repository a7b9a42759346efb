//! `strata plan`: the networks of an experiment, files with which engines train them, or the memory they need.

mod document;
mod hours;
mod memory;

use super::output::note;
use super::{
    DeviceArgs, StudyArgs, at_least_one,
    engines::{Engine, Workflow},
    progress, study,
};
use crate::{
    host::document::document,
    protocol::{
        Experiment, Node, Plan, ProtocolError, RunDir, State,
        half_sizes::HalfSizes,
        sizes::Size,
        work::{self, Work},
    },
};
use anyhow::Result;
use clap::{ArgGroup, Args, ValueEnum};
use document::{MultiplyAdds, Networks, Row};
use std::{
    collections::{BTreeMap, HashMap},
    io::{BufWriter, Write},
    sync::Arc,
    time::Duration,
};

/// How a plan is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    /// For people
    #[default]
    Text,
    /// For programs: each network with its command, parents and outputs
    Json,
    /// For Slurm: a script for sbatch, an array of workers
    Sbatch,
    /// For HyperQueue: a job file for `hq job submit-file`, a task for each network
    Hyperqueue,
    /// For Snakemake: a Snakefile, a job for each network
    Snakemake,
}

impl PlanFormat {
    const fn engine(self) -> Option<Engine> {
        match self {
            Self::Text | Self::Json => None,
            Self::Sbatch => Some(Engine::Sbatch),
            Self::Hyperqueue => Some(Engine::HyperQueue),
            Self::Snakemake => Some(Engine::Snakemake),
        }
    }
}

// A plan is the same on every device; the memory that it needs and the commands that train it are not.
#[derive(Args, Debug)]
#[command(mut_arg("device", |device| device.requires("of_device")))]
#[command(group = ArgGroup::new("of_device").args(["memory", "format"]).multiple(true))]
pub struct Options {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Print the memory that one network of each kind needs on the device of --device
    #[arg(long, conflicts_with = "format")]
    memory: bool,
    /// Print text; json: one object; or a file for an engine (docs/clusters.md)
    #[arg(long, value_enum, default_value_t)]
    format: PlanFormat,
    /// Count the work for halves of this many classes, training images and test images, without reading any data
    #[arg(long, value_name = "CLASSES:TRAIN:TEST", value_parser = size, conflicts_with = "memory")]
    images: Option<Size>,
    /// Print the hours as well, for a device that trains this many images per second with no layer frozen (`strata bench
    /// step` measures it)
    #[arg(long, value_name = "IMAGES_PER_SECOND", value_parser = speed, conflicts_with_all = ["memory", "format"])]
    speed: Option<f64>,
    /// Print hours on these numbers of devices
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_value = "1,8,64", requires = "speed")]
    #[arg(value_parser = at_least_one::<usize>())]
    devices: Vec<usize>,
    /// Start this many workers with an sbatch script
    #[arg(long, value_name = "N", value_parser = at_least_one::<usize>(), default_value = "8", requires = "format")]
    workers: usize,
}

/// The columns of the list.
const HEADER: [&str; 6] = ["network", "arm", "copied", "state", "mult-adds", "derives from"];

/// What networks compute, by their names; networks that differ in their images alone share it.
type Works<'a> = HashMap<&'a str, Arc<Work>>;

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed: &f64| speed.is_finite() && *speed > 0.0);
    speed.ok_or_else(|| "expected a number of images per second, such as 1500".to_string())
}

fn size(text: &str) -> Result<Size, String> {
    let numbers: Option<Vec<usize>> = text.split(':').map(|number| number.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[classes, train, evaluate]) if classes > 1 && train >= classes && evaluate > 0 => {
            Ok(Size::even(classes, train, evaluate))
        }
        _ => Err("expected classes, training images and test images of a half, such as 500:640583:25000".into()),
    }
}

pub fn main(options: &Options) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    // A plan may have a hundred thousand lines.
    let mut out = BufWriter::new(std::io::stdout().lock());
    if options.memory {
        return memory::print(options, &mut out);
    }
    let device = &options.device.device;
    if let Some(engine) = options.format.engine() {
        let plan = Plan::of(&experiment);
        Workflow::of(&options.study, &experiment, &plan, device, options.workers)?.write(engine, &mut out)?;
        return Ok(out.flush()?);
    }
    let runs = RunDir::look(&options.study.runs(), &experiment)?;
    let plan = Plan::with_found(&experiment, &runs)?;
    let workflow = Workflow::of(&options.study, &experiment, &plan, device, options.workers)?;
    let works = works(&experiment, &plan, options.images.as_ref());
    let blocks = experiment.block_names()?;
    let block = |n: Option<usize>| n.and_then(|n| blocks.get(n.checked_sub(1)?));
    let mut counts = BTreeMap::new();
    let mut rows = Vec::new();
    let (mut done, mut left) = (Vec::new(), Vec::new());
    if options.format == PlanFormat::Text {
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
            PlanFormat::Json => rows.push(Row {
                id: rows.len(),
                name: &node.name,
                arm: node.arm,
                n: node.n,
                block: block(node.n),
                parents: &node.parents,
                state,
                command: workflow.of_network(node),
                outputs: workflow.outputs(node),
                multiply_adds: works.get(node.name.as_str()).map(|work| MultiplyAdds::of(work)),
            }),
            _ => writeln!(
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
        PlanFormat::Json => {
            let directory = runs.path.display().to_string();
            let networks = Networks { directory, seconds_left, networks: rows };
            serde_json::to_writer_pretty(&mut out, &document("plan", networks))?;
            writeln!(out)?;
        }
        _ => {
            let states: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
            writeln!(out, "{} networks in {}: {}", plan.nodes.len(), runs.path.display(), states.join(", "))?;
            savings(&experiment, &plan, &left, &works, &mut out)?;
            if let Some(seconds) = seconds_left.filter(|_| !left.is_empty()) {
                let span = progress::span(Duration::from_secs_f64(seconds));
                writeln!(out, "about {span} of one network after the other, at the speed of those that are done here")?;
            }
            if let Some(speed) = options.speed {
                match hours::seconds(&experiment, &plan, &works, speed) {
                    Some(seconds) => hours::print(&plan, &seconds, &options.devices, speed, &mut out)?,
                    None => note!("the hours are not known without the images; give their numbers with --images"),
                }
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

/// The work of every network on halves of a given size, or, where the images are there, on theirs.
fn works<'a>(experiment: &Experiment, plan: &'a Plan, given: Option<&Size>) -> Works<'a> {
    let all = |mut works: work::Works<'_>| {
        plan.nodes.iter().filter_map(|node| Some((node.name.as_str(), works.of(node).ok()?))).collect()
    };
    if let Some(size) = given {
        return all(work::Works::of_size(experiment, size));
    }
    let halves = match HalfSizes::of_nodes(experiment, &plan.nodes) {
        Ok(halves) => halves,
        Err(error) => {
            note!("the work of the networks is not known without their images: {error}");
            return HashMap::new();
        }
    };
    all(work::Works::new(experiment, &halves))
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
