//! From a run directory to the plain records of a report.

use super::{Confusion, Estimator, Evaluation, Filters, HalfClasses, Kind, Run, Similarity, Study};
use crate::{
    data::Source,
    host::{bounded, shell},
    protocol::{
        Arm, Experiment, Half, Halving, Node, Plan, ProtocolError, RunDir, SourceTask, State, experiment_data::Data,
        manifest::Manifest,
    },
    train::{Division, HeldOut, Record, record},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeSet, path::Path};

/// Reads every network of an experiment's plan, finished or not, and every other one in its directory. `device` is
/// used where no manifest names one.
///
/// # Errors
/// A manifest, log or weights file that cannot be read.
pub fn study(experiment: &Experiment, runs: &RunDir, device: &str) -> Result<Study, ProtocolError> {
    of_plan(experiment, &Plan::with_found(experiment, runs)?, runs, device)
}

/// The same of a plan that was made before.
pub(super) fn of_plan(
    experiment: &Experiment,
    plan: &Plan,
    runs: &RunDir,
    device: &str,
) -> Result<Study, ProtocolError> {
    let (mut devices, mut versions) = (BTreeSet::new(), BTreeSet::new());
    let mut rows = Vec::new();
    for node in &plan.nodes {
        if let Some(manifest) = runs.manifest(&node.name)?.filter(|manifest| manifest.state == State::Done) {
            devices.insert(manifest.device);
            versions.insert(manifest.version);
        }
        // A file has no run of its own.
        if !(node.arm == Arm::Base && node.source_task == Some(SourceTask::Pretrained)) {
            rows.push(run(node, runs)?);
        }
    }
    // Every device and version that a network was made with: differences between them are part of the numbers.
    let named = |names: BTreeSet<String>, otherwise: &str| match names.is_empty() {
        true => otherwise.to_string(),
        false => names.into_iter().collect::<Vec<_>>().join("; "),
    };
    Ok(Study {
        experiment: experiment.name.clone(),
        kind: match experiment.protocol.split {
            Halving::Random => Kind::Random,
            Halving::ManMadeNatural | Halving::ManMadeNaturalBalanced => Kind::ManMadeNatural,
            Halving::Listed => Kind::Listed,
            Halving::TwoDataSets => Kind::OtherData,
            // Told apart by `directories`; together they have no kind of their own.
            Halving::Distance => Kind::OtherClasses,
        },
        dataset: data_sets(&experiment.data).join(" and "),
        net: experiment.net.name.clone(),
        layers: experiment.block_names()?,
        device: named(devices, device),
        version: named(versions, env!("CARGO_PKG_VERSION")),
        config_toml: experiment.to_toml(),
        reported: super::Reported::Last,
        margin: experiment.report.margin,
        quick: experiment.report.quick,
        on_held_out: experiment.data.evaluate_on == "held-out",
        batch_size: Some(experiment.solver.batch_size),
        halves: halves(plan, runs)?,
        runs: rows,
        train_per_class: Some(experiment.data.train_per_class).filter(|images| *images > 0),
        filters: filters(experiment, plan, runs)?,
        confusions: confusions(plan, runs)?,
        similarities: similarities(runs)?,
    })
}

/// The names of an experiment's data sets.
pub(super) fn data_sets(data: &Data) -> Vec<String> {
    let sets = [(Some(data.source), &data.path), (data.other_source, &data.other_path)];
    sets.into_iter().filter_map(|(source, path)| Some(data_set(source?, path))).collect()
}

/// The name of a data set: its own where there is one of the kind, else that of its folder or file.
fn data_set(source: Source, path: &str) -> String {
    let path = Path::new(path);
    let name = match source {
        Source::Idx | Source::Folder => path.file_name(),
        Source::Packed => path.file_stem(),
        _ => None,
    };
    // " and " stands between two data sets.
    name.map_or_else(|| source.to_string(), |name| name.to_string_lossy().replace(" and ", " & "))
}

/// Which classes the halves of each split have, as the bases' counts name them.
fn halves(plan: &Plan, runs: &RunDir) -> Result<Vec<HalfClasses>, ProtocolError> {
    let mut halves = Vec::new();
    let bases = plan.nodes.iter().filter(|node| node.arm == Arm::Base && node.train_size.is_none());
    for node in bases.filter(|node| node.replicate == 0 && node.draw == 0) {
        let Some(confusion) = read_json::<Confusion>(&runs.node(&node.name).join("confusion.json"))? else { continue };
        halves.push(HalfClasses {
            split: node.split.to_string(),
            half: node.target.letter().to_string(),
            source_task: node.source_task.map(|task| task.name().to_string()),
            classes: confusion.classes,
        });
    }
    halves.sort_by_key(|half| (half.split.parse::<u32>().ok(), half.half.clone(), half.source_task.clone()));
    Ok(halves)
}

