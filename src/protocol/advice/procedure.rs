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
    budget::{self, Load},
    choice::Scored,
    curve, inference, neighbours,
    preparation::{Prepared, Request, prepare},
    queue::{Events, Queue},
    race::{Race, in_order, is_kept, run},
    record::{Advice, Candidate, Choice, ClassCount, CurvePoint, Data, DropReason, Measure, Neighbours, Refit, Source},
    refit, remarks,
};
use crate::{data::Dataset, protocol::ProtocolError};

/// The splits that all candidates are trained on.
const COMMON_SPLITS: usize = 2;

/// Advises. `data` has images of the source's shape.
///
/// # Errors
/// Images that cannot be divided; a directory of another advice; a stop, after which the same request resumes; a lost
/// device; a file that cannot be written.
pub fn advise(request: Request<'_>, data: Dataset, events: &dyn Events) -> Result<Advice, ProtocolError> {
    let prepared = prepare(request, data, events)?;
    let mut course = Course::new(request, &prepared, events)?;
    // What can be known before is told before.
    course.remarks.iter().for_each(|remark| events.stage(remark));
    let load = course.load()?;
    events.planned(load.candidates.iter().sum::<f64>() + load.refit + load.curve);
    if let Some(minutes) = request.budget {
        course.leave_out(minutes, &load)?;
    }
    course.run_frozen_and_first_splits()?;
    for split in COMMON_SPLITS..course.splits() {
        course.drop_worse(split);
        course.drop_late(split);
        course.run_split(split)?;
    }
    let diverged = || ProtocolError::Diverged {
        node: "every candidate".into(),
        message: "no candidate could be trained; lower solver.base_lr".into(),
    };
    let choice = course.scored().choose(&request.keys.advice).ok_or_else(diverged)?;
    let curve = course.curve(&choice)?;
    let refit = course.refit(&choice)?;
    Ok(course.record(choice, curve, refit))
}

/// An advice under way.
struct Course<'a> {
    request: Request<'a>,
    prepared: &'a Prepared<'a>,
    queue: Queue<'a>,
    neighbours: Vec<Neighbours>,
    /// Multiply-adds of one network of each candidate.
    costs: Vec<u64>,
    /// The order in which candidates are trained.
    order: Vec<usize>,
    race: Race,
    /// The splits of the curve; 0 for none.
    curve_splits: usize,
    remarks: Vec<String>,
}

impl<'a> Course<'a> {
    fn new(request: Request<'a>, prepared: &'a Prepared<'a>, events: &'a dyn Events) -> Result<Self, ProtocolError> {
        let Prepared { common, parts, kinds, measure, .. } = prepared;
        let labels = (&parts.data.train.labels[..], parts.data.classes());
        let neighbours = neighbours::scores(&common.blocks, common.net.most_n(), labels, &parts.splits, *measure);
        let blank = vec![vec![None; parts.splits.len()]; kinds.len()];
        let race = Race {
            accuracy: blank.clone(),
            balanced: blank,
            seconds: vec![Vec::new(); kinds.len()],
            dropped: vec![None; kinds.len()],
            kinds: kinds.clone(),
            measure: *measure,
        };
        let cost = |&kind| common.multiply_adds(kind, parts.splits[0].train.len());
        let mut remarks = parts.remarks.clone();
        remarks.extend(remarks::shared_classes(request.source, parts));
        Ok(Self {
            request,
            prepared,
            queue: prepared.queue(request.jobs, events),
            costs: kinds.iter().map(cost).collect::<Result<_, _>>()?,
            order: in_order(kinds, &neighbours),
            neighbours,
            race,
            curve_splits: request.keys.advice.curve_splits.min(parts.splits.len()),
            remarks,
        })
    }

    fn splits(&self) -> usize {
        self.prepared.parts.splits.len()
    }

    fn most_n(&self) -> usize {
        self.prepared.common.net.most_n()
    }

