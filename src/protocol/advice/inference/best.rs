//! Which candidates can be the best: the race, the confidence set and the bound of regret.
//!
//! All three rest on upper bounds of the differences between candidates, paired over splits. Candidate i is shown to be
//! worse than k where the upper bound of `i - k` is below zero, and a set of all that are shown to be worse than none
//! holds the best one at the level (Hsu 1984, "Constrained simultaneous confidence intervals for multiple comparisons
//! with the best"). Bounds are corrected for the number of candidates by Bonferroni's inequality.
//!
//! Five splits give a variance 4 degrees of freedom, whose quantiles at such levels are so large that nothing would ever
//! be told apart. Candidates have unequal variances, so one pooled variance would be wrong as well: simulated, the best
//! was in the set in 71 of 100 cases where it was noisier than the others. Each variance is therefore moderated (Smyth
//! 2004, "Linear models and empirical Bayes methods"): it is averaged with the mean variance of the differences between i
//! and all others, whose weight is `(J - 1)(k - 2)/(k - 1)` degrees of freedom of k candidates (none of two, nearly as
//! many as its own of twenty). It is never made smaller by this, so that a noisy candidate cannot seem certain.

use super::interval::{inflation, moments, quantile};

/// The share of the error that the race may make; the rest is the confidence set's.
const OF_RACE: f64 = 0.2;
/// The race may look at least this many times, after 2, 3, 4 and 5 splits.
const LOOKS: usize = 4;

/// Scores of each candidate on each split, in percent; none where a candidate was not run.
type Scores = [Vec<Option<f64>>];

/// Candidates that can be dropped after the splits so far: the upper bound of their difference to the leader is below
/// `-margin` points.
///
/// A fifth of `1 - level` is divided among candidates and looks, at least four or one less than the rows are long; with
/// [`confidence_set`]'s share both together keep the level. Candidates without a score on each split that another one
/// has were dropped before and are not named again. None is dropped before the second split.
#[must_use]
pub fn dropped(scores: &Scores, test_over_train: f64, margin: f64, level: f64) -> Vec<usize> {
    let looks = scores.iter().map(|row| row.len().saturating_sub(1)).max().unwrap_or(0).max(LOOKS);
    let Some(pairs) = Pairs::of(scores, test_over_train, (1.0 - level) * OF_RACE / looks as f64) else {
        return Vec::new();
    };
    let leader = pairs.leader();
    pairs.candidates(|i| i != leader && pairs.upper(i, leader) < -margin)
}

/// The confidence set of bests: candidates that are not shown to be worse than another one. The best candidate is in it
/// with a probability of at least `level`, the race included.
///
/// Candidates without a score on each split that another one has were dropped and are out. With one split all that were
/// run are in the set, because nothing is known of spread.
#[must_use]
pub fn confidence_set(scores: &Scores, test_over_train: f64, level: f64) -> Vec<usize> {
    match Pairs::of(scores, test_over_train, (1.0 - level) * (1.0 - OF_RACE)) {
        Some(pairs) => pairs.candidates(|i| pairs.others(i).all(|k| pairs.upper(i, k) >= 0.0)),
        None => complete(scores).0,
    }
}

/// The upper bound of what is lost by the recommended candidate: the best one's score less its own, in points, at the
/// level. None where fewer than two splits or candidates are there, or where the recommended one was dropped.
#[must_use]
pub fn regret_bound(scores: &Scores, recommended: usize, test_over_train: f64, level: f64) -> Option<f64> {
    let pairs = Pairs::of(scores, test_over_train, (1.0 - level) * (1.0 - OF_RACE))?;
    let at = pairs.places.iter().position(|place| *place == recommended)?;
    Some(pairs.others(at).map(|i| pairs.upper(i, at)).fold(0.0, f64::max))
}

