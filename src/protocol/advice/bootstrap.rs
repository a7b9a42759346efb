//! Intervals over test images and seeds together: both are drawn anew, crossed with each other.

use super::{inference::Interval, record::Measure};
use crate::host::Stream;
use std::collections::BTreeMap;

/// How many draws.
pub const DRAWS: usize = 2000;

/// Which images each of several networks has right: `[seed][image]`, for one candidate.
pub type Right = Vec<Vec<bool>>;

/// The mean score in percent of each candidate, and the differences of the first to all others, with percentile
/// intervals at a level. A draw takes as many images of each class and as many seeds as there are, with replacement, the
/// same ones for all candidates, so that differences are paired.
pub fn intervals(
    candidates: &[Right],
    labels: &[u16],
    measure: Measure,
    level: f64,
    seed: u64,
) -> (Vec<Interval>, Vec<Interval>) {
    let seeds = candidates.iter().map(Vec::len).min().unwrap_or(0);
    let mut classes: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    labels.iter().enumerate().for_each(|(index, label)| classes.entry(*label).or_default().push(index));
    let classes: Vec<Vec<usize>> = classes.into_values().collect();
    let weight = |class: &[usize]| match measure {
        Measure::Accuracy => 1.0 / labels.len().max(1) as f64,
        Measure::BalancedAccuracy => 1.0 / (classes.len() * class.len()) as f64,
    };
    // The score of each candidate where image i of a class is `image(class, i)` and seed s is `of_seed(s)`.
    let scores = |image: &dyn Fn(usize, usize) -> usize, of_seed: &dyn Fn(usize) -> usize| -> Vec<f64> {
        let mut sums = vec![0.0; candidates.len()];
        for (number, class) in classes.iter().enumerate() {
            let weight = 100.0 * weight(class) / seeds.max(1) as f64;
            for place in 0..class.len() {
                let index = class[image(number, place)];
                for s in 0..seeds {
                    let s = of_seed(s);
                    for (sum, right) in sums.iter_mut().zip(candidates) {
                        *sum += if right[s][index] { weight } else { 0.0 };
                    }
                }
            }
        }
        sums
    };
    let observed = scores(&|_, place| place, &|s| s);
    let stream = Stream::named(&format!("seed={seed}/advice/bootstrap"));
    let mut drawn = vec![Vec::with_capacity(DRAWS); candidates.len()];
    let below = |word: u32, count: usize| ((u64::from(word) * count as u64) >> 32) as usize;
    for draw in 0..DRAWS as u32 {
        let seed_of: Vec<usize> = (0..seeds).map(|s| below(stream.words(s as u64, 2 * draw)[0], seeds)).collect();
        let mut first = 0u64;
        let firsts: Vec<u64> = classes
            .iter()
            .map(|class| {
                let at = first;
                first += class.len() as u64;
                at
            })
            .collect();
        let image = |class: usize, place: usize| {
            below(stream.words(firsts[class] + place as u64, 2 * draw + 1)[0], classes[class].len())
        };
        for (of, score) in drawn.iter_mut().zip(scores(&image, &|s| seed_of[s])) {
            of.push(score);
        }
    }
    let interval = |mean: f64, mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (values.len() - 1) as f64;
            let (low, part) = (place.floor() as usize, place.fract());
            values[low] + part * (values[(low + 1).min(values.len() - 1)] - values[low])
        };
        Interval { mean, low: at((1.0 - level) / 2.0), high: at((1.0 + level) / 2.0) }
    };
    let means = observed.iter().zip(&drawn).map(|(&mean, values)| interval(mean, values.clone())).collect();
    let difference = |other: usize| {
        let values = drawn[0].iter().zip(&drawn[other]).map(|(a, b)| a - b).collect();
        interval(observed[0] - observed[other], values)
    };
    (means, (1..candidates.len()).map(difference).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_against_itself_differs_by_nothing_and_one_that_is_always_right_has_no_width() {
        let labels: Vec<u16> = (0..40).map(|i| i % 4).collect();
        let half: Right = vec![(0..40).map(|i| i % 3 == 0).collect(); 3];
        let all: Right = vec![vec![true; 40]; 3];
        let (means, differences) = intervals(&[half.clone(), half, all], &labels, Measure::Accuracy, 0.95, 1);
        assert_eq!(differences[0], Interval { mean: 0.0, low: 0.0, high: 0.0 });
        assert!((means[0].mean - 35.0).abs() < 1e-9 && means[0].low < 30.0 && means[0].high > 40.0, "{means:?}");
        assert!((means[2].low - 100.0).abs() < 1e-9 && (means[2].high - 100.0).abs() < 1e-9);
        assert!(differences[1].high < 0.0);
    }

    #[test]
    fn intervals_cover_the_true_difference_as_often_as_they_say() {
        // Two candidates with three seeds each; images differ in difficulty, seeds in luck.
        let (trials, images) = (60u32, 150usize);
        let stream = Stream::named("bootstrap coverage");
        let mut covered = 0;
        for trial in 0..trials {
            let unit = |index: u64, page: u32| f64::from(stream.words(index, 10 * trial + page)[0]) / 4_294_967_296.0;
            let hard: Vec<f64> = (0..images).map(|i| 0.3 + 0.4 * unit(i as u64, 0)).collect();
            let right = |gain: f64, page: u32| -> Right {
                (0..3)
                    .map(|s| (0..images).map(|i| unit((s * images + i) as u64, page) < hard[i] + gain).collect())
                    .collect()
            };
            let labels: Vec<u16> = vec![0; images];
            let (_, differences) =
                intervals(&[right(0.1, 1), right(0.0, 2)], &labels, Measure::Accuracy, 0.95, u64::from(trial));
            covered += u32::from(differences[0].low <= 10.0 && 10.0 <= differences[0].high);
        }
        assert!(covered >= 54, "{covered} of {trials}");
    }
}