    /// All work where nothing is left out.
    fn load(&self) -> Result<Load, ProtocolError> {
        Ok(Load {
            candidates: self.costs.iter().map(|&cost| cost as f64 * self.splits() as f64).collect(),
            refit: refit::work(&self.queue, self.request.keys.advice.refit_seeds)?,
            curve: curve::work(&self.queue, self.curve_splits)?,
        })
    }

    /// Measures the time on the networks that are never left out, and leaves out what does not fit into the minutes.
    fn leave_out(&mut self, minutes: f64, load: &Load) -> Result<(), ProtocolError> {
        let (race, most_n) = (&mut self.race, self.prepared.common.net.most_n());
        self.queue.events.stage("the networks that are never left out, on the first split, to measure the time");
        let kept: Vec<usize> = self.order.iter().copied().filter(|&at| is_kept(race.kinds[at], most_n)).collect();
        run(&self.queue, race, &kept.iter().map(|&at| (at, 0)).collect::<Vec<_>>())?;
        let seconds: f64 = kept.iter().flat_map(|&at| &race.seconds[at]).sum();
        let work: f64 = kept.iter().map(|&at| self.costs[at] as f64).sum();
        let each = seconds / work.max(1.0) / self.request.jobs.max(1) as f64;
        let cut = load.cut(&budget::order(&race.kinds, most_n, &self.neighbours), 60.0 * minutes, each);
        cut.candidates.iter().for_each(|&at| race.drop(at, 0, DropReason::Budget));
        if cut.curve {
            self.curve_splits = 0;
        }
        self.remarks.extend(remarks::left_out(minutes, &cut, &race.kinds));
        let left: f64 = (0..race.kinds.len()).filter(|&at| race.is_in(at)).map(|at| load.candidates[at]).sum();
        self.queue.events.planned(left + load.refit + if cut.curve { 0.0 } else { load.curve });
        Ok(())
    }

    /// Trains frozen candidates on every split, and the others on those that all have.
    fn run_frozen_and_first_splits(&mut self) -> Result<(), ProtocolError> {
        self.queue.events.stage("all frozen candidates on every split, and the others on the first two");
        let mut tasks = Vec::new();
        for split in 0..self.splits() {
            let due = |&&at: &&usize| self.race.is_in(at) && (split < COMMON_SPLITS || self.race.kinds[at].is_frozen());
            tasks.extend(self.order.iter().filter(due).map(|&at| (at, split)));
        }
        run(&self.queue, &mut self.race, &tasks)
    }

    /// Drops what the splits so far show to be worse than the leader by more than the margin.
    fn drop_worse(&mut self, split: usize) {
        let keys = &self.request.keys.advice;
        let so_far: Vec<Vec<Option<f64>>> = self.race.scores().iter().map(|scores| scores[..split].to_vec()).collect();
        for at in inference::dropped(&so_far, self.prepared.parts.test_over_train(), keys.margin, keys.level) {
            // The scores of frozen candidates are there for all splits.
            if !self.race.kinds[at].is_frozen() {
                self.race.drop(at, split, DropReason::Worse);
            }
        }
    }

    /// Drops what can be left out once the minutes are over.
    fn drop_late(&mut self, split: usize) {
        let spent = self.race.seconds.iter().flatten().sum::<f64>() / self.request.jobs.max(1) as f64;
        let Some(minutes) = self.request.budget.filter(|minutes| spent > 60.0 * minutes) else { return };
        let most_n = self.most_n();
        let late: Vec<usize> = self.raced().into_iter().filter(|&at| !is_kept(self.race.kinds[at], most_n)).collect();
        if !late.is_empty() {
            late.iter().for_each(|&at| self.race.drop(at, split, DropReason::Budget));
            self.remarks.push(remarks::over(minutes, split, &late, &self.race.kinds));
        }
    }

    /// Trains the candidates that are left on one split.
    fn run_split(&mut self, split: usize) -> Result<(), ProtocolError> {
        let (at, of) = (split + 1, self.splits());
        self.queue.events.stage(&format!("split {at} of {of} for the candidates that are left"));
        let raced = self.raced();
        let due: Vec<(usize, usize)> =
            self.order.iter().filter(|at| raced.contains(at)).map(|&at| (at, split)).collect();
        run(&self.queue, &mut self.race, &due)
    }

