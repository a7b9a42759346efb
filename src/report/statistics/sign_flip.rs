//! The joint sign-flip test over a family: it assumes no normal distribution, and no independence between members.
//!
//! Under "no member differs from zero" the values of a unit may as well have had the other sign, those of all members
//! together, because they come from the same networks. So the signs of whole units are flipped, and a member's p is
//! the share of all patterns in which the largest |t| of the family reaches the member's own (single-step maxT;
//! Westfall and Young 1993). That holds the chance of any false alarm in the family, with the correlations of the
//! members as they are, and one unit more halves the smallest p whatever the size of the family.

use std::collections::BTreeSet;

use super::Clusters;
use crate::host::Stream;

/// The level of significance, two-sided; intervals are of 95 % accordingly.
pub const LEVEL: f64 = 0.05;

/// Up to this number of units all sign patterns are counted; beyond it, they are sampled.
const UNITS_FOR_ENUMERATION: usize = 16;
const SAMPLES: u64 = 50_000;
/// Patterns whose statistics differ by rounding alone are the same.
const ROUNDING: f64 = 1e-12;

/// What the test says of one member of a family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// Two-sided p, corrected over the family.
    pub p: f64,
    /// The smallest p that this number of units can give.
    pub smallest: f64,
    /// Members of the family that the p is corrected over, this one included.
    pub family: usize,
}

/// The smallest p of a sign-flip test over `units`: `2 / 2^units`, at most 1.
#[must_use]
pub fn smallest_p(units: usize) -> f64 {
    (2.0 * 0.5f64.powi(i32::try_from(units).unwrap_or(i32::MAX))).min(1.0)
}

/// Tests a family together. A member that has too few units to reach the level is tested alone and does not count
/// in the family of the others, whom it could only harm (Tarone 1990).
#[must_use]
pub fn joint_sign_flip(members: &[Clusters]) -> Vec<Member> {
    let able: Vec<usize> = (0..members.len()).filter(|&i| smallest_p(members[i].values.len()) <= LEVEL).collect();
    let family: Vec<&Clusters> = able.iter().map(|&i| &members[i]).collect();
    let mut of_family = shares(&family).into_iter();
    let judge = |(i, member): (usize, &Clusters)| {
        let smallest = smallest_p(member.values.len());
        let (p, family) = match able.contains(&i) {
            true => (of_family.next(), able.len()),
            false => (shares(&[member]).pop(), 1),
        };
        Member { p: p.unwrap_or(1.0), smallest, family }
    };
    members.iter().enumerate().map(judge).collect()
}

/// One member's values by unit, zero where it has none, with what does not change when signs do.
struct Signed {
    values: Vec<f64>,
    sum: f64,
    squares: f64,
    units: f64,
}

impl Signed {
    fn new(member: &Clusters, units: &[&str]) -> Self {
        let of = |unit: &&str| member.values.iter().find(|(name, _)| name == unit).map_or(0.0, |(_, value)| *value);
        let values: Vec<f64> = units.iter().map(of).collect();
        let (sum, squares) = (values.iter().sum(), values.iter().map(|v| v * v).sum());
        Self { values, sum, squares, units: member.values.len() as f64 }
    }

    /// `1 / (1 + t^2)`, which falls as |t| grows and is finite where t is not. With r = |sum| / sqrt(k sum of squares),
    /// t^2 is `(k - 1) r^2 / (1 - r^2)`; only the sum changes with the signs.
    fn rank(&self) -> f64 {
        let share = if self.squares > 0.0 { (self.sum * self.sum / (self.units * self.squares)).min(1.0) } else { 0.0 };
        let rest = 1.0 - share;
        rest / (rest + (self.units - 1.0) * share).max(f64::MIN_POSITIVE)
    }

    fn flip(&mut self, unit: usize) {
        self.values[unit] = -self.values[unit];
        self.sum += 2.0 * self.values[unit];
    }
}

