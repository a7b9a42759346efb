//! Simulated truth: races over splits of the same images, whose best candidate is known.

use super::{confidence_set, dropped, regret_bound};
use crate::host::Stream;

const DRAWS: usize = 500;
const CANDIDATES: usize = 20;
const SPLITS: usize = 5;
const LEVEL: f64 = 0.95;

/// Standard normal numbers, one after another.
struct Normal(std::vec::IntoIter<f32>, Stream, u64);

impl Normal {
    fn of(name: &str) -> Self {
        Self(Vec::new().into_iter(), Stream::named(name), 0)
    }

    fn next(&mut self) -> f64 {
        if let Some(value) = self.0.next() {
            return f64::from(value);
        }
        self.2 += 1;
        let [low, high] = self.1.key;
        let page = Stream { key: [low ^ self.2 as u32, high] };
        self.0 = page.normal(1 << 12, 1.0).into_iter();
        self.next()
    }
}

type Scores = Vec<Vec<Option<f64>>>;

/// Runs the race over all splits and returns the scores that it would have seen.
fn raced(truth: &Scores, ratio: f64) -> Scores {
    let mut seen: Scores = vec![vec![None; SPLITS]; truth.len()];
    let mut out = vec![false; truth.len()];
    for split in 0..SPLITS {
        for candidate in (0..truth.len()).filter(|c| !out[*c]) {
            seen[candidate][split] = truth[candidate][split];
        }
        if split + 1 < SPLITS {
            dropped(&seen, ratio, 0.5, LEVEL).into_iter().for_each(|candidate| out[candidate] = true);
        }
    }
    seen
}

/// Scores whose differences have exactly the correlation of Nadeau and Bengio between splits. Neighbours have the
/// correlation `alike`.
fn equicorrelated(normal: &mut Normal, means: &[f64], spreads: &[f64], alike: f64, ratio: f64) -> Scores {
    let between = ratio / (1.0 + ratio);
    let noise = |normal: &mut Normal| {
        let mut all: Vec<f64> = (0..means.len()).map(|_| normal.next()).collect();
        for i in 1..all.len() {
            all[i] = alike * all[i - 1] + (1.0 - alike * alike).sqrt() * all[i];
        }
        all
    };
    let shared = noise(normal);
    let mut scores = vec![Vec::new(); means.len()];
    for _ in 0..SPLITS {
        let (own, difficulty) = (noise(normal), 2.0 * normal.next());
        for (i, row) in scores.iter_mut().enumerate() {
            let correlated = between.sqrt() * shared[i] + (1.0 - between).sqrt() * own[i];
            row.push(Some(70.0 + means[i] + difficulty + spreads[i] * correlated));
        }
    }
    scores
}

/// Scores as they arise: each split tests on a random fifth of the same images, whose difficulty all candidates share;
/// networks differ by their seed on each split, and by the images that they learned from, four fifths of all.
fn of_images(normal: &mut Normal, order: Stream, draw: usize, images: usize, means: &[f64], seeds: f64) -> Scores {
    let tested = images / 5;
    let difficulty: Vec<f64> = (0..images).map(|_| normal.next()).collect();
    let liking: Vec<Vec<f64>> = means.iter().map(|_| (0..images).map(|_| 0.6 * normal.next()).collect()).collect();
    let lesson: Vec<Vec<f64>> = means.iter().map(|_| (0..images).map(|_| normal.next()).collect()).collect();
    let mut scores = vec![Vec::new(); means.len()];
    for split in 0..SPLITS {
        let places = order.permutation(images, (draw * SPLITS + split) as u32);
        let (test, training) = places.split_at(tested);
        for (c, row) in scores.iter_mut().enumerate() {
            let learned: f64 = training.iter().map(|&i| lesson[c][i as usize]).sum();
            let shift = means[c] + seeds * (normal.next() + learned / (training.len() as f64).sqrt());
            // At 70 % one point is 0.0288 standard deviations of the normal distribution whose upper part is wrong.
            let threshold = (0.5244 + 0.0288 * shift) * (1.0_f64 + 0.6 * 0.6).sqrt();
            let right = test.iter().filter(|&&i| difficulty[i as usize] + liking[c][i as usize] < threshold).count();
            row.push(Some(100.0 * right as f64 / tested as f64));
        }
    }
    scores
}

