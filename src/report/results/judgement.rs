//! From a contrast to a judgement: the interval, the margin, and what a claim expects of them.

use serde::Serialize;

use super::super::{
    format::{counted, difference, p_value, t_and_p},
    statistics::{Check, SingleCase, Test, UNITS_TO_JUDGE, Verdict},
};
use super::contrast::Contrast;

/// What the data say about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// The interval lies beyond zero in the claimed direction.
    Holds,
    /// The interval lies beyond zero in the other direction.
    Fails,
    /// The interval lies inside the margin: a result of its own.
    NoDifference,
    /// The interval holds both zero and more than the margin, or there are too few units.
    Undecided,
    /// There are numbers, but they cannot bear on the claim.
    Withheld,
    /// The study holds no runs that bear on it.
    NotTested,
}

impl Judgement {
    /// The judgement in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::NoDifference => "no difference",
            Self::Undecided => "undecided",
            Self::Withheld => "withheld",
            Self::NotTested => "not tested here",
        }
    }

    /// The judgement in words, with the margin where it is the result.
    #[must_use]
    pub fn with_margin(self, margin: f64) -> String {
        match self {
            Self::NoDifference => format!("no difference of {margin} points or more"),
            other => other.words().to_string(),
        }
    }
}

/// Which outcome supports a claim.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expects {
    /// A difference below zero.
    Lower,
    /// A difference above zero.
    Higher,
    /// Nothing lower than the margin: that there is no difference supports the claim, and so does one above.
    NotLower,
}

/// Judges a contrast by its interval.
pub(super) fn judge(contrast: &Contrast, margin: f64, expects: Expects) -> Judgement {
    of(contrast.test.verdict, contrast.estimate.low, margin, expects, contrast.estimate.units)
}

/// Judges a comparison of two studies by its interval, as a contrast is judged.
pub(super) fn judge_case(case: &SingleCase, margin: f64, expects: Expects) -> Judgement {
    let verdict = match (case.low, case.high) {
        (Some(low), Some(high)) if case.splits >= UNITS_TO_JUDGE => Verdict::of_interval(low, high, margin),
        _ => Verdict::Undecided,
    };
    of(verdict, case.low, margin, expects, case.splits)
}

fn of(verdict: Verdict, low: Option<f64>, margin: f64, expects: Expects, units: usize) -> Judgement {
    match (verdict, expects) {
        (Verdict::AtChance, _) => Judgement::Withheld,
        (_, Expects::NotLower) if units >= UNITS_TO_JUDGE && low.is_some_and(|low| low > -margin) => Judgement::Holds,
        (Verdict::Lower, Expects::NotLower) => Judgement::Fails,
        (Verdict::WithinMargin, _) => Judgement::NoDifference,
        (Verdict::Lower, Expects::Lower) | (Verdict::Higher, Expects::Higher | Expects::NotLower) => Judgement::Holds,
        (Verdict::Higher, Expects::Lower) | (Verdict::Lower, Expects::Higher) => Judgement::Fails,
        (Verdict::Undecided, _) => Judgement::Undecided,
    }
}

/// The contrast in words: difference, t, p, and how the sign-flip test stands to them.
pub(super) fn sentence(contrast: &Contrast, margin: f64) -> String {
    let (e, test) = (&contrast.estimate, &contrast.test);
    let mut text = format!("{}; {}.", difference(e), tests(test, e.unit.noun()));
    if e.at_chance > 0 {
        text.push_str(&format!(
            " {} of the {} ended at chance, so it is not judged.",
            e.at_chance,
            counted(e.runs, "run")
        ));
    } else if e.units < UNITS_TO_JUDGE {
        let are = if e.units == 1 { "is" } else { "are" };
        text.push_str(&format!(" {} {are} too few for a verdict.", counted(e.units, e.unit.noun())));
    } else if test.verdict == Verdict::WithinMargin {
        text.push_str(&format!(" It is smaller than {margin} points."));
    }
    text
}

/// Both tests in words, such as `t(5) = -12.31, p = 6.3e-5; joint sign-flip p = 0.031`.
fn tests(test: &Test, unit: &str) -> String {
    let Some(student) = test.student else { return "no test of a single unit".to_string() };
    let units = counted(student.df + 1, unit);
    let flips = match test.check {
        Check::OutOfReach => {
            format!("{units} cannot bring the joint sign-flip test below p = {}", p_value(test.smallest_p))
        }
        Check::Agrees => format!("joint sign-flip p = {}", p_value(test.joint_p)),
        Check::Disagrees => format!("the joint sign-flip test disagrees, p = {}", p_value(test.joint_p)),
    };
    format!("{}; {flips}", t_and_p(student.t, student.df, student.p))
}

#[cfg(test)]
mod tests {
    use super::super::{super::statistics::Sample, contrast::single};
    use super::*;

    const MARGIN: f64 = 0.5;

