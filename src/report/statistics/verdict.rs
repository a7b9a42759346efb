//! What follows from an interval: a difference, none that matters, or nothing.

use serde::Serialize;

use super::{Estimate, LEVEL, Sample, TTest, aggregate, estimate, joint_sign_flip, t_test};

/// Fewer units than these give an interval, but no verdict: that of two has one degree of freedom.
pub const UNITS_TO_JUDGE: usize = 3;

/// What an interval says of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval lies below zero, and not inside the margin.
    Lower,
    /// The whole interval lies above zero, and not inside the margin.
    Higher,
    /// The whole interval lies inside the margin: no difference that matters.
    WithinMargin,
    /// The interval holds both zero and more than the margin, or there are too few units.
    Undecided,
    /// Runs that ended at chance are among those that were averaged, so that the mean says nothing of features.
    AtChance,
}

impl Verdict {
    /// The verdict in words; of the margin, [`Verdict::WithinMargin`] says how large it is elsewhere.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
            Self::WithinMargin => "within the margin",
            Self::Undecided => "undecided",
            Self::AtChance => "not judged: runs at chance",
        }
    }

    /// What an estimate says, given the margin in points.
    #[must_use]
    pub fn of(estimate: &Estimate, margin: f64) -> Self {
        match (estimate.low, estimate.high) {
            _ if estimate.at_chance > 0 => Self::AtChance,
            _ if estimate.units < UNITS_TO_JUDGE => Self::Undecided,
            (Some(low), Some(high)) => Self::of_interval(low, high, margin),
            _ => Self::Undecided,
        }
    }

    /// What an interval says, given the margin in points.
    #[must_use]
    pub fn of_interval(low: f64, high: f64, margin: f64) -> Self {
        if low > -margin && high < margin {
            Self::WithinMargin
        } else if high < 0.0 {
            Self::Lower
        } else if low > 0.0 {
            Self::Higher
        } else {
            Self::Undecided
        }
    }
}

/// How the sign-flip test stands to the t test at the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Both reach it, or neither does.
    Agrees,
    /// One reaches it and the other does not.
    Disagrees,
    /// So few units cannot reach it by flipping signs.
    OutOfReach,
}

/// What is said of one difference, as a member of a family.
#[derive(Clone, Debug, Serialize)]
pub struct Test {
    /// Student's t over the units; none of a single unit.
    pub student: Option<TTest>,
    /// p of the joint sign-flip test, corrected over the family.
    pub joint_p: f64,
    /// The smallest p that this number of units can give it.
    pub smallest_p: f64,
    /// Members of the family.
    pub family: usize,
    /// Whether the two tests agree.
    pub check: Check,
    /// What follows from the interval and the margin.
    pub verdict: Verdict,
}

/// Estimates and tests the members of a family, such as one arm at every n; `None` for a sample without observations.
#[must_use]
pub fn judge(family: &[Sample], margin: f64) -> Vec<Option<(Estimate, Test)>> {
    let clusters: Vec<_> = family.iter().map(aggregate).collect();
    let present: Vec<_> = clusters.iter().filter(|member| !member.values.is_empty()).cloned().collect();
    let mut joint = joint_sign_flip(&present).into_iter();
    let judged = family.iter().zip(&clusters).map(|(sample, member)| {
        let estimate = estimate(sample)?;
        let joint = joint.next()?;
        let student = t_test(&member.numbers());
        let check = match student.map(|test| test.p <= LEVEL) {
            _ if joint.smallest > LEVEL => Check::OutOfReach,
            Some(reached) if reached == (joint.p <= LEVEL) => Check::Agrees,
            _ => Check::Disagrees,
        };
        let verdict = Verdict::of(&estimate, margin);
        let (joint_p, smallest_p, family) = (joint.p, joint.smallest, joint.family);
        Some((estimate, Test { student, joint_p, smallest_p, family, check, verdict }))
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(values: &[f64]) -> Verdict {
        Verdict::of(&estimate(&Sample::of_splits(values)).unwrap(), 0.5)
    }

    #[test]
    fn an_interval_beyond_zero_and_not_inside_the_margin_is_a_difference() {
        assert_eq!(verdict(&[-2.0, -2.1, -1.9]), Verdict::Lower);
        assert_eq!(verdict(&[2.0, 2.1, 1.9]), Verdict::Higher);
        // Its mean lies inside the margin, one of its ends does not.
        assert_eq!(verdict(&[0.3, 0.45, 0.6, 0.45]), Verdict::Higher);
    }

    #[test]
    fn an_interval_inside_the_margin_is_a_result_whether_it_holds_zero_or_not() {
        assert_eq!(verdict(&[0.1, -0.1, 0.05, -0.02]), Verdict::WithinMargin);
        assert_eq!(verdict(&[0.10, 0.12, 0.11, 0.09]), Verdict::WithinMargin);
        assert_eq!(verdict(&[-0.10, -0.12, -0.11, -0.09]), Verdict::WithinMargin);
    }

    #[test]
    fn an_interval_with_zero_and_more_than_the_margin_is_undecided() {
        assert_eq!(verdict(&[3.0, -3.0, 2.0, -2.0]), Verdict::Undecided);
        assert_eq!(verdict(&[-0.1, -0.9, 0.05, -0.6]), Verdict::Undecided);
    }

    #[test]
    fn two_units_have_an_interval_and_no_verdict() {
        assert_eq!(verdict(&[-2.0, -2.0]), Verdict::Undecided);
        assert_eq!(verdict(&[-2.0]), Verdict::Undecided);
        assert_eq!(verdict(&[-2.0, -2.0, -2.0]), Verdict::Lower);
    }

    #[test]
    fn a_mean_over_runs_at_chance_is_not_judged() {
        let mut sample = Sample::of_splits(&[-20.0, -21.0, -20.5, -20.2]);
        sample.seen[2].at_chance = true;
        assert_eq!(Verdict::of(&estimate(&sample).unwrap(), 0.5), Verdict::AtChance);
    }

    #[test]
    fn the_margin_decides_what_matters() {
        let small = estimate(&Sample::of_splits(&[0.30, 0.32, 0.28])).unwrap();
        assert_eq!([0.2, 0.5].map(|margin| Verdict::of(&small, margin)), [Verdict::Higher, Verdict::WithinMargin]);
    }

    #[test]
    fn the_check_says_where_the_two_tests_part() {
        let check = |values: &[f64]| judge(&[Sample::of_splits(values)], 0.5).remove(0).unwrap().1.check;
        assert_eq!(check(&[-2.0, -2.1, -1.9, -2.2]), Check::OutOfReach);
        assert_eq!(check(&[-2.0, -2.1, -1.9, -2.2, -1.8, -2.0]), Check::Agrees);
        assert_eq!(check(&[-2.0, 2.1, -1.9, 2.2, -1.8, 2.0]), Check::Agrees);
        // All six on one side, one of them far out: flipping signs sees a difference, t does not.
        assert_eq!(check(&[0.1, 0.2, 0.15, 0.1, 0.2, 9.0]), Check::Disagrees);
    }

    #[test]
    fn a_sample_without_observations_leaves_its_place_empty() {
        let family = [Sample::of_splits(&[1.0; 6]), Sample::default(), Sample::of_splits(&[-1.0; 6])];
        let judged = judge(&family, 0.5);
        assert!(judged[1].is_none());
        assert_eq!(judged[2].as_ref().unwrap().0.mean, -1.0);
        assert_eq!(judged[2].as_ref().unwrap().1.family, 2);
    }
}
