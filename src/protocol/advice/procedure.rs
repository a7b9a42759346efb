//! The procedure of an advice, from the images to what is recommended.
//!
//! 1. Test images are locked away; the rest is divided into paired splits ([`super::parts`]).
//! 2. One pass through the source computes what every block gives ([`super::blocks`]); neighbours and a ridge regression
//!    order candidates ([`super::neighbours`]) and eliminate none.
//! 3. All frozen candidates are trained at full schedule on every split.
//! 4. The others are raced over splits, never over shorter schedules: one is dropped when it is shown to be worse than
//!    the leader by more than the margin.
//! 5. The confidence set of bests follows, and a recommendation from it ([`super::choice`]).
//! 6. The recommendation, fine-tuning all and scratch are trained anew with fresh seeds, and the test images are looked
//!    at for the first time ([`super::refit`]). A curve shows whether more images would change it.

use super::{
    blocks::Blocks,
    budget::{self, Load},
    choice::Scored,
    curve, inference,
    keys::Keys,
    neighbours,
    network::Common,
    outcome::Directory,
    parts::Parts,
    queue::{Events, Queue},
    race::{Race, in_order, is_kept, run},
    record::{Advice, Candidate, ClassCount, Data, DropReason, Kind, Measure, Source},
    refit,
};
use crate::{
    data::{
        Dataset, Normalisation,
        normalisation::{Mean, MeanValues, Std},
    },
    nn::NetDef,
    ops::Device,
    protocol::ProtocolError,
    train::{Prefixes, WeightsFile},
};
use std::path::Path;

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The network that is copied from.
    pub source: &'a WeightsFile,
    /// Its file, for people.
    pub source_path: &'a str,
    /// The digest of its file.
    pub source_digest: &'a str,
    /// What was set.
    pub keys: &'a Keys,
    /// The candidates; none for all of the net.
    pub kinds: Option<&'a [Kind]>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// Where networks are trained.
    pub device: &'a Device,
    /// How many at a time.
    pub jobs: usize,
    /// The minutes that it may take.
    pub budget: Option<f64>,
    /// Where everything is kept.
    pub out: &'a Path,
}

/// Everything that networks of an advice need, before the first one.
#[derive(Debug)]
pub struct Prepared<'a> {
    /// What networks have in common.
    pub common: Common<'a>,
    /// Their images.
    pub parts: Parts,
    /// Where they are kept.
    pub directory: Directory,
    /// The candidates.
    pub kinds: Vec<Kind>,
    /// What candidates are compared by.
    pub measure: Measure,
    digest: String,
}

/// Divides images, opens the directory and passes the images through the source once.
///
/// # Errors
/// Images that cannot be divided; a directory of another advice; a stop; a lost device.
pub fn prepare<'a>(request: Request<'a>, data: Dataset, events: &dyn Events) -> Result<Prepared<'a>, ProtocolError> {
    let Request { source, keys, seed, device, .. } = request;
    let digest = data.digest();
    let parts = Parts::of(data, keys.advice.splits, keys.advice.test_fraction, seed)?;
    let net = net_for(source, parts.data.classes())?;
    let kinds = request.kinds.map_or_else(|| Kind::all(net.most_n(), keys.advice.low_rate), <[Kind]>::to_vec);
    let directory = Directory::open(request.out, &settings(request, &digest, &kinds), "what is asked for")?;
    let normalisation = normalisation(source, &parts)?;
    events.stage("one pass of the images through the source");
    let blocks = Blocks::of((source, &net), &parts.data.train, &normalisation, keys, device, events.stop())?;
    let measure = if parts.is_unequal() { Measure::BalancedAccuracy } else { Measure::Accuracy };
    let common = Common {
        source,
        source_digest: request.source_digest,
        net,
        normalisation,
        keys,
        seed,
        device,
        stop: events.stop().clone(),
        blocks,
        prefixes: Prefixes::default(),
    };
    Ok(Prepared { common, parts, directory, kinds, measure, digest })
}

impl Prepared<'_> {
    /// Where its networks are trained, `jobs` at a time.
    pub fn queue<'a>(&'a self, jobs: usize, events: &'a dyn Events) -> Queue<'a> {
        Queue { common: &self.common, parts: &self.parts, directory: &self.directory, jobs, events }
    }
}

