//! From a contrast to a judgement: sign, significance, and whether the size matters.

use serde::Serialize;

use super::super::{
    format::{counted, difference, p_value},
    statistics::{LEVEL, SingleCase, Verdict},
};
use super::contrast::Contrast;

/// Differences smaller than this many points are taken for none; the noise of training a network again in the
/// published runs is about 0.3.
const MARGIN: f64 = 0.5;

/// What the data say about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// The contrast is significant in the claimed direction.
    Holds,
    /// The contrast is significant in the other direction, or too small to matter.
    DoesNotHold,
    /// The data allow no decision.
    Undecided,
    /// The study holds no runs that bear on it.
    NotTested,
}

impl Judgement {
    /// The judgement in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::Undecided => "undecided",
            Self::NotTested => "not tested here",
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
    /// No difference below the margin.
    NotLower,
}

/// Judges a contrast: undecided where the test could not have decided, else by sign, significance and size.
pub(super) fn judge(contrast: &Contrast, expects: Expects) -> Judgement {
    let above = contrast.estimate.low.is_some_and(|low| low > -MARGIN);
    let below = contrast.estimate.high.is_some_and(|high| high < MARGIN);
    match (contrast.test.verdict, expects) {
        (Verdict::Undecided, _) => Judgement::Undecided,
        (_, Expects::NotLower) if above => Judgement::Holds,
        (Verdict::Lower, Expects::NotLower) => Judgement::DoesNotHold,
        (_, Expects::NotLower) => Judgement::Undecided,
        // What is claimed to be there is there, but within the margin at most.
        (_, Expects::Lower) if above => Judgement::DoesNotHold,
        (_, Expects::Higher) if below => Judgement::DoesNotHold,
        (Verdict::Lower, Expects::Lower) | (Verdict::Higher, Expects::Higher) => Judgement::Holds,
        (Verdict::Higher, Expects::Lower) | (Verdict::Lower, Expects::Higher) => Judgement::DoesNotHold,
        (Verdict::Open, _) => Judgement::Undecided,
    }
}

/// Judges a comparison of two studies by its interval: undecided where there is none or where it holds both zero
/// and more than the margin.
pub(super) fn judge_case(case: &SingleCase, expects: Expects) -> Judgement {
    let (Some(low), Some(high)) = (case.low, case.high) else { return Judgement::Undecided };
    // A claimed gain is a claimed drop with its sign turned.
    let (low, high) = if matches!(expects, Expects::Higher) { (-high, -low) } else { (low, high) };
    match expects {
        _ if low > -MARGIN && matches!(expects, Expects::NotLower) => Judgement::Holds,
        _ if low > -MARGIN => Judgement::DoesNotHold,
        Expects::NotLower if high < 0.0 => Judgement::DoesNotHold,
        Expects::Lower | Expects::Higher if high < 0.0 => Judgement::Holds,
        _ => Judgement::Undecided,
    }
}

/// The contrast in words, with the reason where nothing could be decided.
pub(super) fn sentence(contrast: &Contrast) -> String {
    let (e, test) = (&contrast.estimate, &contrast.test);
    let (low, high) = (e.low.unwrap_or(f64::NEG_INFINITY), e.high.unwrap_or(f64::INFINITY));
    let tested = match test.verdict {
        Verdict::Undecided => format!(
            "with {} a sign-flip test cannot go below p = {}, so {LEVEL} is out of reach",
            counted(e.clusters, "split"),
            p_value(test.smallest)
        ),
        _ => format!("sign-flip p = {}", p_value(test.p)).replace("= <", "<"),
    };
    let beyond = if low > 0.0 || high < 0.0 { ", though the interval excludes zero" } else { "" };
    let size =
        if low > -MARGIN && high < MARGIN { format!(" It is smaller than {MARGIN} points.") } else { String::new() };
    let beyond = if test.verdict == Verdict::Undecided { beyond } else { "" };
    format!("{}; {tested}{beyond}.{size}", difference(e))
}

#[cfg(test)]
mod tests {
    use super::super::{super::statistics::Observation, contrast::single};
    use super::*;

    fn contrast(values: &[f64]) -> Contrast {
        single(&Observation::of_splits(values)).unwrap()
    }

    #[test]
    fn a_clear_drop_supports_a_claimed_drop_and_refutes_a_claimed_gain() {
        let drop = contrast(&[-2.0, -2.1, -1.9, -2.2, -1.8, -2.0]);
        assert_eq!(judge(&drop, Expects::Lower), Judgement::Holds);
        assert_eq!(judge(&drop, Expects::Higher), Judgement::DoesNotHold);
        assert_eq!(judge(&drop, Expects::NotLower), Judgement::DoesNotHold);
    }

    #[test]
    fn a_single_case_is_judged_by_its_interval() {
        let case = |low: f64, high: f64| SingleCase {
            difference: (low + high) / 2.0,
            low: Some(low),
            high: Some(high),
            p: Some(0.5),
            cases: 1,
            controls: 4,
        };
        assert_eq!(judge_case(&case(-3.0, -1.0), Expects::Lower), Judgement::Holds);
        assert_eq!(judge_case(&case(-3.0, 1.0), Expects::Lower), Judgement::Undecided);
        assert_eq!(judge_case(&case(-0.4, -0.1), Expects::Lower), Judgement::DoesNotHold);
        assert_eq!(judge_case(&case(1.0, 3.0), Expects::Higher), Judgement::Holds);
        assert_eq!(judge_case(&case(-3.0, -1.0), Expects::Higher), Judgement::DoesNotHold);
        assert_eq!(judge_case(&case(-3.0, -1.0), Expects::NotLower), Judgement::DoesNotHold);
        let alone = SingleCase { low: None, high: None, p: None, controls: 1, ..case(-9.0, -9.0) };
        assert_eq!(judge_case(&alone, Expects::Lower), Judgement::Undecided);
    }

    #[test]
    fn a_significant_but_tiny_gain_does_not_support_a_claimed_gain() {
        let gain = contrast(&[0.1, 0.12, 0.09, 0.11, 0.1, 0.13]);
        assert_eq!(judge(&gain, Expects::Higher), Judgement::DoesNotHold);
        assert_eq!(judge(&gain, Expects::NotLower), Judgement::Holds);
        assert!(sentence(&gain).contains("smaller than 0.5 points"));
    }

    #[test]
    fn a_wide_interval_decides_nothing() {
        let noise = contrast(&[3.0, -3.0, 2.0, -2.0, 4.0, -3.5]);
        for expects in [Expects::Lower, Expects::Higher, Expects::NotLower] {
            assert_eq!(judge(&noise, expects), Judgement::Undecided);
        }
    }

    #[test]
    fn too_few_splits_decide_nothing_and_say_why() {
        let four = contrast(&[-2.0, -2.1, -1.9, -2.2]);
        assert_eq!(judge(&four, Expects::Lower), Judgement::Undecided);
        assert!(sentence(&four).contains("with 4 splits a sign-flip test cannot go below p = 0.125"));
        assert!(sentence(&four).contains("though the interval excludes zero"));
    }
}
