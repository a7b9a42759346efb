//! Sign-flip permutation test over clusters, with Holm's correction across n.

use serde::Serialize;

use super::Generator;

/// The level of significance, two-sided.
pub const LEVEL: f64 = 0.05;

/// Up to this number of clusters all 2^k sign patterns are counted; beyond it, they are sampled.
const CLUSTERS_FOR_ENUMERATION: usize = 20;
const SAMPLES: usize = 100_000;
const SEED: u64 = 6_122_014;

/// What a test says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Significantly below zero.
    Lower,
    /// Significantly above zero.
    Higher,
    /// Significance was within reach and was not reached. This is no evidence of equality.
    Open,
    /// No outcome could have been significant with so few units.
    Undecided,
}

impl Verdict {
    /// The verdict in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
            Self::Open => "not significant",
            Self::Undecided => "undecided",
        }
    }
}

/// A two-sided test of "the mean of the clusters is zero".
#[derive(Clone, Debug, Serialize)]
pub struct Test {
    /// Probability of a mean at least as far from zero if every cluster's sign were a coin toss.
    pub p: f64,
    /// `p` after Holm's correction over the family it was tested in.
    pub holm: f64,
    /// The smallest corrected p that this number of clusters and this family can give.
    pub smallest: f64,
    /// What follows at the level of 0.05.
    pub verdict: Verdict,
}

/// The smallest p of a sign-flip test over `clusters` units: `2 / 2^clusters`, at most 1.
#[must_use]
pub fn smallest_p(clusters: usize) -> f64 {
    (2.0 * 0.5f64.powi(i32::try_from(clusters).unwrap_or(i32::MAX))).min(1.0)
}

/// Two-sided p of the sign-flip test: the share of the 2^k sign patterns whose |sum| reaches the observed one.
///
/// Exact up to 20 values; beyond, `(1 + hits) / (1 + samples)` over 100,000 patterns of a fixed seed. `None` of
/// no values.
#[must_use]
pub fn sign_flip(values: &[f64]) -> Option<f64> {
    let size: f64 = values.iter().map(|v| v.abs()).sum();
    // Sums are taken in another order than the observed one; equal patterns must not be lost to rounding.
    let reached = values.iter().sum::<f64>().abs() - 1e-12 * size;
    match values.len() {
        0 => None,
        k if k <= CLUSTERS_FOR_ENUMERATION => {
            // Neighbours of the Gray code differ in one sign; the first sign is fixed, by symmetry.
            let mut signed = values.to_vec();
            let mut sum: f64 = signed.iter().sum();
            let patterns = 1u32 << (k - 1);
            let mut hits = u32::from(sum.abs() >= reached);
            for pattern in 1..patterns {
                let flipped = &mut signed[1 + pattern.trailing_zeros() as usize];
                *flipped = -*flipped;
                sum += 2.0 * *flipped;
                hits += u32::from(sum.abs() >= reached);
            }
            Some(f64::from(hits) / f64::from(patterns))
        }
        _ => {
            let mut generator = Generator::new(SEED);
            let hit = |generator: &mut Generator| {
                let sum: f64 = values.iter().map(|v| if generator.bits() >> 63 == 0 { *v } else { -v }).sum();
                sum.abs() >= reached
            };
            let hits = (0..SAMPLES).filter(|_| hit(&mut generator)).count();
            Some((1 + hits) as f64 / (1 + SAMPLES) as f64)
        }
    }
}

/// Holm's step-down correction: the i-th smallest of m is multiplied by `m - i`, made monotone, and cut at 1.
#[must_use]
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&a, &b| ps[a].total_cmp(&ps[b]));
    let mut corrected = vec![0.0; ps.len()];
    let mut floor = 0.0f64;
    for (rank, &at) in order.iter().enumerate() {
        floor = floor.max(ps[at] * (ps.len() - rank) as f64).min(1.0);
        corrected[at] = floor;
    }
    corrected
}