/// Advises. `data` has images of the source's shape.
///
/// # Errors
/// Images that cannot be divided; a directory of another advice; a stop, after which the same request resumes; a lost device; a file that cannot be written.
pub fn advise(request: Request<'_>, data: Dataset, events: &dyn Events) -> Result<Advice, ProtocolError> {
    let Request { source, keys, seed, device, .. } = request;
    let prepared = prepare(request, data, events)?;
    let queue = prepared.queue(request.jobs, events);
    let Prepared { common, parts, directory, measure, .. } = &prepared;
    let (kinds, measure, digest) = (prepared.kinds.clone(), *measure, prepared.digest.clone());
    let most_n = common.net.most_n();
    let labels = (&parts.data.train.labels[..], parts.data.classes());
    let neighbours = neighbours::scores(&common.blocks, most_n, labels, &parts.splits, measure);
    let splits = parts.splits.len();
    let blank = vec![vec![None; splits]; kinds.len()];
    let mut race = Race {
        accuracy: blank.clone(),
        balanced: blank,
        seconds: vec![Vec::new(); kinds.len()],
        dropped: vec![None; kinds.len()],
        kinds,
        measure,
    };
    let costs: Vec<u64> = race
        .kinds
        .iter()
        .map(|&kind| common.multiply_adds(kind, parts.splits[0].train.len()))
        .collect::<Result<_, _>>()?;
    let mut remarks = parts.remarks.clone();
    remarks.extend(shared_classes(source, parts));
    // What can be known before is told before.
    remarks.iter().for_each(|remark| events.stage(remark));
    let mut curve_splits = keys.advice.curve_splits.min(splits);
    let load = Load {
        candidates: costs.iter().map(|&cost| cost as f64 * splits as f64).collect(),
        refit: refit::work(&queue, keys.advice.refit_seeds)?,
        curve: curve::work(&queue, curve_splits)?,
    };
    let whole = |load: &Load| load.candidates.iter().sum::<f64>() + load.refit + load.curve;
    events.planned(whole(&load));
    let order = in_order(&race.kinds, &neighbours);
    if let Some(minutes) = request.budget {
        events.stage("the networks that are never left out, on the first split, to measure the time");
        let kept = order.iter().copied().filter(|&at| is_kept(race.kinds[at], most_n)).collect::<Vec<_>>();
        run(&queue, &mut race, &kept.iter().map(|&at| (at, 0)).collect::<Vec<_>>())?;
        let seconds: f64 = kept.iter().flat_map(|&at| &race.seconds[at]).sum();
        let work: f64 = kept.iter().map(|&at| costs[at] as f64).sum();
        let each = seconds / work.max(1.0) / request.jobs.max(1) as f64;
        let cut = load.cut(&budget::order(&race.kinds, most_n, &neighbours), 60.0 * minutes, each);
        cut.candidates.iter().for_each(|&at| race.drop(at, 0, DropReason::Budget));
        if cut.curve {
            curve_splits = 0;
        }
        remarks.extend(budget_remark(minutes, &cut, &race.kinds));
        let left = (0..race.kinds.len()).filter(|&at| race.is_in(at)).map(|at| load.candidates[at]).sum::<f64>();
        events.planned(left + load.refit + if cut.curve { 0.0 } else { load.curve });
    }
    events.stage("all frozen candidates on every split, and the others on the first two");
    let first = splits.min(2);
    let mut tasks = Vec::new();
    for split in 0..splits {
        let due = |&&at: &&usize| race.is_in(at) && (split < first || race.kinds[at].is_frozen());
        tasks.extend(order.iter().filter(due).map(|&at| (at, split)));
    }
    run(&queue, &mut race, &tasks)?;
    let ratio = parts.test_over_train();
    for split in first..splits {
        let so_far: Vec<Vec<Option<f64>>> = race.scores().iter().map(|scores| scores[..split].to_vec()).collect();
        let worse = inference::dropped(&so_far, ratio, keys.advice.margin, keys.advice.level);
        for at in worse {
            // The scores of frozen candidates are there for all splits.
            if !race.kinds[at].is_frozen() {
                race.drop(at, split, DropReason::Worse);
            }
        }
        let spent: f64 = race.seconds.iter().flatten().sum::<f64>() / request.jobs.max(1) as f64;
        if let Some(minutes) = request.budget.filter(|minutes| spent > 60.0 * minutes) {
            let late: Vec<usize> = (0..race.kinds.len())
                .filter(|&at| race.is_in(at) && !race.kinds[at].is_frozen() && !is_kept(race.kinds[at], most_n))
                .collect();
            if !late.is_empty() {
                let names: Vec<String> = late.iter().map(|&at| race.kinds[at].name()).collect();
                late.iter().for_each(|&at| race.drop(at, split, DropReason::Budget));
                remarks.push(format!(
                    "The {minutes} minutes were over after {split} splits: {} have no further ones.",
                    names.join(", ")
                ));
            }
        }
        events.stage(&format!("split {} of {splits} for the candidates that are left", split + 1));
        let due: Vec<(usize, usize)> = order
            .iter()
            .copied()
            .filter(|&at| race.is_in(at) && !race.kinds[at].is_frozen())
            .map(|at| (at, split))
            .collect();
        run(&queue, &mut race, &due)?;
    }
    let scored = Scored { kinds: &race.kinds, scores: race.scores(), costs: &costs, test_over_train: ratio };
    let none = || ProtocolError::Diverged {
        node: "every candidate".into(),
        message: "no candidate could be trained; lower solver.base_lr".into(),
    };
    let choice = scored.choose(&keys.advice).ok_or_else(none)?;
    let curve = if curve_splits > 0 {
        events.stage("25 and 50 % of the images");
        curve::curve(&queue, &race.kinds, race.scores(), &choice, curve_splits, measure)?
    } else {
        Vec::new()
    };
    let refit = if keys.advice.refit_seeds > 0 {
        events.stage("fresh seeds, and the test images for the first time");
        let (refit, remark) = refit::refit(&queue, &race.kinds, &choice, measure)?;
        remarks.extend(remark);
        Some(refit)
    } else {
        None
    };
    let unequal = measure == Measure::BalancedAccuracy;
    let candidates = (0..race.kinds.len()).map(|at| Candidate {
        name: race.kinds[at].name(),
        kind: race.kinds[at],
        accuracy: race.accuracy[at].clone(),
        balanced: if unequal { race.balanced[at].clone() } else { Vec::new() },
        mean: {
            let there: Vec<f64> = race.scores()[at].iter().flatten().copied().collect();
            inference::corrected_interval(&there, ratio, keys.advice.level)
        },
        to_leader: if at == choice.leader { None } else { scored.difference(at, choice.leader, keys.advice.level) },
        seconds: race.seconds[at].iter().sum::<f64>() / race.seconds[at].len().max(1) as f64,
        multiply_adds: costs[at],
        dropped: race.dropped[at].clone(),
    });
    let split = &parts.splits[0];
    Ok(Advice {
        version: env!("CARGO_PKG_VERSION").into(),
        device: device.describe(),
        numerics: device.numerics(),
        seed,
        source: Source {
            path: request.source_path.into(),
            digest: request.source_digest.into(),
            net: source.net.name.clone(),
            most_n,
            input: source.net.input,
            classes: source.classes.clone(),
        },
        data: Data {
            name: parts.data.name.clone(),
            digest,
            classes: parts
                .data
                .class_names
                .iter()
                .zip(&parts.counts)
                .map(|(name, &images)| ClassCount { name: name.clone(), images })
                .collect(),
            images: parts.counts.iter().sum(),
            test_images: parts.data.test.len(),
            training_images: split.train.len(),
            validation_images: split.validation.len(),
        },
        steps: keys.solver.steps(split.train.len()),
        batch_size: keys.solver.batch_size,
        splits,
        measure,
        level: keys.advice.level,
        margin: keys.advice.margin,
        candidates: candidates.collect(),
        neighbours,
        choice,
        refit,
        curve,
        remarks,
        seconds: directory.seconds(),
        budget_minutes: request.budget,
    })
}

