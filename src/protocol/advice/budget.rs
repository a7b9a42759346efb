//! What is left out where time is given, in an order that does not depend on how candidates score.
//!
//! 1. head first and the lower rate with fewer blocks than can be copied;
//! 2. fine-tuned and frozen n between, those whose blocks' neighbours score worst first, fine-tuned before frozen;
//! 3. the curve at 25 and 50 % of the images;
//! 4. head first and the lower rate with all blocks.
//!
//! Scratch, all blocks fine-tuned and all blocks frozen (the last-layer probe) are never left out.

use super::record::{Kind, Neighbours};

/// What an advice still has to do, in multiply-adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Of each candidate, over all its splits.
    pub candidates: Vec<f64>,
    /// Of the refit.
    pub refit: f64,
    /// Of the curve.
    pub curve: f64,
}

/// What is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The candidates, in the order in which they were left out.
    pub candidates: Vec<usize>,
    /// Whether the curve is.
    pub curve: bool,
    /// Whether what is left still does not fit.
    pub too_long: bool,
}

/// What can be left out, first things first: a candidate, or the curve where it is none.
pub fn order(kinds: &[Kind], most_n: usize, neighbours: &[Neighbours]) -> Vec<Option<usize>> {
    let knn = |n: usize| neighbours.iter().find(|of| of.n == n).map_or(0.0, |of| of.knn);
    let rank = |kind: &Kind| match *kind {
        Kind::HeadFirst { n } | Kind::LowRate { n, .. } => Some(if n < most_n { 0 } else { 3 }),
        Kind::FineTuned { n } | Kind::Frozen { n } if n < most_n => Some(1),
        Kind::FineTuned { .. } | Kind::Frozen { .. } | Kind::Scratch => None,
    };
    let mut order: Vec<(usize, usize)> =
        kinds.iter().enumerate().filter_map(|(at, kind)| rank(kind).map(|rank| (rank, at))).collect();
    order.sort_by(|a, b| {
        let [left, right] = [a.1, b.1].map(|at| knn(kinds[at].n()));
        let [frozen_left, frozen_right] = [a.1, b.1].map(|at| kinds[at].is_frozen());
        a.0.cmp(&b.0).then(left.total_cmp(&right)).then(frozen_left.cmp(&frozen_right)).then(a.1.cmp(&b.1))
    });
    let first = order.iter().filter(|(rank, _)| *rank < 2).map(|&(_, at)| Some(at));
    let last = order.iter().filter(|(rank, _)| *rank > 2).map(|&(_, at)| Some(at));
    first.chain([None]).chain(last).collect()
}

impl Load {
    /// What has to be left out so that the rest takes at most `seconds` where a multiply-add takes `each` of them.
    pub fn cut(&self, order: &[Option<usize>], seconds: f64, each: f64) -> Cut {
        let mut cut = Cut::default();
        let mut left = (self.candidates.iter().sum::<f64>() + self.refit + self.curve) * each;
        for out in order {
            if left <= seconds {
                return cut;
            }
            match out {
                Some(at) => {
                    cut.candidates.push(*at);
                    left -= self.candidates[*at] * each;
                }
                None => {
                    cut.curve = true;
                    left -= self.curve * each;
                }
            }
        }
        cut.too_long = left > seconds;
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbours() -> Vec<Neighbours> {
        let of = |(at, knn): (usize, f64)| Neighbours { n: at + 1, knn, k: 5, ridge: None };
        [30.0, 10.0, 20.0, 40.0].into_iter().enumerate().map(of).collect()
    }

    #[test]
    fn what_is_left_out_first_does_not_depend_on_scores_and_three_candidates_always_stay() {
        let kinds = Kind::all(4, 0.1);
        let order = order(&kinds, 4, &neighbours());
        let names: Vec<String> = order.iter().map(|at| at.map_or("curve".into(), |at| kinds[at].name())).collect();
        let expected = [
            "head-first-2",
            "low-rate-2",
            "fine-tuned-2",
            "frozen-2",
            "fine-tuned-3",
            "frozen-3",
            "fine-tuned-1",
            "frozen-1",
            "curve",
            "head-first-4",
            "low-rate-4",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn as_little_as_needed_is_left_out_and_too_little_time_is_told() {
        let load = Load { candidates: vec![1.0, 2.0, 4.0], refit: 1.0, curve: 2.0 };
        let order = [Some(1), None, Some(2)];
        let cut = |seconds| load.cut(&order, seconds, 1.0);
        assert_eq!(cut(10.0), Cut::default());
        assert_eq!(cut(9.0), Cut { candidates: vec![1], ..Cut::default() });
        assert_eq!(cut(6.5), Cut { candidates: vec![1], curve: true, too_long: false });
        assert_eq!(cut(1.0), Cut { candidates: vec![1, 2], curve: true, too_long: true });
    }
}