    /// The candidates that are raced and not dropped, in their own order.
    fn raced(&self) -> Vec<usize> {
        (0..self.race.kinds.len()).filter(|&at| self.race.is_in(at) && !self.race.kinds[at].is_frozen()).collect()
    }

    fn scored(&self) -> Scored<'_> {
        Scored {
            kinds: &self.race.kinds,
            scores: self.race.scores(),
            costs: &self.costs,
            test_over_train: self.prepared.parts.test_over_train(),
        }
    }

    fn curve(&self, choice: &Choice) -> Result<Vec<CurvePoint>, ProtocolError> {
        if self.curve_splits == 0 {
            return Ok(Vec::new());
        }
        self.queue.events.stage("25 and 50 % of the images");
        let Race { kinds, measure, .. } = &self.race;
        curve::curve(&self.queue, kinds, self.race.scores(), choice, self.curve_splits, *measure)
    }

    fn refit(&mut self, choice: &Choice) -> Result<Option<Refit>, ProtocolError> {
        if self.request.keys.advice.refit_seeds == 0 {
            return Ok(None);
        }
        self.queue.events.stage("fresh seeds, and the test images for the first time");
        let (refit, remark) = refit::refit(&self.queue, &self.race.kinds, choice, self.race.measure)?;
        self.remarks.extend(remark);
        Ok(Some(refit))
    }

    fn record(self, choice: Choice, curve: Vec<CurvePoint>, refit: Option<Refit>) -> Advice {
        let Request { source, keys, seed, device, .. } = self.request;
        let parts = &self.prepared.parts;
        Advice {
            version: env!("CARGO_PKG_VERSION").into(),
            device: device.describe(),
            numerics: device.numerics(),
            seed,
            source: Source {
                path: self.request.source_path.into(),
                digest: self.request.source_digest.into(),
                net: source.net.name.clone(),
                most_n: self.most_n(),
                input: source.net.input,
                classes: source.classes.clone(),
            },
            data: self.data(),
            steps: keys.solver.steps(parts.splits[0].train.len()),
            batch_size: keys.solver.batch_size,
            splits: self.splits(),
            measure: self.race.measure,
            level: keys.advice.level,
            margin: keys.advice.margin,
            candidates: (0..self.race.kinds.len()).map(|at| self.candidate(at, choice.leader)).collect(),
            neighbours: self.neighbours,
            choice,
            refit,
            curve,
            remarks: self.remarks,
            seconds: self.prepared.directory.seconds(),
            budget_minutes: self.request.budget,
        }
    }

    fn data(&self) -> Data {
        let parts = &self.prepared.parts;
        let classes = parts.data.class_names.iter().zip(&parts.counts);
        Data {
            name: parts.data.name.clone(),
            digest: self.prepared.digest.clone(),
            classes: classes.map(|(name, &images)| ClassCount { name: name.clone(), images }).collect(),
            images: parts.counts.iter().sum(),
            test_images: parts.data.test.len(),
            training_images: parts.splits[0].train.len(),
            validation_images: parts.splits[0].validation.len(),
        }
    }

    fn candidate(&self, at: usize, leader: usize) -> Candidate {
        let (race, level) = (&self.race, self.request.keys.advice.level);
        let is_unequal = race.measure == Measure::BalancedAccuracy;
        let scores: Vec<f64> = race.scores()[at].iter().flatten().copied().collect();
        Candidate {
            name: race.kinds[at].name(),
            kind: race.kinds[at],
            accuracy: race.accuracy[at].clone(),
            balanced: if is_unequal { race.balanced[at].clone() } else { Vec::new() },
            mean: inference::corrected_interval(&scores, self.prepared.parts.test_over_train(), level),
            to_leader: if at == leader { None } else { self.scored().difference(at, leader, level) },
            seconds: race.seconds[at].iter().sum::<f64>() / race.seconds[at].len().max(1) as f64,
            multiply_adds: self.costs[at],
            dropped: race.dropped[at].clone(),
        }
    }
}