/// In how many draws the best, candidate `best`, was in the set, and the loss of the leader within its bound.
fn covered(best: usize, means: &[f64], ratio: f64, mut scores: impl FnMut(usize) -> Scores) -> [usize; 2] {
    let mut counts = [0; 2];
    for draw in 0..DRAWS {
        let seen = raced(&scores(draw), ratio);
        let set = confidence_set(&seen, ratio, LEVEL);
        counts[0] += usize::from(set.contains(&best));
        let recommended = set.last().copied().unwrap_or(best);
        let bound = regret_bound(&seen, recommended, ratio, LEVEL).unwrap_or(f64::INFINITY);
        counts[1] += usize::from(means[best] - means[recommended] <= bound + 1e-9);
    }
    counts
}

/// 95 of 100.
fn enough(counts: [usize; 2], what: &str) {
    assert!(counts.iter().all(|count| count * 100 >= DRAWS * 95), "{what}: {counts:?} of {DRAWS}");
}

const EQUAL: [f64; CANDIDATES] = [0.0; CANDIDATES];

fn by(rule: impl Fn(usize) -> f64) -> [f64; CANDIDATES] {
    std::array::from_fn(rule)
}

#[test]
fn the_best_is_in_the_set_where_spreads_are_equal() {
    for (name, alike) in [("apart", 0.0), ("neighbours alike", 0.9)] {
        for (means, which) in
            [(EQUAL, "ties"), (by(|i| -0.4 * i as f64), "a slope"), (by(|i| -0.3 * (i > 0) as u8 as f64), "close")]
        {
            let mut normal = Normal::of(&format!("{name} {which}"));
            let counts =
                covered(0, &means, 0.25, |_| equicorrelated(&mut normal, &means, &[1.5; CANDIDATES], alike, 0.25));
            enough(counts, &format!("{which}, {name}"));
        }
    }
}

#[test]
fn the_best_is_in_the_set_where_spreads_are_unequal() {
    let few = |noisy: usize| {
        by(move |i| {
            if i == 0 {
                0.3
            } else if i <= noisy {
                6.0
            } else {
                0.3
            }
        })
    };
    let spreads = [
        (by(|i| if i == 0 { 4.0 } else { 0.7 }), "a noisy best"),
        (by(|i| if i == 0 { 0.5 } else { 2.0 }), "a quiet best"),
        (few(1), "one noisy other"),
        (few(3), "three noisy others"),
        (by(|i| if i < 10 { 0.5 } else { 4.0 }), "half of them noisy"),
        (by(|i| 0.2 * 20_f64.powf(i as f64 / 19.0)), "from 0.2 to 4"),
    ];
    for (spreads, what) in spreads {
        let mut normal = Normal::of(what);
        enough(covered(0, &EQUAL, 0.25, |_| equicorrelated(&mut normal, &EQUAL, &spreads, 0.3, 0.25)), what);
    }
}

#[test]
fn the_best_is_in_the_set_where_splits_of_the_same_images_overlap() {
    let real = [0.0, 0.3, 0.5, 0.8, 1.0, 1.5, 0.2, 0.6, 0.7, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 0.4, 0.9, 2.0, 14.0, 20.0];
    for (images, seeds) in [(200, 1.0), (1000, 0.7)] {
        for (means, which) in [(EQUAL, "ties"), (real.map(|below| -below), "a plateau and a cliff")] {
            let what = format!("{images} images, {which}");
            let (mut normal, order) = (Normal::of(&what), Stream::named(&format!("{what}, order")));
            let counts = covered(0, &means, 0.25, |draw| of_images(&mut normal, order, draw, images, &means, seeds));
            enough(counts, &what);
        }
    }
}

#[test]
fn the_race_drops_most_of_what_is_far_behind() {
    let means = by(|i| if i < 4 { 0.0 } else { -20.0 });
    let mut normal = Normal::of("far behind");
    let mut run = 0;
    for _ in 0..DRAWS {
        let seen = raced(&equicorrelated(&mut normal, &means, &[1.0; CANDIDATES], 0.0, 0.25), 0.25);
        run += seen[4..].iter().flatten().flatten().count();
    }
    // At most four of five splits each, on average; two would be the least.
    assert!(run * 5 <= DRAWS * 16 * SPLITS * 4, "{run}");
}
