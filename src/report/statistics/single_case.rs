//! A few special units against a sample of ordinary ones: the test for a single case of Crawford and Howell (1998).

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{mean, sd};

/// The mean of special cases minus the mean of ordinary controls, judged by how much the controls differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SingleCase {
    /// Mean of the cases minus mean of the controls.
    pub difference: f64,
    /// Lower end of the 95 % interval; `None` of fewer than two controls.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Student's t; infinite, which JSON writes as `null`, where the controls are all alike.
    pub t: Option<f64>,
    /// Two-sided probability of such a difference if the cases were controls.
    pub p: Option<f64>,
    /// Number of cases.
    pub cases: usize,
    /// Number of controls.
    pub controls: usize,
    /// Splits that the controls come from: the independent ones among them.
    pub splits: usize,
}

/// `d / (s sqrt(1/m + 1/k))` against Student's t with k - 1 degrees of freedom, where s is the standard deviation
/// of the controls, k the number of splits that they come from, and d the difference of the means; the m cases need no
/// spread of their own, so m may be 1.
///
/// A control must be what a case is: one network is compared with single networks, a mean of two directions with
/// such means. Several controls of one split give s, but count once in k, because they are not independent; that
/// makes the interval rather too wide than too narrow. Assumes that cases would spread as controls do. `None` without
/// a case or a control.
#[must_use]
pub fn single_case(cases: &[f64], controls: &[f64], splits: usize) -> Option<SingleCase> {
    let difference = mean(cases)? - mean(controls)?;
    let (m, k) = (cases.len() as f64, splits.min(controls.len()) as f64);
    let judged = sd(controls).and_then(|spread| {
        let student = StudentsT::new(0.0, 1.0, k - 1.0).ok()?;
        let error = spread * (1.0 / m + 1.0 / k).sqrt();
        let half = student.inverse_cdf(0.975) * error;
        let t = if difference == 0.0 { 0.0 } else { difference / error };
        // Controls that are all alike: anything else is unlike them.
        let p = if t.is_infinite() { 0.0 } else { 2.0 * student.cdf(-t.abs()) };
        Some((difference - half, difference + half, t, p))
    });
    Some(SingleCase {
        difference,
        low: judged.map(|(low, ..)| low),
        high: judged.map(|(_, high, ..)| high),
        t: judged.map(|(_, _, t, _)| t),
        p: judged.map(|(.., p)| p),
        cases: cases.len(),
        controls: controls.len(),
        splits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_single_case_test_matches_scipy() {
        // SciPy 1.17.1: d -+ scipy.stats.t.ppf(0.975, k - 1) * s * sqrt(1/m + 1/k), 2 * scipy.stats.t.sf(abs(t), k - 1)
        let one = single_case(&[-25.0], &[-8.1, -8.4, -7.9, -8.5], 4).unwrap();
        approx::assert_relative_eq!(one.difference, -16.775, epsilon = 1e-12);
        approx::assert_relative_eq!(one.low.unwrap(), -17.754_819_694_418_348, epsilon = 1e-7);
        approx::assert_relative_eq!(one.high.unwrap(), -15.795_180_305_581_647, epsilon = 1e-7);
        approx::assert_relative_eq!(one.p.unwrap(), 1.361_795_790_004_726_5e-5, epsilon = 1e-9);
        let two = single_case(&[-1.0, -2.0], &[0.5, -0.5, 0.1], 3).unwrap();
        approx::assert_relative_eq!(two.low.unwrap(), -3.510_265_833_006_022, epsilon = 1e-7);
        approx::assert_relative_eq!(two.high.unwrap(), 0.443_599_166_339_355, epsilon = 1e-7);
        approx::assert_relative_eq!(two.p.unwrap(), 0.079_263_115_620_748_96, epsilon = 1e-9);
    }

    #[test]
    fn two_halves_of_a_split_give_spread_and_count_once() {
        // SciPy 1.17.1, with s of all eight controls and k = 4.
        let halves = [61.5, 63.4, 62.3, 62.5, 62.9, 62.2, 62.6, 62.7];
        let case = single_case(&[57.6], &halves, 4).unwrap();
        approx::assert_relative_eq!(case.low.unwrap(), -6.88383310991221, epsilon = 1e-6);
        approx::assert_relative_eq!(case.p.unwrap(), 0.004180645991932046, epsilon = 1e-8);
        let apart = single_case(&[57.6], &halves, 8).unwrap();
        assert!(apart.low > case.low && apart.p < case.p);
        assert_eq!((case.controls, case.splits), (8, 4));
    }

    #[test]
    fn one_control_gives_a_difference_and_no_test() {
        let one = single_case(&[3.0], &[1.0], 1).unwrap();
        assert_eq!((one.difference, one.low, one.p), (2.0, None, None));
        let of_one_split = single_case(&[3.0], &[1.0, 1.2], 1).unwrap();
        assert_eq!((of_one_split.low, of_one_split.p), (None, None));
        assert!(single_case(&[], &[1.0], 1).is_none() && single_case(&[1.0], &[], 0).is_none());
    }

    #[test]
    fn controls_without_spread_decide_by_equality() {
        assert_eq!(single_case(&[2.0], &[1.0, 1.0], 2).unwrap().p, Some(0.0));
        assert_eq!(single_case(&[1.0], &[1.0, 1.0], 2).unwrap().p, Some(1.0));
    }
}