/// Tests a family of cluster values together, such as one arm at every n.
///
/// A member is undecided where its corrected p would miss the level even if every member had its smallest possible p.
#[must_use]
pub fn judge(family: &[Vec<f64>]) -> Vec<Test> {
    let ps: Vec<f64> = family.iter().map(|values| sign_flip(values).unwrap_or(1.0)).collect();
    // Holm's correction rises with each p, so that no outcome gives less than the smallest ps do together.
    let least = holm(&family.iter().map(|values| smallest_p(values.len())).collect::<Vec<_>>());
    let judged = holm(&ps).into_iter().zip(&ps).zip(family).zip(least).map(|(((holm, &p), values), smallest)| {
        let verdict = match values.iter().sum::<f64>() {
            _ if smallest > LEVEL => Verdict::Undecided,
            _ if holm > LEVEL => Verdict::Open,
            sum if sum < 0.0 => Verdict::Lower,
            _ => Verdict::Higher,
        };
        Test { p, holm, smallest, verdict }
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_test_matches_scipy() {
        // SciPy 1.17.1: scipy.stats.permutation_test((values,), numpy.mean, permutation_type="samples", n_resamples=inf)
        let seven = [0.3, -1.2, 2.5, 0.9, 1.1, 0.4, -0.2];
        approx::assert_relative_eq!(sign_flip(&seven).unwrap(), 0.281_25, epsilon = 1e-12);
        let six = [-0.5, -0.1, -0.7, -0.2, -0.9, -0.4];
        approx::assert_relative_eq!(sign_flip(&six).unwrap(), 0.031_25, epsilon = 1e-12);
        let twelve = [0.31, -0.42, 0.95, 1.21, 0.05, 0.77, -0.11, 0.64, 0.38, 1.02, 0.49, 0.18];
        approx::assert_relative_eq!(sign_flip(&twelve).unwrap(), 0.009_765_625, epsilon = 1e-12);
    }

    #[test]
    fn more_than_twenty_clusters_are_sampled_close_to_the_exact_value() {
        let values: Vec<f64> = (0..21).map(|i| f64::from(i % 5) - 1.4).collect();
        approx::assert_abs_diff_eq!(sign_flip(&values).unwrap(), 0.141_004_562_4, epsilon = 0.006);
    }

    #[test]
    fn holm_multiplies_by_the_remaining_tests_and_never_falls() {
        // In rising order: 0.005 * 4, 0.01 * 3, 0.03 * 2, and 0.04 * 1 raised to its predecessor.
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, want) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            approx::assert_relative_eq!(*got, want, epsilon = 1e-12);
        }
    }

    #[test]
    fn five_clusters_are_undecided_and_six_can_be_significant() {
        assert_eq!(judge(&[vec![-1.0; 5]])[0].verdict, Verdict::Undecided);
        assert_eq!(judge(&[vec![-1.0; 6]])[0].verdict, Verdict::Lower);
        assert_eq!(judge(&[vec![1.0; 6]])[0].verdict, Verdict::Higher);
        assert_eq!(judge(&[vec![1.0, -1.0, 1.0, -1.0, 1.0, -1.0]])[0].verdict, Verdict::Open);
    }

    #[test]
    fn what_is_undecided_follows_from_the_number_of_clusters_of_every_member() {
        // Five members of twelve clusters leave the one of six in the last place of the correction.
        let mut family = vec![vec![1.0; 12]; 5];
        family.push(vec![1.0; 6]);
        let judged = judge(&family);
        assert!(judged.iter().all(|test| test.holm >= test.smallest));
        assert_eq!(judged[5].verdict, Verdict::Higher);
        assert_eq!(judged[5].smallest, smallest_p(6));
    }

    #[test]
    fn a_family_of_seven_needs_more_clusters_than_a_single_test() {
        let family = vec![vec![-1.0; 8]; 7];
        assert!(judge(&family).iter().all(|test| test.verdict == Verdict::Undecided));
        let family = vec![vec![-1.0; 9]; 7];
        assert!(judge(&family).iter().all(|test| test.verdict == Verdict::Lower));
    }
}
