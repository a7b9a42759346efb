//! The runs that count, each with its own base, and the differences that can be formed from them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Serialize;

use super::super::{
    error::ReportError,
    run::{Arm, Run, State, Study},
    statistics::{Observation, mean},
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
    /// The value of the base with the same split, replicate and target.
    pub base: Option<f64>,
}

impl Counted<'_> {
    /// The difference to the run's own base, in points.
    pub fn delta(&self) -> Option<f64> {
        Some(self.value - self.base?)
    }

    fn seen(&self, value: f64) -> Observation {
        let run = self.run;
        Observation {
            split: run.split.clone(),
            target: run.target.clone(),
            n: run.n.unwrap_or(0),
            run: run.name.clone(),
            value,
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
        let mut bases = BTreeMap::new();
        for run in study.runs.iter().filter(|run| run.train_size == train_size) {
            let value = run.value(study.reported)?.map(|share| share * 100.0);
            let reason = match (run.state, value) {
                (State::Pending | State::Running, _) => continue,
                (State::Failed, _) => Some(told("failed", run.message.as_deref())),
                (State::Diverged, _) => Some(told("diverged", run.message.as_deref())),
                (State::Done, None) => Some("done, but without a finite accuracy at the end".to_string()),
                (State::Done, Some(_)) if Arm::WITH_N.contains(&run.arm) && run.n.is_none() => {
                    Some(format!("an {} run without its n", run.arm.name()))
                }
                (State::Done, Some(value)) if run.arm == Arm::Base => match bases.entry(key(run)) {
                    std::collections::btree_map::Entry::Occupied(_) => {
                        Some("a second base of the same split, replicate and target".to_string())
                    }
                    std::collections::btree_map::Entry::Vacant(free) => {
                        free.insert(value);
                        None
                    }
                },
                (State::Done, Some(_)) => None,
            };
            match (reason, value) {
                (None, Some(value)) => counted.push(Counted { run, value, base: None }),
                (reason, _) => excluded.push(Excluded { run: run.name.clone(), reason: reason.unwrap_or_default() }),
            }
        }
        for one in &mut counted {
            one.base = bases.get(&one.key()).copied();
            if one.base.is_none() {
                let reason = "has no finished base of its own split, replicate and target: left out of paired numbers";
                excluded.push(Excluded { run: one.run.name.clone(), reason: reason.to_string() });
            }
        }
        Ok(Self { counted, excluded })
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

    /// Accuracies of an arm, in percent.
    pub fn levels(&self, arm: Arm, ns: &RangeInclusive<u32>) -> Vec<Observation> {
        self.at(arm, ns).map(|one| one.seen(one.value)).collect()
    }

    /// Differences of an arm's runs to their own bases, in points.
    pub fn deltas(&self, arm: Arm, ns: &RangeInclusive<u32>) -> Vec<Observation> {
        self.at(arm, ns).filter_map(|one| Some(one.seen(one.delta()?))).collect()
    }

    /// Differences of an arm's runs to another arm's of the same split, replicate, target and n, in points.
    ///
    /// A restart has no n and is compared with every n. Runs without a counterpart are left out.
    pub fn matched(&self, arm: Arm, other: Arm, ns: &RangeInclusive<u32>) -> Vec<Observation> {
        let mut counterparts: BTreeMap<_, Vec<&Counted>> = BTreeMap::new();
        self.of(other).for_each(|one| counterparts.entry(one.key()).or_default().push(one));
        let difference = |one: &Counted| {
            let at_n = counterparts.get(&one.key())?.iter().filter(|o| o.run.n.is_none() || o.run.n == one.run.n);
            Some(one.seen(one.value - mean(&at_n.map(|o| o.value).collect::<Vec<_>>())?))
        };
        self.at(arm, ns).filter_map(difference).collect()
    }

    /// How much an arm's paired difference changes from one range of n to another, per split, replicate and target.
    pub fn change(&self, arm: Arm, from: &RangeInclusive<u32>, to: &RangeInclusive<u32>) -> Vec<Observation> {
        let mut units: BTreeMap<_, [Vec<f64>; 2]> = BTreeMap::new();
        for one in self.of(arm) {
            if let (Some(delta), Some(n)) = (one.delta(), one.run.n) {
                let [low, high] = units.entry(one.key()).or_default();
                if from.contains(&n) {
                    low.push(delta);
                }
                if to.contains(&n) {
                    high.push(delta);
                }
            }
        }
        let mut changes = Vec::new();
        for ((split, _, target), [low, high]) in units {
            if let (Some(low), Some(high)) = (mean(&low), mean(&high)) {
                let (split, target) = (split.to_string(), target.to_string());
                changes.push(Observation { split, target, n: 0, run: String::new(), value: high - low });
            }
        }
        changes
    }
}

fn told(what: &str, message: Option<&str>) -> String {
    message.map_or_else(|| what.to_string(), |message| format!("{what}: {message}"))
}
