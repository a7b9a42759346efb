//! What the networks of a run directory are doing, from its files alone: manifests, records, claims. Nothing is
//! written.

use super::{
    Experiment, Node, Plan, ProtocolError, RunDir, State,
    claim_file::{self, Claimant, Found, Standing},
    manifest::Manifest,
};
use crate::train::{Record, record};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What a network is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// A process trains it.
    Training,
    /// Its process has ended without a word, or is paused.
    Lost,
    /// Begun, and released with a checkpoint.
    Interrupted,
    /// Its parents are done.
    Ready,
    /// It needs a parent that is not done.
    Waiting,
    /// It needs a parent that failed or diverged.
    Blocked,
    /// Stopped by an error that comes again.
    Failed,
    /// Stopped because of non-finite values.
    Diverged,
    /// Trained and evaluated.
    Done,
}

impl Activity {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Training,
        Self::Lost,
        Self::Interrupted,
        Self::Ready,
        Self::Waiting,
        Self::Blocked,
        Self::Failed,
        Self::Diverged,
        Self::Done,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Lost => "lost",
            Self::Interrupted => "interrupted",
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Diverged => "diverged",
        }
    }

    /// Whether nothing more is to come of it unless somebody does something.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Diverged | Self::Blocked)
    }
}

/// One network.
#[derive(Clone, Debug, Serialize)]
pub struct Watched {
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub activity: Activity,
    /// The process that trains it, or did last.
    pub owner: Option<Claimant>,
    /// Seconds since the owner took it, by the clocks of both machines.
    pub taken_seconds: Option<f64>,
    /// Seconds since the last heartbeat, by this machine's clock.
    pub heartbeat_seconds: Option<f64>,
    /// Steps done, as far as the files say.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Images trained on a second, of late.
    pub images_per_second: Option<f64>,
    /// Seconds until the last step at this speed.
    pub left_seconds: Option<f64>,
    /// Losses of batches, one a heartbeat, the latest last; of a network that has ended, its training losses between
    /// evaluations.
    pub losses: Vec<f64>,
    /// Accuracy at the last evaluation.
    pub top1: Option<f64>,
    /// Its difference to the base of the same half, in points.
    pub to_base: Option<f64>,
    /// Seconds of training, over all sittings that have ended.
    pub seconds: f64,
    /// Why it failed or diverged, or which parent did.
    pub message: Option<String>,
}

/// A run directory at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Survey {
    /// The experiment.
    pub experiment: String,
    /// Seconds since 1970.
    pub at: u64,
    /// Networks by what they are doing; those of none are left out.
    pub counts: BTreeMap<Activity, usize>,
    /// Images a second of all networks in training.
    pub images_per_second: f64,
    /// Seconds until all that can be trained is trained, at this speed.
    pub left_seconds: Option<f64>,
    /// The networks, in the order of the plan.
    pub networks: Vec<Watched>,
}

/// Looks at an experiment's directory.
///
/// # Errors
/// A manifest, a record or a folder that cannot be read.
pub fn survey(experiment: &Experiment, runs: &RunDir) -> Result<Survey, ProtocolError> {
    let plan = Plan::with_found(experiment, runs)?;
    let mut manifests = HashMap::new();
    for node in &plan.nodes {
        if let Some(manifest) = runs.manifest(&node.name)? {
            manifests.insert(node.name.as_str(), manifest);
        }
    }
    let mut networks = Vec::new();
    let mut accuracies: HashMap<String, f64> = HashMap::new();
    for node in &plan.nodes {
        let mut watched = watched(experiment, runs, node, &manifests)?;
        if let Some(top1) = watched.top1 {
            let base = Node::base_of(node);
            // A base comes before what is compared with it.
            watched.to_base = accuracies.get(&base).filter(|_| base != node.name).map(|base| 100.0 * (top1 - base));
            if watched.activity == Activity::Done {
                accuracies.insert(node.name.clone(), top1);
            }
        }
        networks.push(watched);
    }
    let mut counts = BTreeMap::new();
    for network in &networks {
        *counts.entry(network.activity).or_insert(0) += 1;
    }
    let images_per_second: f64 = networks.iter().filter_map(|network| network.images_per_second).sum();
    let open = networks.iter().filter(|network| !network.activity.is_over());
    let images: f64 = open.map(|n| n.steps.saturating_sub(n.step) as f64 * experiment.solver.batch_size as f64).sum();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Survey {
        experiment: experiment.name.clone(),
        at: now.as_secs(),
        counts,
        images_per_second,
        left_seconds: (images_per_second > 0.0).then_some(images / images_per_second),
        networks,
    })
}

fn watched(
    experiment: &Experiment,
    runs: &RunDir,
    node: &Node,
    manifests: &HashMap<&str, Manifest>,
) -> Result<Watched, ProtocolError> {
    let folder = runs.node(&node.name);
    let records: Vec<Record> = record::read(&folder.join("log.jsonl"))?;
    let last = records.last();
    let steps = experiment.solver_of(node.arm).schedule.max_iter;
    let manifest = manifests.get(node.name.as_str());
    let found = claim_file::find(&folder)?;
    let parent = |bad: &[State]| {
        let is = |name: &&String| manifests.get(name.as_str()).is_some_and(|manifest| bad.contains(&manifest.state));
        node.parents.iter().find(is)
    };
    let ready = node.parents.iter().all(|name| manifests.get(name.as_str()).is_some_and(|m| m.state == State::Done));
    let activity = match (manifest.map(|manifest| manifest.state), found.as_ref().map(|found| found.standing)) {
        (Some(State::Done), _) => Activity::Done,
        (Some(State::Diverged), _) => Activity::Diverged,
        (_, Some(Standing::Held(_))) => Activity::Training,
        (Some(State::Failed), _) => Activity::Failed,
        (_, Some(Standing::Lost)) => Activity::Lost,
        (_, Some(Standing::Released)) => Activity::Interrupted,
        _ if parent(&[State::Failed, State::Diverged]).is_some() => Activity::Blocked,
        _ if ready => Activity::Ready,
        _ => Activity::Waiting,
    };
    let Found { claimant: owner, standing, pulse } = found.unwrap_or_default();
    let training = activity == Activity::Training;
    let step = if activity == Activity::Done { steps } else { pulse.step.max(last.map_or(0, |record| record.step)) };
    let images_per_second = Some(pulse.images_per_second).filter(|&speed| training && speed > 0.0);
    let left = steps.saturating_sub(step) as f64 * experiment.solver.batch_size as f64;
    let since = |start: u64| {
        let taken = UNIX_EPOCH + Duration::from_secs(start);
        SystemTime::now().duration_since(taken).unwrap_or_default().as_secs_f64()
    };
    let message = match activity {
        Activity::Blocked => {
            parent(&[State::Failed, State::Diverged]).map(|name| format!("{name} has failed or diverged"))
        }
        _ => manifest.and_then(|manifest| manifest.message.clone()),
    };
    Ok(Watched {
        name: node.name.clone(),
        activity,
        taken_seconds: owner.as_ref().filter(|_| training).map(|owner| since(owner.start)),
        owner,
        heartbeat_seconds: match standing {
            Standing::Held(age) => Some(age.as_secs_f64()),
            Standing::Released | Standing::Lost => None,
        },
        step,
        steps,
        images_per_second,
        left_seconds: images_per_second.map(|speed| left / speed),
        losses: match training {
            true => pulse.losses,
            false => records.iter().map(|record| record.train_loss).collect(),
        },
        top1: last.map(|record| record.top1),
        to_base: None,
        seconds: runs.timing(&node.name).seconds,
        message,
    })
}
