//! A mean over independent units with its 95 % interval, and Student's t.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Sample, Unit, aggregate, mean, sd};

/// A mean over units, its 95 % interval, and what it rests on.
#[derive(Clone, Debug, Serialize)]
pub struct Estimate {
    /// Mean of the units' values.
    pub mean: f64,
    /// Lower end of the 95 % interval by Student's t; none of a single unit, which says nothing about spread.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// What the units are.
    pub unit: Unit,
    /// How many independent units there are.
    pub units: usize,
    /// Targets over all splits.
    pub targets: usize,
    /// Runs over all targets.
    pub runs: usize,
    /// Runs of the mean that ended at chance, or whose counterpart did.
    pub at_chance: usize,
}

impl Estimate {
    /// Half the width of the interval.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }
}

/// A two-sided test of "the mean is zero".
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TTest {
    /// `mean / (sd / sqrt(k))`; infinite where all values are equal and not zero, which JSON writes as `null`.
    pub t: f64,
    /// Degrees of freedom, k - 1.
    pub df: usize,
    /// Two-sided probability of a t at least as far from zero.
    pub p: f64,
}

fn student(k: usize) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, k.checked_sub(1)? as f64).ok()
}

/// The two-sided 95 % interval `mean -+ t(0.975, k - 1) * sd / sqrt(k)`; `None` of fewer than two values.
#[must_use]
pub fn t_interval(values: &[f64]) -> Option<(f64, f64)> {
    let (centre, spread) = (mean(values)?, sd(values)?);
    let half = student(values.len())?.inverse_cdf(0.975) * spread / (values.len() as f64).sqrt();
    Some((centre - half, centre + half))
}

/// Student's t for "the mean is zero"; `None` of fewer than two values.
#[must_use]
pub fn t_test(values: &[f64]) -> Option<TTest> {
    let (centre, spread) = (mean(values)?, sd(values)?);
    let error = spread / (values.len() as f64).sqrt();
    let t = if centre == 0.0 { 0.0 } else { centre / error };
    // Values that are all alike leave no doubt.
    let p = if t.is_infinite() { 0.0 } else { 2.0 * student(values.len())?.cdf(-t.abs()) };
    Some(TTest { t, df: values.len() - 1, p })
}

/// Aggregates observations to units and estimates their mean; `None` of no observation.
#[must_use]
pub fn estimate(sample: &Sample) -> Option<Estimate> {
    let clusters = aggregate(sample);
    let values = clusters.numbers();
    let ends = t_interval(&values);
    Some(Estimate {
        mean: mean(&values)?,
        low: ends.map(|e| e.0),
        high: ends.map(|e| e.1),
        unit: sample.unit,
        units: values.len(),
        targets: clusters.targets,
        runs: clusters.runs,
        at_chance: sample.seen.iter().filter(|o| o.at_chance).count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_t_interval_matches_scipy() {
        // SciPy 1.17.1: scipy.stats.t.interval(0.95, k - 1, loc=mean, scale=scipy.stats.sem(values))
        let (low, high) = t_interval(&[0.3, -1.2, 2.5, 0.9, 1.1]).unwrap();
        approx::assert_relative_eq!(low, -0.946_792_287_884_880_2, epsilon = 1e-8);
        approx::assert_relative_eq!(high, 2.386_792_287_884_88, epsilon = 1e-8);
        let (low, high) = t_interval(&[-8.2, -7.9]).unwrap();
        approx::assert_relative_eq!(low, -9.955_930_710_426_198, epsilon = 1e-7);
        approx::assert_relative_eq!(high, -6.144_069_289_573_803, epsilon = 1e-7);
    }

    #[test]
    fn students_t_and_its_p_match_scipy() {
        // SciPy 1.17.1: scipy.stats.ttest_1samp(values, 0)
        let test = t_test(&[0.3, -1.2, 2.5, 0.9, 1.1]).unwrap();
        approx::assert_relative_eq!(test.t, 1.1993338883749853, epsilon = 1e-12);
        approx::assert_relative_eq!(test.p, 0.2965830903790085, epsilon = 1e-10);
        assert_eq!(test.df, 4);
        let test = t_test(&[-8.2, -7.9, -8.4, -8.0]).unwrap();
        approx::assert_relative_eq!(test.t, -73.28548773027583, epsilon = 1e-11);
        approx::assert_relative_eq!(test.p, 5.599197276719712e-06, epsilon = 1e-10);
    }

    #[test]
    fn values_that_are_all_alike_leave_no_doubt() {
        assert_eq!(t_test(&[2.0, 2.0, 2.0]).map(|test| test.p), Some(0.0));
        assert_eq!(t_test(&[0.0, 0.0, 0.0]).map(|test| (test.t, test.p)), Some((0.0, 1.0)));
        assert_eq!(t_test(&[1.0]), None);
    }

    #[test]
    fn one_unit_has_a_number_and_no_interval() {
        let one = estimate(&Sample::of_splits(&[2.5])).unwrap();
        assert_eq!((one.mean, one.low, one.high), (2.5, None, None));
        assert_eq!((one.units, one.targets, one.runs), (1, 1, 1));
        assert!(estimate(&Sample::default()).is_none());
    }

    #[test]
    fn the_interval_is_that_of_t_however_many_units_there_are() {
        let values: Vec<f64> = (0..40).map(|i| f64::from(i % 7)).collect();
        let many = estimate(&Sample::of_splits(&values)).unwrap();
        assert_eq!((many.low, many.high), (t_interval(&values).map(|e| e.0), t_interval(&values).map(|e| e.1)));
    }
}