/// How pixels become numbers: less the mean of each channel over all images that are not locked away, times the
/// source's factors.
fn normalisation(source: &WeightsFile, parts: &Parts) -> Result<Normalisation, ProtocolError> {
    let given = &source.preprocessing.normalisation;
    let of_channels = Normalisation::of(&parts.data.train, &Mean::Channel, &Std::None, 1.0)?;
    let mean = match of_channels.mean() {
        MeanValues::Channels(values) => values.clone(),
        MeanValues::Image(_) => Vec::new(),
    };
    Ok(Normalisation::given(parts.data.train.shape(), MeanValues::Channels(mean), given.scale.clone())?)
}

/// Classes of the target that the source was trained on, too, by name.
fn shared_classes(source: &WeightsFile, parts: &Parts) -> Option<String> {
    let shared: Vec<&String> = parts.data.class_names.iter().filter(|name| source.classes.contains(name)).collect();
    let shown: Vec<&str> = shared.iter().take(10).map(|name| name.as_str()).collect();
    let more = shared.len().saturating_sub(10);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!shared.is_empty()).then(|| {
        format!(
            "The source was trained on classes of the same names ({}{rest}): if on the same images, test accuracy is too \
             high.",
            shown.join(", ")
        )
    })
}

fn budget_remark(minutes: f64, cut: &budget::Cut, kinds: &[Kind]) -> Vec<String> {
    let mut remarks = Vec::new();
    let names: Vec<String> = cut.candidates.iter().map(|&at| kinds[at].name()).collect();
    if !names.is_empty() {
        remarks.push(format!("Left out for the budget of {minutes} minutes: {}.", names.join(", ")));
    }
    if cut.curve {
        remarks
            .push(format!("The curve at 25 and 50 % of the images was left out for the budget of {minutes} minutes."));
    }
    if cut.too_long {
        remarks.push(format!("What is never left out takes longer than the budget of {minutes} minutes."));
    }
    remarks
}

/// Everything that the directory of an advice belongs to, a line each.
fn settings(request: Request<'_>, data: &str, kinds: &[Kind]) -> String {
    let keys = toml::to_string(request.keys).unwrap_or_default();
    let names: Vec<String> = kinds.iter().map(|kind| kind.name()).collect();
    format!(
        "source = {:?}\ndata = {data:?}\nseed = {}\ndevice = {:?}\ncandidates = {names:?}\n\n{keys}",
        request.source_digest,
        request.seed,
        request.device.identity()
    )
}

/// The net of a source with another number of classes, as networks of an advice have it.
///
/// # Errors
/// A net that does not end in class scores.
pub fn net_for(source: &WeightsFile, classes: usize) -> Result<NetDef, ProtocolError> {
    let mut net = source.net.clone().with_classes(classes)?;
    net.layers.iter_mut().for_each(|layer| layer.trainable = true);
    Ok(net)
}
