//! The candidates of an advice and what was measured of them so far.

use super::{
    network::Task,
    queue::{Done, Queue},
    record::{DropReason, Dropped, Kind, Measure, Neighbours},
};
use crate::protocol::ProtocolError;

/// What was measured of the candidates so far.
pub struct Race {
    /// The candidates.
    pub kinds: Vec<Kind>,
    /// `[candidate][split]`, in percent; none where it was not run.
    pub accuracy: Vec<Vec<Option<f64>>>,
    /// The same, the mean over classes.
    pub balanced: Vec<Vec<Option<f64>>>,
    /// How long each network of a candidate took.
    pub seconds: Vec<Vec<f64>>,
    /// When and why a candidate was dropped.
    pub dropped: Vec<Option<Dropped>>,
    /// What candidates are compared by.
    pub measure: Measure,
}

impl Race {
    /// What candidates are compared by.
    pub fn scores(&self) -> &[Vec<Option<f64>>] {
        match self.measure {
            Measure::Accuracy => &self.accuracy,
            Measure::BalancedAccuracy => &self.balanced,
        }
    }

    /// Whether a candidate was not dropped.
    pub fn is_in(&self, candidate: usize) -> bool {
        self.dropped[candidate].is_none()
    }

    /// Drops a candidate, where it was not dropped before.
    pub fn drop(&mut self, candidate: usize, after_splits: usize, reason: DropReason) {
        self.dropped[candidate].get_or_insert(Dropped { after_splits, reason });
    }
}

/// Whether a candidate is never left out for time.
pub fn is_kept(kind: Kind, most_n: usize) -> bool {
    matches!(kind, Kind::Scratch) || kind == Kind::FineTuned { n: most_n } || kind == Kind::Frozen { n: most_n }
}

/// The order in which candidates are trained: those whose blocks' neighbours score best first.
pub fn in_order(kinds: &[Kind], neighbours: &[Neighbours]) -> Vec<usize> {
    let knn = |at: usize| neighbours.iter().find(|of| of.n == kinds[at].n()).map_or(0.0, |of| of.knn);
    let mut order: Vec<usize> = (0..kinds.len()).collect();
    order.sort_by(|&a, &b| knn(b).total_cmp(&knn(a)).then(a.cmp(&b)));
    order
}

/// Trains candidates on splits and takes their scores. One that has diverged is out.
pub fn run(queue: &Queue<'_>, race: &mut Race, wanted: &[(usize, usize)]) -> Result<(), ProtocolError> {
    let due: Vec<(usize, usize)> =
        wanted.iter().copied().filter(|&(at, split)| race.accuracy[at][split].is_none() && race.is_in(at)).collect();
    let task = |&(at, split): &(usize, usize)| {
        let images = &queue.parts.splits[split];
        Task {
            kind: race.kinds[at],
            draw: format!("split={split}"),
            train: images.train.clone(),
            judged: Some(images.validation.clone()),
            keep: false,
        }
    };
    let done: Vec<Done> = queue.run(&due.iter().map(task).collect::<Vec<_>>())?;
    for (&(at, split), (outcome, seconds)) in due.iter().zip(done) {
        let validation = &queue.parts.splits[split].validation;
        let labels: Vec<u16> = validation.iter().map(|&index| queue.parts.data.train.labels[index]).collect();
        race.accuracy[at][split] = outcome.score(&labels, Measure::Accuracy);
        race.balanced[at][split] = outcome.score(&labels, Measure::BalancedAccuracy);
        race.seconds[at].push(seconds);
        if race.accuracy[at][split].is_none() {
            race.drop(at, split, DropReason::Diverged);
        }
    }
    Ok(())
}
