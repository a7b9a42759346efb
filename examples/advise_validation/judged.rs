//! One task with the truth about its candidates, and how far every way to choose is from the best of them.

use serde_json::{Value, json};
use strata::{
    protocol::advice::{
        choice::mean,
        inference::regret_bound,
        record::{Advice, Candidate, Kind},
    },
    report::statistics,
};

/// A source, some classes of a target, and how many images there are of each.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The name of the network that is copied from.
    pub source: &'static str,
    /// Which draw of classes.
    pub draw: u32,
    /// Training images of each class.
    pub per_class: usize,
}

impl Task {
    /// Its name in files.
    pub fn name(&self) -> String {
        format!("{}-{}-{}", self.source, self.draw, self.per_class)
    }
}

/// What came out of a task.
pub struct Record {
    /// What was asked.
    pub task: Task,
    /// The answer.
    pub advice: Advice,
    /// `[candidate][seed]`, in percent.
    pub oracle: Vec<Vec<f64>>,
}

/// The mean; 0 of nothing.
pub fn average(values: &[f64]) -> f64 {
    statistics::mean(values).unwrap_or(0.0)
}

impl Record {
    fn truth(&self) -> Vec<f64> {
        self.oracle.iter().map(|scores| average(scores)).collect()
    }

    /// The candidate of the highest mean over seeds.
    pub fn best(&self) -> usize {
        let truth = self.truth();
        (0..truth.len()).max_by(|&a, &b| truth[a].total_cmp(&truth[b])).unwrap_or(0)
    }

    /// Points below the best candidate.
    pub fn regret(&self, candidate: usize) -> f64 {
        self.truth()[self.best()] - self.truth()[candidate]
    }

    fn at(&self, kind: Kind) -> usize {
        self.advice.candidates.iter().position(|candidate| candidate.kind == kind).unwrap_or(0)
    }

    fn scores(&self) -> Vec<Vec<Option<f64>>> {
        self.advice.candidates.iter().map(|candidate| candidate.accuracy.clone()).collect()
    }

    fn costs(&self) -> Vec<u64> {
        self.advice.candidates.iter().map(|candidate| candidate.multiply_adds).collect()
    }

    /// The cheapest candidate of the set whose mean is at most so much below the leader's.
    fn cheapest_within(&self, slack: f64) -> usize {
        let scores = self.scores();
        let of = |at: usize| mean(&scores[at]).unwrap_or(f64::NEG_INFINITY);
        let leader = self.advice.choice.leader;
        let within = self.advice.choice.set.iter().copied().filter(|&at| of(at) >= of(leader) - slack);
        within.min_by_key(|&at| (self.costs()[at], at)).unwrap_or(leader)
    }

    /// The n whose nearest neighbours score best, among those of the candidates.
    fn nearest(&self) -> usize {
        let of = self.advice.neighbours.iter().filter(|of| [2, 4, 6, 7].contains(&of.n));
        of.max_by(|a, b| a.knn.total_cmp(&b.knn)).map_or(7, |of| of.n)
    }

    /// The bound of the regret of a candidate by the splits alone.
    pub fn bound(&self, candidate: usize) -> f64 {
        let split = &self.advice.data;
        let test_over_train = split.validation_images as f64 / split.training_images as f64;
        regret_bound(&self.scores(), candidate, test_over_train, self.advice.level).unwrap_or(f64::INFINITY)
    }

    /// Multiply-adds of the networks that were trained, over those of all candidates on all splits.
    pub fn cost(&self) -> f64 {
        let of = |all: bool| {
            let each = |candidate: &Candidate| {
                let runs = candidate.accuracy.iter().filter(|score| all || score.is_some()).count();
                runs as f64 * candidate.multiply_adds as f64
            };
            self.advice.candidates.iter().map(each).sum::<f64>()
        };
        of(false) / of(true)
    }

    /// The regret of every way to choose.
    pub fn ways(&self) -> Vec<(&'static str, f64)> {
        let truth = self.truth();
        vec![
            ("strata advise", self.regret(self.advice.choice.recommended)),
            ("always fine-tune all", self.regret(self.at(Kind::FineTuned { n: 7 }))),
            ("last-layer probe", self.regret(self.at(Kind::Frozen { n: 7 }))),
            ("fixed n = 4, frozen", self.regret(self.at(Kind::Frozen { n: 4 }))),
            ("fixed n = 4, fine-tuned", self.regret(self.at(Kind::FineTuned { n: 4 }))),
            ("k-NN argmax, frozen", self.regret(self.at(Kind::Frozen { n: self.nearest() }))),
            ("k-NN argmax, fine-tuned", self.regret(self.at(Kind::FineTuned { n: self.nearest() }))),
            ("random", truth[self.best()] - average(&truth)),
            ("from scratch", self.regret(self.at(Kind::Scratch))),
            ("highest mean", self.regret(self.advice.choice.leader)),
            ("cheapest of the set", self.regret(self.cheapest_within(f64::INFINITY))),
            ("cheapest of the set within 2 points", self.regret(self.cheapest_within(2.0))),
            ("cheapest of the set within 1 point", self.regret(self.cheapest_within(1.0))),
            ("cheapest of the set within 0.5 points", self.regret(self.cheapest_within(0.5))),
        ]
    }

    /// Everything of the task for the record.
    pub fn summary(&self) -> Value {
        let choice = &self.advice.choice;
        let name = |at: usize| self.advice.candidates[at].name.clone();
        let names = |of: &[usize]| of.iter().map(|&at| name(at)).collect::<Vec<_>>();
        let dropped = self.advice.candidates.iter().filter(|candidate| candidate.dropped.is_some()).count();
        json!({
            "task": self.task.name(), "source": self.task.source, "draw": self.task.draw,
            "images_per_class": self.task.per_class, "best": name(self.best()),
            "recommended": name(choice.recommended), "leader": name(choice.leader), "set": names(&choice.set),
            "cannot_tell": choice.cannot_tell, "dropped": dropped,
            "best_in_set": choice.set.contains(&self.best()),
            "regret": self.regret(choice.recommended), "regret_bound": self.bound(choice.recommended),
            "cost_of_exhaustive": self.cost(),
            "regrets": self.ways().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        })
    }
}