/// The candidates that have a score on each split that any candidate has, and these splits.
fn complete(scores: &Scores) -> (Vec<usize>, Vec<usize>) {
    let score = |row: &[Option<f64>], split: usize| row.get(split).copied().flatten();
    let longest = scores.iter().map(Vec::len).max().unwrap_or(0);
    let splits: Vec<usize> = (0..longest).filter(|&s| scores.iter().any(|row| score(row, s).is_some())).collect();
    let has_all = |row: &Vec<Option<f64>>| !splits.is_empty() && splits.iter().all(|&s| score(row, s).is_some());
    ((0..scores.len()).filter(|&c| has_all(&scores[c])).collect(), splits)
}

/// Differences between all pairs of candidates that are still in the race.
struct Pairs {
    /// Their places among all candidates.
    places: Vec<usize>,
    /// Their mean scores.
    means: Vec<f64>,
    /// `half[i][k]` is what the upper bound of i - k is above the difference of their means.
    half: Vec<Vec<f64>>,
}

impl Pairs {
    /// `error` is the probability of a wrong bound among those of one candidate. None of fewer than two candidates or
    /// splits.
    fn of(scores: &Scores, test_over_train: f64, error: f64) -> Option<Self> {
        let (places, splits) = complete(scores);
        let (count, own) = (places.len(), splits.len().checked_sub(1).filter(|own| *own > 0)? as f64);
        let rows: Vec<Vec<f64>> =
            places.iter().map(|&c| splits.iter().filter_map(|&s| scores[c][s]).collect()).collect();
        let others = count.checked_sub(1).filter(|others| *others > 0)? as f64;
        let variance = |i: usize, k: usize| {
            let differences: Vec<f64> = rows[i].iter().zip(&rows[k]).map(|(a, b)| a - b).collect();
            moments(&differences).map_or(0.0, |(_, variance)| variance)
        };
        // Candidates that were dropped before have been compared, too.
        let compared = scores.iter().filter(|row| row.iter().any(Option::is_some)).count() - 1;
        let prior = own * (others - 1.0) / others;
        let t = quantile(1.0 - error / compared as f64, own + prior)?;
        let least = step(&rows).powi(2);
        let of_mean = inflation(splits.len(), test_over_train);
        let half = (0..count).map(|i| {
            let variances: Vec<f64> = (0..count).map(|k| variance(i, k)).collect();
            let family = variances.iter().sum::<f64>() / others;
            let moderated = |own_variance: &f64| (own * own_variance + prior * family) / (own + prior);
            variances.iter().map(|v| t * (v.max(moderated(v)).max(least) * of_mean).sqrt()).collect()
        });
        let half = half.collect();
        let means = rows.iter().map(|row| row.iter().sum::<f64>() / row.len() as f64).collect();
        Some(Self { places, means, half })
    }

    fn upper(&self, i: usize, k: usize) -> f64 {
        self.means[i] - self.means[k] + self.half[i][k]
    }

    fn others(&self, i: usize) -> impl Iterator<Item = usize> {
        (0..self.means.len()).filter(move |k| *k != i)
    }

    fn leader(&self) -> usize {
        (0..self.means.len()).rev().max_by(|&a, &b| self.means[a].total_cmp(&self.means[b])).unwrap_or(0)
    }

    fn candidates(&self, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        self.places.iter().enumerate().filter(|(i, _)| wanted(*i)).map(|(_, place)| *place).collect()
    }
}