/// Every member's share of sign patterns in which some member is at least as extreme as it was observed.
fn shares(family: &[&Clusters]) -> Vec<f64> {
    let units: BTreeSet<&str> = family.iter().flat_map(|m| m.values.iter().map(|(name, _)| name.as_str())).collect();
    let units: Vec<&str> = units.into_iter().collect();
    let mut signed: Vec<Signed> = family.iter().map(|member| Signed::new(member, &units)).collect();
    let observed: Vec<f64> = signed.iter().map(Signed::rank).collect();
    let mut hits = vec![0u64; family.len()];
    let count = |signed: &[Signed], hits: &mut [u64]| {
        let most = signed.iter().map(Signed::rank).fold(f64::INFINITY, f64::min);
        hits.iter_mut().zip(&observed).for_each(|(hits, own)| *hits += u64::from(most <= own + ROUNDING));
    };
    if units.len() <= UNITS_FOR_ENUMERATION {
        // Neighbours of the Gray code differ in one sign; the first unit keeps its own, by symmetry.
        let patterns = 1u64 << units.len().saturating_sub(1);
        count(&signed, &mut hits);
        for pattern in 1..patterns {
            signed.iter_mut().for_each(|one| one.flip(1 + pattern.trailing_zeros() as usize));
            count(&signed, &mut hits);
        }
        return hits.into_iter().map(|hits| hits as f64 / patterns as f64).collect();
    }
    let stream = Stream::named("report/sign-flip");
    for sample in 0..SAMPLES {
        let mut words = [0; 4];
        for at in 0..units.len() {
            if at % 128 == 0 {
                words = stream.words(sample, (at / 128) as u32);
            }
            if words[at % 128 / 32] >> (at % 32) & 1 == 1 {
                signed.iter_mut().for_each(|one| one.flip(at));
            }
        }
        count(&signed, &mut hits);
    }
    // The observed pattern counts as one of those that were drawn.
    hits.into_iter().map(|hits| (1 + hits) as f64 / (1 + SAMPLES) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Sample, aggregate};
    use super::*;

    fn of(values: &[f64]) -> Clusters {
        aggregate(&Sample::of_splits(values))
    }

    fn alone(values: &[f64]) -> f64 {
        joint_sign_flip(&[of(values)])[0].p
    }

    #[test]
    fn a_member_alone_has_the_p_of_the_exact_test_of_scipy() {
        // SciPy 1.17.1: scipy.stats.permutation_test((values,), numpy.mean, permutation_type="samples",
        // n_resamples=inf)
        let seven = [0.3, -1.2, 2.5, 0.9, 1.1, 0.4, -0.2];
        approx::assert_relative_eq!(alone(&seven), 0.281_25, epsilon = 1e-12);
        let six = [-0.5, -0.1, -0.7, -0.2, -0.9, -0.4];
        approx::assert_relative_eq!(alone(&six), 0.031_25, epsilon = 1e-12);
        let twelve = [0.31, -0.42, 0.95, 1.21, 0.05, 0.77, -0.11, 0.64, 0.38, 1.02, 0.49, 0.18];
        approx::assert_relative_eq!(alone(&twelve), 0.009_765_625, epsilon = 1e-12);
        approx::assert_relative_eq!(alone(&[-2.0, -2.1, -1.9, -2.2]), 0.125, epsilon = 1e-12);
    }

    #[test]
    fn many_units_are_sampled_close_to_the_exact_value() {
        let values: Vec<f64> = (0..21).map(|i| f64::from(i % 5) - 1.4).collect();
        approx::assert_abs_diff_eq!(alone(&values), 0.141_004_562_4, epsilon = 0.006);
    }

    #[test]
    fn a_family_keeps_the_smallest_p_of_a_single_test() {
        let members: Vec<Clusters> =
            (1..=7).map(|i| of(&(0..6).map(|j| -f64::from(i) - 0.01 * f64::from(j * i)).collect::<Vec<_>>())).collect();
        let judged = joint_sign_flip(&members);
        assert!(judged.iter().all(|member| member.p == 2.0 / 64.0 && member.smallest == 2.0 / 64.0));
        assert!(judged.iter().all(|member| member.family == 7));
    }

    #[test]
    fn joint_ps_match_numpy() {
        // NumPy 2.4.6: all 2^6 patterns of whole rows, t of each column, the share whose largest |t| reaches a
        // column's.
        let strong = of(&[-1.0, -1.2, -0.9, -1.4, -0.8, -1.1]);
        let weak = of(&[0.4, -0.1, 0.5, 0.3, 0.2, 0.6]);
        let none = of(&[0.5, -0.6, 0.1, -0.2, 0.4, -0.3]);
        let ps: Vec<f64> = joint_sign_flip(&[strong, weak, none]).iter().map(|member| member.p).collect();
        for (got, want) in ps.iter().zip([0.03125, 0.125, 1.0]) {
            approx::assert_relative_eq!(*got, want, epsilon = 1e-12);
        }
    }

    #[test]
    fn a_member_is_never_surer_in_a_family_than_alone() {
        let (one, other) = ([0.4, -0.1, 0.5, 0.3, 0.2, 0.6], [1.0, -2.0, 0.5, 0.7, -0.1, 0.3]);
        let joint = joint_sign_flip(&[of(&one), of(&other)]);
        assert!(joint[0].p >= alone(&one) && joint[1].p >= alone(&other));
    }

    #[test]
    fn five_units_cannot_reach_the_level_and_do_no_harm_to_six() {
        let (five, six) = (of(&[-1.0, -1.1, -1.2, -0.9, -1.0]), of(&[-1.0, -1.2, -0.9, -1.4, -0.8, -1.1]));
        let joint = joint_sign_flip(&[five, six]);
        assert_eq!((joint[0].p, joint[0].smallest, joint[0].family), (0.0625, 0.0625, 1));
        assert_eq!((joint[1].p, joint[1].family), (0.03125, 1));
    }

    #[test]
    fn zeros_differ_from_nothing() {
        assert_eq!(alone(&[0.0; 6]), 1.0);
        assert_eq!(smallest_p(0), 1.0);
    }
}
