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
    /// Two-sided probability of such a difference if the cases were controls.
    pub p: Option<f64>,
    /// Number of cases.
    pub cases: usize,
    /// Number of controls.
    pub controls: usize,
}

/// `d / (s sqrt(1/m + 1/k))` against Student's t with k - 1 degrees of freedom, where s is the standard deviation
/// of the k controls and d the difference of the means; cases need no spread of their own, so m may be 1.
///
/// Assumes that cases would spread as controls do. `None` without a case or a control.
#[must_use]
pub fn single_case(cases: &[f64], controls: &[f64]) -> Option<SingleCase> {
    let difference = mean(cases)? - mean(controls)?;
    let (m, k) = (cases.len() as f64, controls.len() as f64);
    let judged = sd(controls).and_then(|spread| {
        let student = StudentsT::new(0.0, 1.0, k - 1.0).ok()?;
        let error = spread * (1.0 / m + 1.0 / k).sqrt();
        let half = student.inverse_cdf(0.975) * error;
        let p = match (error > 0.0, difference == 0.0) {
            (true, _) => 2.0 * student.cdf(-(difference / error).abs()),
            // Controls that are all alike: anything else is unlike them.
            (false, equal) => f64::from(u8::from(equal)),
        };
        Some((difference - half, difference + half, p))
    });
    Some(SingleCase {
        difference,
        low: judged.map(|(low, _, _)| low),
        high: judged.map(|(_, high, _)| high),
        p: judged.map(|(_, _, p)| p),
        cases: cases.len(),
        controls: controls.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_single_case_test_matches_scipy() {
        // SciPy 1.17.1: d -+ scipy.stats.t.ppf(0.975, k - 1) * s * sqrt(1/m + 1/k), 2 * scipy.stats.t.sf(abs(t), k - 1)
        let one = single_case(&[-25.0], &[-8.1, -8.4, -7.9, -8.5]).unwrap();
        approx::assert_relative_eq!(one.difference, -16.775, epsilon = 1e-12);
        approx::assert_relative_eq!(one.low.unwrap(), -17.754_819_694_418_348, epsilon = 1e-7);
        approx::assert_relative_eq!(one.high.unwrap(), -15.795_180_305_581_647, epsilon = 1e-7);
        approx::assert_relative_eq!(one.p.unwrap(), 1.361_795_790_004_726_5e-5, epsilon = 1e-9);
        let two = single_case(&[-1.0, -2.0], &[0.5, -0.5, 0.1]).unwrap();
        approx::assert_relative_eq!(two.low.unwrap(), -3.510_265_833_006_022, epsilon = 1e-7);
        approx::assert_relative_eq!(two.high.unwrap(), 0.443_599_166_339_355, epsilon = 1e-7);
        approx::assert_relative_eq!(two.p.unwrap(), 0.079_263_115_620_748_96, epsilon = 1e-9);
    }

    #[test]
    fn one_control_gives_a_difference_and_no_test() {
        let one = single_case(&[3.0], &[1.0]).unwrap();
        assert_eq!((one.difference, one.low, one.p), (2.0, None, None));
        assert!(single_case(&[], &[1.0]).is_none() && single_case(&[1.0], &[]).is_none());
    }

    #[test]
    fn controls_without_spread_decide_by_equality() {
        assert_eq!(single_case(&[2.0], &[1.0, 1.0]).unwrap().p, Some(0.0));
        assert_eq!(single_case(&[1.0], &[1.0, 1.0]).unwrap().p, Some(1.0));
    }
}
