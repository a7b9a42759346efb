//! From run directories to studies: which of them are one study, and what they are called.

use super::{Kind, Run, Similarity, Study, load};
use crate::protocol::{Experiment, Halving, Node, Plan, ProtocolError, RunDir, SourceTask, State, settings};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The studies of some run directories. Those of one experiment are pooled: its splits, whichever directory they are
/// in, are those of one study. All others stand side by side, under names that differ.
///
/// # Errors
/// As [`load::study`].
pub fn studies(found: &[(Experiment, RunDir)], device: &str) -> Result<Vec<Study>, ProtocolError> {
    let mut pools: Vec<Pool> = Vec::new();
    for (experiment, runs) in found {
        let loaded = Pool::new(experiment, runs, device)?;
        match pools.iter_mut().find(|pool| pool.takes(&loaded)) {
            Some(pool) => pool.add(loaded),
            None => pools.push(loaded),
        }
    }
    let mut studies: Vec<Study> = pools.into_iter().flat_map(Pool::studies).collect();
    distinct_names(&mut studies);
    Ok(studies)
}

/// Gives studies that are named alike, but are not one, a number after their names; capitals do not tell them apart,
/// because some file systems do not.
fn distinct_names(studies: &mut [Study]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for study in studies {
        let name = study.experiment.clone();
        let mut number = 1;
        while !taken.insert(study.experiment.to_lowercase()) {
            number += 1;
            study.experiment = format!("{name} ({number})");
        }
    }
}

/// What one experiment's directories hold.
struct Pool {
    experiment: Experiment,
    settings: String,
    nodes: Vec<Node>,
    study: Study,
}

impl Pool {
    fn new(experiment: &Experiment, runs: &RunDir, device: &str) -> Result<Self, ProtocolError> {
        let plan = Plan::with_found(experiment, runs)?;
        let study = load::of_plan(experiment, &plan, runs, device)?;
        let settings = settings::digest(&settings::shared(experiment));
        // A file of pretrained weights is a node without a run.
        let runs: HashSet<&str> = study.runs.iter().map(|run| run.name.as_str()).collect();
        let nodes = plan.nodes.into_iter().filter(|node| runs.contains(node.name.as_str())).collect();
        Ok(Self { experiment: experiment.clone(), settings, nodes, study })
    }

    /// Whether another directory is of the same experiment and agrees in every network that both hold.
    fn takes(&self, other: &Self) -> bool {
        let alike = self.experiment.name == other.experiment.name && self.settings == other.settings;
        let own: HashMap<&str, &Run> = self.study.runs.iter().map(|run| (run.name.as_str(), run)).collect();
        let agrees = |run: &Run| own.get(run.name.as_str()).is_none_or(|own| own.agrees_with(run));
        alike && other.study.runs.iter().all(agrees)
    }

    fn add(&mut self, other: Self) {
        let (own, mut other_study) = (&mut self.study, other.study);
        let mut places: HashMap<String, usize> =
            own.runs.iter().enumerate().map(|(at, run)| (run.name.clone(), at)).collect();
        for (node, run) in other.nodes.into_iter().zip(std::mem::take(&mut other_study.runs)) {
            match places.get(&run.name) {
                Some(&at) if run.state == State::Done => own.runs[at] = run,
                Some(_) => {}
                None => {
                    places.insert(run.name.clone(), own.runs.len());
                    self.nodes.push(node);
                    own.runs.push(run);
                }
            }
        }
        let other = other_study;
        for (mine, theirs) in [(&mut own.device, other.device), (&mut own.version, other.version)] {
            let names = mine.split("; ").chain(theirs.split("; ")).filter(|name| !name.is_empty());
            let names: BTreeSet<String> = names.map(String::from).collect();
            *mine = names.into_iter().collect::<Vec<_>>().join("; ");
        }
        own.halves.extend(other.halves);
        own.halves.sort_by_key(|half| (half.split.parse::<u32>().ok(), half.half.clone(), half.source_task.clone()));
        own.halves.dedup();
        let pairs: HashSet<(String, String)> =
            own.similarities.iter().map(|row| (row.network.clone(), row.other.clone())).collect();
        let fresh = |row: &Similarity| !pairs.contains(&(row.network.clone(), row.other.clone()));
        own.similarities.extend(other.similarities.into_iter().filter(fresh));
        if own.filters.is_empty() {
            own.filters = other.filters;
        }
        if own.confusions.is_empty() {
            own.confusions = other.confusions;
        }
    }

    /// One study, or one for each source where the experiment has several. Its configuration is that of the networks
    /// that were begun.
    fn studies(mut self) -> Vec<Study> {
        let begun = self.nodes.iter().zip(&self.study.runs).filter(|(_, run)| run.state != State::Pending);
        self.study.config_toml = self.experiment.of_networks(begun.map(|(node, _)| node)).to_toml();
        by_source(&self.experiment, self.study)
    }
}

/// The studies of an experiment: one, or one for each source where it has several, with the runs on the target that
/// they share in each.
fn by_source(experiment: &Experiment, whole: Study) -> Vec<Study> {
    if experiment.protocol.split != Halving::Distance {
        return vec![whole];
    }
    let sets = load::data_sets(&experiment.data);
    let of_source = |task: SourceTask| {
        let own = |name: Option<&str>| name.is_none_or(|name| name == task.name());
        let runs = whole.runs.iter().filter(|run| own(run.source_task.as_deref()));
        let runs: Vec<Run> = runs.cloned().collect();
        let there = |name: &str| runs.iter().any(|run| run.name == name);
        let similarities = whole.similarities.iter().filter(|row| there(&row.network) && there(&row.other));
        Study {
            experiment: format!("{}-{}", whole.experiment, task.name()),
            kind: match task {
                SourceTask::OtherClasses => Kind::OtherClasses,
                SourceTask::OppositeKind => Kind::OppositeKind,
                SourceTask::OtherData => Kind::OtherData,
                SourceTask::Shuffled => Kind::Shuffled,
                SourceTask::Noise => Kind::Noise,
                SourceTask::Pretrained => Kind::Pretrained,
            },
            dataset: match task {
                SourceTask::OtherData => sets.iter().rev().cloned().collect::<Vec<_>>().join(" and "),
                _ => sets.first().cloned().unwrap_or_default(),
            },
            similarities: similarities.cloned().collect(),
            halves: whole.halves.iter().filter(|half| own(half.source_task.as_deref())).cloned().collect(),
            runs,
            ..whole.clone()
        }
    };
    let asked = SourceTask::ALL.into_iter();
    let there = |task: &SourceTask| whole.runs.iter().any(|run| run.source_task.as_deref() == Some(task.name()));
    asked.filter(there).map(of_source).collect()
}
