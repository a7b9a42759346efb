//! The runs that count, each with its own base, and the differences that can be formed from them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde::Serialize;

use super::super::{
    error::ReportError,
    run::{Arm, Kind, Run, State},
    statistics::{Observation, Sample, Unit, mean},
    study::Study,
};

/// A run that is left out of some or all numbers, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Excluded {
    /// Name of the run.
    pub run: String,
    /// Why it is left out.
    pub reason: String,
}

/// A finished run with its numbers, in percent.
pub(super) struct Counted<'a> {
    pub run: &'a Run,
    pub value: f64,
    pub at_chance: bool,
    /// The base with the same split, replicate and target.
    pub base: Option<OwnBase>,
}

/// The base of a run; the mean where several were drawn.
#[derive(Clone, Copy)]
pub(super) struct OwnBase {
    pub value: f64,
    at_chance: bool,
}

impl Counted<'_> {
    /// The difference to the run's own base, in points.
    pub fn delta(&self) -> Option<f64> {
        Some(self.value - self.base?.value)
    }

    fn seen(&self, value: f64, at_chance: bool) -> Observation {
        let run = self.run;
        Observation {
            split: run.split.clone(),
            replicate: run.replicate,
            target: run.target.clone(),
            n: run.n.unwrap_or(0),
            run: run.name.clone(),
            value,
            at_chance: at_chance || self.at_chance,
        }
    }

    fn key(&self) -> (&str, u32, &str) {
        key(self.run)
    }
}

/// What makes two runs comparable: same split, same replicate, same target.
fn key(run: &Run) -> (&str, u32, &str) {
    (&run.split, run.replicate, &run.target)
}

/// All runs that count, and all that do not.
pub(super) struct Sheet<'a> {
    pub counted: Vec<Counted<'a>>,
    pub excluded: Vec<Excluded>,
    pub unit: Unit,
}

/// What counts as a unit: splits where they are drawn at random, replicates on a pair of tasks of which there is one.
fn unit(study: &Study) -> Unit {
    let pair = !matches!(study.kind, Kind::Random | Kind::AllClasses | Kind::Reduced);
    let splits: BTreeSet<&str> = study.runs.iter().map(|run| run.split.as_str()).collect();
    if pair && splits.len() == 1 { Unit::Replicate } else { Unit::Split }
}

impl<'a> Sheet<'a> {
    /// Takes the number of every finished run on the whole training set and pairs it with its base; whatever cannot
    /// be used is named.
    pub fn new(study: &'a Study) -> Result<Self, ReportError> {
        Self::of_size(study, None)
    }

    /// The same for the runs with this many training images of a class.
    pub fn of_size(study: &'a Study, train_size: Option<usize>) -> Result<Self, ReportError> {
        let mut counted: Vec<Counted> = Vec::new();
        let mut excluded = Vec::new();
        let mut bases: BTreeMap<_, Vec<(f64, bool)>> = BTreeMap::new();
        for run in study.runs.iter().filter(|run| run.train_size == train_size && !run.is_source()) {
            let value = run.value(study.reported)?.map(|share| share * 100.0);
            let reason = match (run.state, value) {
                (State::Pending | State::Running | State::Interrupted, _) => continue,
                (State::Failed, _) => Some(with_message("failed", run.message.as_deref())),
                (State::Diverged, _) => Some(with_message("diverged", run.message.as_deref())),
                (State::Done, None) => Some("done, but without a finite accuracy at the end".to_string()),
                (State::Done, Some(_)) if Arm::WITH_N.contains(&run.arm) && run.n.is_none() => {
                    Some(format!("an {} run without its n", run.arm.name()))
                }
                (State::Done, Some(_)) => None,
            };
            let at_chance = run.ended_at_chance();
            match (reason, value) {
                (None, Some(value)) => {
                    if run.arm == Arm::Base {
                        bases.entry(key(run)).or_default().push((value, at_chance));
                    }
                    counted.push(Counted { run, value, at_chance, base: None });
                }
                (reason, _) => excluded.push(Excluded { run: run.name.clone(), reason: reason.unwrap_or_default() }),
            }
        }
        for one in &mut counted {
            one.base = bases.get(&one.key()).and_then(|draws| {
                let value = mean(&draws.iter().map(|(value, _)| *value).collect::<Vec<_>>())?;
                Some(OwnBase { value, at_chance: draws.iter().any(|(_, at_chance)| *at_chance) })
            });
            if one.base.is_none() {
                let reason = "has no finished base of its own split, replicate and target: left out of paired numbers";
                excluded.push(Excluded { run: one.run.name.clone(), reason: reason.to_string() });
            }
        }
        Ok(Self { counted, excluded, unit: unit(study) })
    }