/// The least difference of two scores of one split that is not zero. Scores come in steps of one image, so that equal
/// differences on every split are no proof of certainty: one image at least is in doubt.
fn step(rows: &[Vec<f64>]) -> f64 {
    let splits = rows.first().map_or(0, Vec::len);
    let mut least = f64::INFINITY;
    for split in 0..splits {
        let mut scores: Vec<f64> = rows.iter().map(|row| row[split]).collect();
        scores.sort_by(f64::total_cmp);
        // Equal shares of images can differ in the last bits.
        let steps = scores.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 1e-9);
        least = steps.fold(least, f64::min);
    }
    if least.is_finite() { least } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[f64]]) -> Vec<Vec<Option<f64>>> {
        rows.iter().map(|row| row.iter().copied().map(Some).collect()).collect()
    }

    fn four() -> Vec<Vec<Option<f64>>> {
        rows(&[
            &[71.0, 69.5, 73.0, 70.0, 72.0],
            &[70.5, 70.0, 72.0, 69.0, 72.5],
            &[64.0, 66.0, 65.5, 63.0, 66.0],
            &[60.0, 61.0, 59.0, 64.0, 62.0],
        ])
    }

    /// NumPy 2.4.6 and SciPy 1.17.1 by the formulas above; t = scipy.stats.t.ppf(1 - 0.04 / 3, 4 + 8 / 3) = 2.832.
    #[test]
    fn bounds_match_scipy() {
        let pairs = Pairs::of(&four(), 0.25, 0.04).unwrap();
        for (i, k, upper) in [(0, 1, 2.945_090_69), (1, 0, 2.202_511_46), (2, 0, -2.852_218_25), (3, 2, 1.727_144_87)] {
            approx::assert_relative_eq!(pairs.upper(i, k), upper, epsilon = 1e-6);
        }
        assert_eq!(confidence_set(&four(), 0.25, 0.95), [0, 1]);
        approx::assert_relative_eq!(regret_bound(&four(), 0, 0.25, 0.95).unwrap(), 2.202_511_46, epsilon = 1e-6);
        approx::assert_relative_eq!(regret_bound(&four(), 1, 0.25, 0.95).unwrap(), 2.945_090_69, epsilon = 1e-6);
    }

    #[test]
    fn candidates_that_were_dropped_are_out_and_not_named_again() {
        let mut scores = four();
        scores[2] = [54.0, 56.0, 55.5, 53.0, 56.0].map(Some).to_vec();
        scores[3] = vec![Some(60.0), Some(61.0), None, None, None];
        assert_eq!(confidence_set(&scores, 0.25, 0.95), [0, 1]);
        assert_eq!(dropped(&scores, 0.25, 0.5, 0.95), [2]);
        assert_eq!(regret_bound(&scores, 3, 0.25, 0.95), None);
    }

    #[test]
    fn planned_splits_without_scores_do_not_count() {
        let shorter: Vec<_> = four().iter().map(|row| row[..3].to_vec()).collect();
        let mut planned = shorter.clone();
        planned.iter_mut().for_each(|row| row.extend([None, None]));
        assert_eq!(confidence_set(&planned, 0.25, 0.95), confidence_set(&shorter, 0.25, 0.95));
        assert_eq!(dropped(&planned, 0.25, 0.5, 0.95), dropped(&shorter, 0.25, 0.5, 0.95));
    }

    #[test]
    fn one_split_decides_nothing() {
        let one = rows(&[&[90.0], &[10.0]]);
        assert_eq!(dropped(&one, 0.25, 0.5, 0.95), Vec::<usize>::new());
        assert_eq!(confidence_set(&one, 0.25, 0.95), [0, 1]);
        assert_eq!(regret_bound(&one, 0, 0.25, 0.95), None);
        assert_eq!(confidence_set(&[], 0.25, 0.95), Vec::<usize>::new());
        assert_eq!(confidence_set(&[vec![None], vec![None]], 0.25, 0.95), Vec::<usize>::new());
    }

    #[test]
    fn one_image_on_both_of_two_splits_proves_nothing() {
        let scores = rows(&[&[75.0, 80.0], &[70.0, 75.0]]);
        assert_eq!(dropped(&scores, 0.25, 0.5, 0.95), Vec::<usize>::new());
        assert_eq!(confidence_set(&scores, 0.25, 0.95), [0, 1]);
    }

    #[test]
    fn candidates_that_are_alike_stay() {
        let scores = rows(&[&[75.0, 80.0, 70.0], &[75.0, 80.0, 70.0], &[75.0, 80.0, 70.0]]);
        assert_eq!(confidence_set(&scores, 0.25, 0.95), [0, 1, 2]);
        assert_eq!(dropped(&scores, 0.25, 0.0, 0.95), Vec::<usize>::new());
        assert_eq!(regret_bound(&scores, 0, 0.25, 0.95), Some(0.0));
    }
}
