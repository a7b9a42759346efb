//! A recorded run, for browsers without WebGPU: what a page would show of one choice, trained on the native executor
//! with the same random numbers.

use super::{WebError, experiment::described, format::Study};
use crate::{
    data::{Normalisation, split},
    nn::Param,
    ops::Device,
    protocol::{
        Arm, Experiment, Half, HalfData, Halving, Node, NodeKind, halves::Halves, network_def::net_of, streams,
    },
    train::{Confusion, Images, Trainer},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A run with the experiment that it is of, as its page describes it.
#[derive(Clone, Debug, Serialize)]
pub struct Recording {
    experiment: Study,
    race: Race,
}

#[derive(Clone, Debug, Serialize)]
struct Race {
    halves: [Vec<u16>; 2],
    n: usize,
    frozen: bool,
    tracks: Vec<Track>,
}

/// What is known of a network.
#[derive(Clone, Debug, Serialize)]
struct Track {
    name: String,
    target: char,
    role: &'static str,
    losses: Vec<f64>,
    points: Vec<Point>,
    confusion: Vec<Vec<u64>>,
    filters: Vec<Vec<f64>>,
}

#[derive(Clone, Debug, Serialize)]
struct Point {
    step: u64,
    top1: f64,
    loss: f64,
}

type Weights = BTreeMap<String, Vec<f32>>;

/// Five significant digits: more than a picture shows.
fn short(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

/// Trains the bases of a random split, and the networks with half of their blocks copied and frozen.
///
/// # Errors
/// Those of training: a loss that is not finite; data and nets that do not fit.
pub(super) fn record(experiment: &Experiment, command: &str) -> Result<Recording, WebError> {
    let study = described(experiment, command);
    let mut experiment = experiment.clone();
    (experiment.protocol.split, experiment.protocol.splits) = (Halving::Random, vec![0]);
    experiment.protocol.split_file.clear();
    let halves = Halves::of(&experiment)?;
    let of = |half| halves.half(&experiment, node(Arm::Base, None, half).key_of(half));
    let (a, b) = (of(Half::A)?, of(Half::B)?);
    let data = |half| if half == Half::A { &a } else { &b };
    let n = (experiment.net.most_n() / 2).max(1);
    let mut tracks = Vec::new();
    let mut bases = Vec::new();
    for half in [Half::A, Half::B] {
        let node = node(Arm::Base, None, half);
        let (track, weights) = trained(&experiment, &node, data(half), &data(half).normalisation, None)?;
        tracks.push(Track { name: format!("base {}", half.letter()), role: "base", ..track });
        bases.push(weights);
    }
    for target in [Half::A, Half::B] {
        for (source, weights) in [Half::A, Half::B].into_iter().zip(&bases) {
            let (arm, role) = if source == target { (Arm::Selffer, "selffer") } else { (Arm::Transfer, "transfer") };
            let node = node(arm, Some(n), target);
            let normalisation = &data(source).normalisation;
            let (track, _) = trained(&experiment, &node, data(target), normalisation, Some(weights))?;
            tracks.push(Track { name: format!("{}{n}{}", source.letter(), target.letter()), role, ..track });
        }
    }
    let classes = split::random_halves((a.classes + b.classes) as u16, 0)?;
    Ok(Recording { experiment: study, race: Race { halves: [classes.a, classes.b], n, frozen: true, tracks } })
}

fn node(arm: Arm, n: Option<usize>, target: Half) -> Node {
    Node::of(NodeKind { arm, n, split: 0, replicate: 0, target, source_task: None, train_size: None, draw: 0 })
}

/// Trains a network, with the weights of another one in its first blocks.
fn trained(
    experiment: &Experiment,
    node: &Node,
    target: &HalfData,
    normalisation: &Normalisation,
    from: Option<&Weights>,
) -> Result<(Track, Weights), WebError> {
    let def = net_of(experiment, node, target.classes)?;
    let images = Images { set: &target.train, normalisation };
    let streams = streams::training(experiment.seed, node);
    let (solver, reading) = (&experiment.solver, experiment.data.reading());
    let mut trainer = Trainer::new(&def, solver, images, reading, streams, &Device::Cpu)?;
    trainer.net.initialise(&mut trainer.executor, |name| streams::new_layer(experiment.seed, node, name))?;
    let params: Vec<Param> = trainer.net.params.clone();
    if let (Some(from), Some(n)) = (from, node.n) {
        let copied = def.prefix(n)?;
        for param in params.iter().filter(|param| copied.contains(&param.layer)) {
            if let Some(values) = from.get(&param.name) {
                trainer.executor.write(param.w, values)?;
            }
        }
    }
    let mut track = Track {
        name: String::new(),
        target: node.target.letter(),
        role: "",
        losses: Vec::new(),
        points: Vec::new(),
        confusion: Vec::new(),
        filters: Vec::new(),
    };
    let (last, every) = (solver.schedule.max_iter, solver.schedule.max_iter.div_ceil(experiment.protocol.evaluations));
    while trainer.step < last {
        trainer.train_step()?;
        if trainer.step.is_multiple_of(every) || trainer.step == last {
            let mut confusion = Confusion::new(&target.class_names, trainer.net.classes());
            let test = Images { set: &target.evaluate, normalisation };
            let scores = trainer.evaluate_into(&test, Some(&mut confusion))?;
            track.points.push(Point { step: trainer.step, top1: short(scores.top1), loss: short(scores.loss) });
            track.confusion = confusion.counts;
        }
    }
    track.losses = trainer.losses()?.into_iter().map(short).collect();
    let mut read = |param: &Param| Ok((param.name.clone(), trainer.executor.read(param.w)?));
    let weights: Weights = params.iter().map(&mut read).collect::<Result<_, WebError>>()?;
    if let Some(first) = params.first() {
        let values = &weights[&first.name];
        let filters = values.chunks(values.len() / first.shape[0].max(1));
        track.filters = filters.map(|filter| filter.iter().map(|&v| short(f64::from(v))).collect()).collect();
    }
    Ok((track, weights))
}