    /// The counted runs of an arm.
    pub fn of(&self, arm: Arm) -> impl Iterator<Item = &Counted<'a>> {
        self.counted.iter().filter(move |one| one.run.arm == arm)
    }

    fn at(&self, arm: Arm, ns: &RangeInclusive<u32>) -> impl Iterator<Item = &Counted<'a>> {
        self.of(arm).filter(move |one| ns.contains(&one.run.n.unwrap_or(0)))
    }

    /// Every n of any counted run, rising.
    pub fn ns(&self) -> Vec<u32> {
        let mut ns: Vec<u32> = self.counted.iter().filter_map(|one| one.run.n).collect();
        ns.sort_unstable();
        ns.dedup();
        ns
    }

    /// Observations with the units of this study.
    pub fn sample(&self, seen: Vec<Observation>) -> Sample {
        Sample { unit: self.unit, seen }
    }

    /// Accuracies of an arm, in percent.
    pub fn levels(&self, arm: Arm, ns: &RangeInclusive<u32>) -> Sample {
        self.sample(self.at(arm, ns).map(|one| one.seen(one.value, false)).collect())
    }

    /// Differences of an arm's runs to their own bases, in points.
    pub fn deltas(&self, arm: Arm, ns: &RangeInclusive<u32>) -> Sample {
        let difference = |one: &Counted| Some(one.seen(one.delta()?, one.base?.at_chance));
        self.sample(self.at(arm, ns).filter_map(difference).collect())
    }

    /// Differences of an arm's runs to another arm's of the same split, replicate, target and n, in points.
    ///
    /// A restart has no n and is compared with every n. Runs without a counterpart are left out, so that two arms
    /// are compared only where both of them are.
    pub fn matched(&self, arm: Arm, other: Arm, ns: &RangeInclusive<u32>) -> Sample {
        let mut counterparts: BTreeMap<_, Vec<&Counted>> = BTreeMap::new();
        self.of(other).for_each(|one| counterparts.entry(one.key()).or_default().push(one));
        let difference = |one: &Counted| {
            let at_n = || counterparts.get(&one.key()).into_iter().flatten();
            let at_n = at_n().filter(|o| o.run.n.is_none() || o.run.n == one.run.n).collect::<Vec<_>>();
            let other = mean(&at_n.iter().map(|o| o.value).collect::<Vec<_>>())?;
            Some(one.seen(one.value - other, at_n.iter().any(|o| o.at_chance)))
        };
        self.sample(self.at(arm, ns).filter_map(difference).collect())
    }

    /// What an arm loses by freezing: its differences to [`Arm::Continue`], which froze as many layers, kept its upper
    /// weights and was trained as long, where `control` is that; else to its own bases.
    pub fn losses(&self, arm: Arm, control: Option<Arm>, ns: &RangeInclusive<u32>) -> Sample {
        control.map_or_else(|| self.deltas(arm, ns), |control| self.matched(arm, control, ns))
    }
}

/// How much a difference changes from one range of n to another, per split, replicate and target.
pub(super) fn change(differences: &Sample, from: &RangeInclusive<u32>, to: &RangeInclusive<u32>) -> Sample {
    let mut units: BTreeMap<_, [Vec<&Observation>; 2]> = BTreeMap::new();
    for one in &differences.seen {
        let [low, high] = units.entry((&one.split, one.replicate, &one.target)).or_default();
        if from.contains(&one.n) {
            low.push(one);
        }
        if to.contains(&one.n) {
            high.push(one);
        }
    }
    let centre = |some: &[&Observation]| mean(&some.iter().map(|o| o.value).collect::<Vec<_>>());
    let changed = |((split, replicate, target), [low, high]): ((&String, u32, &String), [Vec<&Observation>; 2])| {
        Some(Observation {
            split: split.clone(),
            replicate,
            target: target.clone(),
            n: 0,
            run: String::new(),
            value: centre(&high)? - centre(&low)?,
            at_chance: low.iter().chain(&high).any(|o| o.at_chance),
        })
    };
    Sample { unit: differences.unit, seen: units.into_iter().filter_map(changed).collect() }
}

fn with_message(what: &str, message: Option<&str>) -> String {
    message.map_or_else(|| what.to_string(), |message| format!("{what}: {message}"))
}