fn run(node: &Node, runs: &RunDir) -> Result<Run, ProtocolError> {
    let manifest = runs.manifest(&node.name)?;
    let seconds = runs.timing(&node.name).seconds;
    let records: Vec<Record> = record::read(&runs.node(&node.name).join("log.jsonl"))?;
    let held_out: Vec<HeldOut> = record::read(&runs.node(&node.name).join("held-out.jsonl"))?;
    let last = records.last().map_or(1, |record| record.step) as f64;
    let confusion = read_json::<Confusion>(&runs.node(&node.name).join("confusion.json"))?;
    let work = manifest.as_ref().and_then(|manifest| manifest.multiply_adds).map(|count| count as f64);
    // Times are kept for a network as a whole, apart from its records; a curve shares them out by steps.
    let seconds_at = |step: u64| seconds * step as f64 / last;
    let evaluation = |record: Record| Evaluation {
        step: record.step,
        epoch: record.epoch,
        train_loss: record.train_loss,
        loss: record.loss,
        top1: record.top1,
        top5: record.top5,
        images: record.images,
        seconds: seconds_at(record.step),
    };
    let held_out_evaluation = |record: HeldOut| Evaluation {
        step: record.step,
        epoch: record.epoch,
        train_loss: f64::NAN,
        loss: record.loss,
        top1: record.top1,
        top5: record.top5,
        images: record.images,
        seconds: seconds_at(record.step),
    };
    let command = command(runs, node, manifest.as_ref());
    Ok(Run {
        name: node.name.clone(),
        split: node.split.to_string(),
        replicate: node.replicate,
        arm: node.arm,
        n: node.n.map(|n| n as u32),
        source: node.source.map(|half: Half| half.letter().to_string()),
        source_task: node.source_task.map(|task| task.name().to_string()),
        target: node.target.letter().to_string(),
        train_size: node.train_size,
        draw: node.draw,
        state: runs.state(&node.name)?,
        curve: records.into_iter().map(evaluation).collect(),
        held_out: held_out.into_iter().map(held_out_evaluation).collect(),
        message: manifest.and_then(|manifest| manifest.message.or(manifest.division.map(divided))),
        seconds,
        work,
        chance: confusion.and_then(|confusion| confusion.chance()),
        command,
    })
}

/// The command that makes a network again once its folder is deleted, typed where this report is made: the directory
/// knows the experiment as it was run.
fn command(runs: &RunDir, node: &Node, manifest: Option<&Manifest>) -> String {
    let device = match manifest.map(|manifest| manifest.device.as_str()) {
        None => "",
        Some(device) if device.starts_with("cpu") => " --device cpu",
        Some(device) if device.contains(", software, ") => " --device software",
        Some(_) => " --device gpu",
    };
    let path = runs.path.display().to_string();
    // A name alone would be that of a built-in experiment.
    let path = if path.contains('/') { path } else { format!("./{path}") };
    format!("strata run {} {}{device}", shell::quoted(&path), node.name)
}

/// What was done otherwise than asked for.
fn divided(Division { parts, from_step }: Division) -> String {
    format!("batches in {parts} parts from step {from_step} on: the device had no memory for whole ones")
}

/// The first layer of the bases of the first split and replicate, where their weights are there.
fn filters(experiment: &Experiment, plan: &Plan, runs: &RunDir) -> Result<Vec<Filters>, ProtocolError> {
    let Some(layer) = experiment.first_convolution() else { return Ok(Vec::new()) };
    let mut drawn = Vec::new();
    for node in plan.nodes.iter().filter(|node| node.arm == Arm::Base).take(2) {
        if runs.state(&node.name)? != State::Done {
            continue;
        }
        // Records that are passed on may come without the weights.
        if !runs.node(&node.name).join("weights.safetensors").exists() {
            continue;
        }
        let tensors = runs.tensors(&node.name)?;
        if let Some((shape, values)) = tensors.get(&format!("{layer}.weight"))
            && let [count, channels, height, width] = shape[..]
        {
            let title = format!("{}, {layer}", node.name);
            drawn.push(Filters { title, count, channels, height, width, values: values.clone() });
        }
    }
    Ok(drawn)
}

/// What the bases of the first split and replicate took their test images for, where it was recorded.
fn confusions(plan: &Plan, runs: &RunDir) -> Result<Vec<Confusion>, ProtocolError> {
    let mut found = Vec::new();
    for node in plan.nodes.iter().filter(|node| node.arm == Arm::Base && node.train_size.is_none()).take(2) {
        let read = read_json::<Confusion>(&runs.node(&node.name).join("confusion.json"))?;
        found.extend(read.map(|confusion| Confusion { run: node.name.clone(), ..confusion }));
    }
    Ok(found)
}

/// How alike pairs of networks are, where it was measured: by the debiased estimator, but for files that were written
/// before there was one.
fn similarities(runs: &RunDir) -> Result<Vec<Similarity>, ProtocolError> {
    #[derive(Deserialize)]
    struct File {
        rows: Vec<Similarity>,
    }
    let mut rows = read_json::<File>(&runs.path.join("similarity.json"))?.map_or_else(Vec::new, |file| file.rows);
    if rows.iter().any(|row| row.estimator == Estimator::Debiased) {
        rows.retain(|row| row.estimator == Estimator::Debiased);
    }
    Ok(rows)
}

/// Reads a record that may not be there: directories made earlier lack it.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ProtocolError> {
    let text = match bounded::read_text(path, bounded::TABLE) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ProtocolError::Io { path: path.into(), source }),
    };
    let parsed = serde_json::from_str(&text);
    parsed.map(Some).map_err(|e| ProtocolError::Manifest { path: path.into(), reason: e.to_string() })
}
