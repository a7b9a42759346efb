//! What follows from the scores of candidates: the leader, the confidence set of bests, and the recommendation.

use super::{
    inference::{self, Interval},
    keys::Procedure,
    record::{Choice, Kind},
};

/// Scores of candidates on paired splits, with what they cost.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// What the candidates are.
    pub kinds: &'a [Kind],
    /// `[candidate][split]`, in percent; none where it was not run.
    pub scores: &'a [Vec<Option<f64>>],
    /// Multiply-adds of one network of each.
    pub costs: &'a [u64],
    /// Images judged of a split over images trained on.
    pub test_over_train: f64,
}

/// The mean of a candidate that has all splits.
pub fn mean(scores: &[Option<f64>]) -> Option<f64> {
    let all: Option<Vec<f64>> = scores.iter().copied().collect();
    all.filter(|all| !all.is_empty()).map(|all| all.iter().sum::<f64>() / all.len() as f64)
}

impl Scored<'_> {
    /// The candidate of the highest mean, of equal ones the cheapest; none where no candidate has all splits.
    pub fn leader(&self) -> Option<usize> {
        let means = self.scores.iter().enumerate().filter_map(|(at, scores)| mean(scores).map(|mean| (at, mean)));
        means
            .max_by(|(a, mean_a), (b, mean_b)| {
                mean_a.total_cmp(mean_b).then(self.costs[*b].cmp(&self.costs[*a])).then(b.cmp(a))
            })
            .map(|(at, _)| at)
    }

    /// The difference of a candidate to another one over the splits that both have.
    pub fn difference(&self, candidate: usize, other: usize, level: f64) -> Option<Interval> {
        let pairs = self.scores[candidate].iter().zip(&self.scores[other]);
        let differences: Vec<f64> = pairs.filter_map(|(a, b)| Some((*a)? - (*b)?)).collect();
        inference::corrected_interval(&differences, self.test_over_train, level)
    }

    /// What follows.
    pub fn choose(&self, keys: &Procedure) -> Option<Choice> {
        let leader = self.leader()?;
        let mut set = inference::confidence_set(self.scores, self.test_over_train, keys.level);
        if !set.contains(&leader) {
            set.push(leader);
            set.sort_unstable();
        }
        let cost = |&at: &usize| (self.costs[at], at);
        let recommended = set.iter().copied().min_by_key(cost).unwrap_or(leader);
        let name = |at: usize| self.kinds[at].name();
        let complete = self.scores.iter().filter(|scores| mean(scores).is_some()).count();
        let cannot_tell =
            set.len() > 1 && (2 * set.len() > complete || set.iter().any(|&at| self.kinds[at] == Kind::Scratch));
        let reason = if set.len() == 1 {
            format!("Every other candidate was shown to be worse than {}.", name(leader))
        } else if recommended == leader {
            format!(
                "{} has the highest mean and is the cheapest of {} that are not shown to be worse.",
                name(leader),
                set.len()
            )
        } else {
            format!(
                "{} has the highest mean, but {} is not shown to be worse and is the cheapest of {} such candidates.",
                name(leader),
                name(recommended),
                set.len()
            )
        };
        Some(Choice { leader, set, recommended, cannot_tell, reason })
    }
}