    fn contrast(values: &[f64]) -> Contrast {
        single(Sample::of_splits(values), MARGIN).unwrap()
    }

    fn judged(values: &[f64]) -> [Judgement; 3] {
        [Expects::Lower, Expects::Higher, Expects::NotLower].map(|expects| judge(&contrast(values), MARGIN, expects))
    }

    #[test]
    fn a_clear_drop_supports_a_claimed_drop_and_refutes_a_claimed_gain() {
        use Judgement::{Fails, Holds};
        assert_eq!(judged(&[-2.0, -2.1, -1.9, -2.2]), [Holds, Fails, Fails]);
        assert_eq!(judged(&[2.0, 2.1, 1.9, 2.2]), [Fails, Holds, Holds]);
    }

    #[test]
    fn a_difference_inside_the_margin_is_a_result_and_is_all_that_claim_3_asks_for() {
        use Judgement::{Holds, NoDifference};
        assert_eq!(judged(&[0.1, 0.12, 0.09, 0.11]), [NoDifference, NoDifference, Holds]);
        assert_eq!(judged(&[-0.1, -0.12, -0.09, -0.11]), [NoDifference, NoDifference, Holds]);
        assert!(sentence(&contrast(&[0.1, 0.12, 0.09]), MARGIN).ends_with("It is smaller than 0.5 points."));
        assert_eq!(NoDifference.with_margin(0.25), "no difference of 0.25 points or more");
    }

    #[test]
    fn a_wide_interval_and_too_few_splits_decide_nothing() {
        assert_eq!(judged(&[3.0, -3.0, 2.0, -2.0, 4.0, -3.5]), [Judgement::Undecided; 3]);
        assert_eq!(judged(&[-2.0, -2.0]), [Judgement::Undecided; 3]);
        assert_eq!(judged(&[0.1, 0.1]), [Judgement::Undecided; 3]);
        assert!(sentence(&contrast(&[-2.0, -2.1]), MARGIN).ends_with("2 splits are too few for a verdict."));
        assert!(
            sentence(&contrast(&[-2.0]), MARGIN)
                .ends_with("no test of a single unit. 1 split is too few for a verdict.")
        );
    }

    #[test]
    fn runs_at_chance_withhold_a_judgement() {
        let mut sample = Sample::of_splits(&[-20.0, -21.0, -20.5]);
        sample.seen[0].at_chance = true;
        let found = single(sample, MARGIN).unwrap();
        assert_eq!(judge(&found, MARGIN, Expects::Lower), Judgement::Withheld);
        assert!(sentence(&found, MARGIN).ends_with("1 of the 3 runs ended at chance, so it is not judged."));
    }

    #[test]
    fn a_sentence_gives_t_p_and_how_the_sign_flip_test_agrees_with_them() {
        let four = sentence(&contrast(&[-2.0, -2.1, -1.9, -2.2]), MARGIN);
        assert!(four.contains("t(3) = -31.76, p = 6.9e-5"), "{four}");
        assert!(four.contains("4 splits cannot bring the joint sign-flip test below p = 0.125"), "{four}");
        let six = sentence(&contrast(&[-2.0, -2.1, -1.9, -2.2, -1.8, -2.0]), MARGIN);
        assert!(six.contains("joint sign-flip p = 0.031"), "{six}");
        let apart = sentence(&contrast(&[0.1, 0.2, 0.15, 0.1, 0.2, 9.0]), MARGIN);
        assert!(apart.contains("the joint sign-flip test disagrees, p = 0.031"), "{apart}");
    }

    #[test]
    fn a_single_case_is_judged_by_its_interval() {
        let case = |low: f64, high: f64| SingleCase {
            difference: (low + high) / 2.0,
            low: Some(low),
            high: Some(high),
            t: Some(1.0),
            p: Some(0.5),
            cases: 1,
            controls: 4,
            splits: 4,
        };
        let judged = |low, high, expects| judge_case(&case(low, high), MARGIN, expects);
        assert_eq!(judged(-3.0, -1.0, Expects::Lower), Judgement::Holds);
        assert_eq!(judged(-3.0, 1.0, Expects::Lower), Judgement::Undecided);
        assert_eq!(judged(-0.4, -0.1, Expects::Lower), Judgement::NoDifference);
        assert_eq!(judged(1.0, 3.0, Expects::Higher), Judgement::Holds);
        assert_eq!(judged(-3.0, -1.0, Expects::Higher), Judgement::Fails);
        assert_eq!(judged(-3.0, -1.0, Expects::NotLower), Judgement::Fails);
        let few = SingleCase { splits: 2, ..case(-9.0, -8.0) };
        assert_eq!(judge_case(&few, MARGIN, Expects::Lower), Judgement::Undecided);
        let alone = SingleCase { low: None, high: None, t: None, p: None, splits: 1, ..case(-9.0, -9.0) };
        assert_eq!(judge_case(&alone, MARGIN, Expects::Lower), Judgement::Undecided);
    }
}
