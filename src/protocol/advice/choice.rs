//! What follows from the scores of candidates: the leader, the confidence set of bests, and the recommendation.

use super::{
    inference::{self, Interval},
    keys::Procedure,
    record::{Choice, Kind},
};

/// The weight of a neighbour on the ladder of fine-tuned n.
const BESIDE: f64 = 0.25;

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

    /// The scores of scratch and of each fine-tuned n, from the lowest n up, each averaged with its neighbours: of weights
    /// 1 and [`BESIDE`]. Accuracy changes gradually with n, so that neighbours say something about each other, and the
    /// highest of several noisy means is less often a lucky one.
    fn ladder(&self) -> Vec<(usize, f64)> {
        let is_step = |kind: Kind| matches!(kind, Kind::Scratch | Kind::FineTuned { .. });
        let means = self.scores.iter().enumerate().filter(|(at, _)| is_step(self.kinds[*at]));
        let mut steps: Vec<(usize, f64)> = means.filter_map(|(at, scores)| Some((at, mean(scores)?))).collect();
        steps.sort_by_key(|(at, _)| self.kinds[*at].n());
        let smooth = |place: usize| {
            let beside = [place.checked_sub(1), Some(place + 1)].into_iter().flatten().filter_map(|at| steps.get(at));
            let (sum, weight) =
                beside.fold((steps[place].1, 1.0), |(sum, weight), (_, mean)| (sum + BESIDE * mean, weight + BESIDE));
            (steps[place].0, sum / weight)
        };
        (0..steps.len()).map(smooth).collect()
    }

    /// The step of the ladder that is recommended where nothing is shown: fine-tuning all, or the highest one where it
    /// leads that by more than the margin. None where fine-tuning all was dropped or is no candidate.
    fn of_ladder(&self, margin: f64) -> Option<usize> {
        let ladder = self.ladder();
        let all = ladder.iter().rev().copied().find(|(at, _)| self.kinds[*at] != Kind::Scratch)?;
        let is_all = self.kinds.iter().all(|kind| kind.n() <= self.kinds[all.0].n());
        let highest = ladder.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))?;
        match is_all && highest.1 - all.1 <= margin {
            true => Some(all.0),
            false => Some(highest.0),
        }
    }

    /// What follows.
    ///
    /// The recommendation is fine-tuning all, or the fine-tuned n (or scratch) whose smoothed mean leads it by more than
    /// the margin; but the leader where that one is shown to be worse than another candidate. `results/advise` has the
    /// tasks on which this was chosen and the tasks on which it was then held against other ways.
    pub fn choose(&self, keys: &Procedure) -> Option<Choice> {
        let leader = self.leader()?;
        let mut set = inference::confidence_set(self.scores, self.test_over_train, keys.level);
        if !set.contains(&leader) {
            set.push(leader);
            set.sort_unstable();
        }
        let of_ladder = self.of_ladder(keys.margin);
        let recommended = of_ladder.filter(|at| set.contains(at)).unwrap_or(leader);
        let complete = self.scores.iter().filter(|scores| mean(scores).is_some()).count();
        let cannot_tell = set.len() > 1 && 2 * set.len() > complete;
        let reason = self.reason(leader, recommended, of_ladder, &set, keys.margin);
        Some(Choice { leader, set, recommended, cannot_tell, reason })
    }

    fn reason(
        &self,
        leader: usize,
        recommended: usize,
        of_ladder: Option<usize>,
        set: &[usize],
        margin: f64,
    ) -> String {
        let name = |at: usize| self.kinds[at].label();
        let most_n = self.kinds.iter().map(|kind| kind.n()).max().unwrap_or(0);
        let why = if set.len() == 1 {
            format!("Every other candidate was shown to be worse than {}.", name(leader))
        } else if of_ladder != Some(recommended) {
            format!(
                "{} has the highest mean, and what would be recommended otherwise is shown to be worse.",
                name(leader)
            )
        } else if self.kinds[recommended] == (Kind::FineTuned { n: most_n }) {
            format!("No other number of fine-tuned blocks leads fine-tuning all by more than {margin} points.")
        } else {
            format!(
                "{} leads fine-tuning all by more than {margin} points, averaged with its neighbours.",
                name(recommended)
            )
        };
        let cheapest = set.iter().copied().min_by_key(|&at| (self.costs[at], at)).filter(|&at| at != recommended);
        let cheaper = cheapest.map(|at| {
            let share = 100.0 * self.costs[at] as f64 / self.costs[recommended].max(1) as f64;
            format!(" The cheapest that is not shown to be worse is {}, at {share:.0} % of the work.", name(at))
        });
        format!("{why}{}", cheaper.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 6] = [
        Kind::Scratch,
        Kind::Frozen { n: 2 },
        Kind::FineTuned { n: 1 },
        Kind::FineTuned { n: 2 },
        Kind::FineTuned { n: 3 },
        Kind::HeadFirst { n: 3 },
    ];

    /// Candidates of these means, with noise of a size around them.
    fn chosen(means: [f64; 6], noise: f64) -> Choice {
        let score = |at: usize, split: usize| means[at] + noise * [1.0, -0.6, 0.2, -1.0, 0.4][(split + at) % 5];
        let scores: Vec<Vec<Option<f64>>> =
            (0..6).map(|at| (0..5).map(|split| Some(score(at, split))).collect()).collect();
        let costs = [10, 3, 10, 10, 10, 8];
        let scored = Scored { kinds: &KINDS, scores: &scores, costs: &costs, test_over_train: 0.25 };
        scored.choose(&Procedure::default()).unwrap()
    }

    #[test]
    fn fine_tuning_all_is_recommended_unless_another_number_leads_it_by_the_margin() {
        let choice = chosen([50.0, 52.0, 60.0, 60.3, 60.2, 61.0], 3.0);
        assert_eq!((choice.recommended, choice.leader, choice.cannot_tell), (4, 5, true));
        assert!(
            choice.reason.contains("No other number") && choice.reason.contains("worse is 3 head first, at 80 %"),
            "{choice:?}"
        );
        // One lucky mean between low ones is not believed, two high ones beside each other are.
        assert_eq!(chosen([60.0, 52.0, 55.0, 62.0, 62.0, 61.0], 3.0).recommended, 4);
        assert_eq!(chosen([60.0, 52.0, 64.0, 63.0, 60.0, 61.0], 3.0).recommended, 2);
    }

    #[test]
    fn what_is_shown_to_be_worse_is_not_recommended() {
        let choice = chosen([40.0, 80.0, 60.0, 60.3, 60.2, 61.0], 0.2);
        assert_eq!((choice.recommended, choice.set, choice.cannot_tell), (1, vec![1], false));
        assert!(choice.reason.starts_with("Every other candidate"));
    }

    #[test]
    fn a_candidate_without_all_splits_is_neither_leader_nor_recommended() {
        let scores = vec![vec![Some(50.0), Some(51.0)], vec![Some(90.0), None]];
        let kinds = [Kind::FineTuned { n: 1 }, Kind::Scratch];
        let scored = Scored { kinds: &kinds, scores: &scores, costs: &[1, 1], test_over_train: 0.25 };
        let choice = scored.choose(&Procedure::default()).unwrap();
        assert_eq!((choice.leader, choice.recommended, choice.set), (0, 0, vec![0]));
    }
}
