//! Whether more images would change the advice, and whether a score without training would have given it.

use super::{
    comparisons::{others, ratio},
    words::{against, difference},
};
use crate::protocol::advice::{
    inference::{Interval, corrected_interval},
    record::{Advice, Kind},
};

/// The scores of a candidate at a share of the training images.
fn at_share(advice: &Advice, share: f64, candidate: usize) -> Option<&[f64]> {
    let point = advice.curve.iter().find(|point| (point.share - share).abs() < 1e-9)?;
    point.values.iter().find(|value| value.candidate == candidate).map(|value| &value.scores[..])
}

/// The recommendation at a share, less another candidate there, split by split.
fn lead(advice: &Advice, share: f64, other: usize) -> Option<Vec<f64>> {
    let (own, other) = (at_share(advice, share, advice.choice.recommended)?, at_share(advice, share, other)?);
    (own.len() == other.len()).then(|| own.iter().zip(other).map(|(a, b)| a - b).collect())
}

/// The lead with twice the images, if it changes as much as from half of them to all: `2 d(100 %) - d(50 %)` on each
/// split.
fn twice(advice: &Advice, other: usize) -> Option<Interval> {
    let (half, whole) = (lead(advice, 0.5, other)?, lead(advice, 1.0, other)?);
    let further: Vec<f64> = whole.iter().zip(&half).map(|(whole, half)| 2.0 * whole - half).collect();
    corrected_interval(&further, ratio(advice), advice.level)
}

/// Whether more images would change the advice, in sentences; none where the curve was not run.
pub(in super::super) fn more_images(advice: &Advice) -> Option<String> {
    let own = |share: f64| at_share(advice, share, advice.choice.recommended);
    let gain = match (own(0.5), own(1.0)) {
        (Some(half), Some(whole)) => {
            let gains: Vec<f64> = whole.iter().zip(half).map(|(whole, half)| whole - half).collect();
            corrected_interval(&gains, ratio(advice), advice.level)
        }
        _ => None,
    }?;
    let gained = format!(
        "From half of the training images to all of them the recommendation gains {} points.",
        difference(&gain)
    );
    let named = |&(other, interval): &(usize, Interval)| {
        let kind = advice.candidates.get(other)?.kind;
        Some(format!("{} against {}", difference(&interval), against(kind, advice.source.most_n)))
    };
    let leads: Vec<(usize, Interval)> =
        others(advice).into_iter().filter_map(|other| Some((other, twice(advice, other)?))).collect();
    if leads.is_empty() {
        return Some(gained);
    }
    let list = |some: &[(usize, Interval)]| some.iter().filter_map(named).collect::<Vec<_>>().join(", ");
    let lost: Vec<(usize, Interval)> = leads.iter().copied().filter(|(_, lead)| lead.high < 0.0).collect();
    let verdict = if !lost.is_empty() {
        format!("Twice the images would change the advice if that goes on: {}.", list(&lost))
    } else if leads.iter().all(|(_, lead)| lead.low > 0.0) {
        format!("Twice the images would not change the advice if that goes on: {}.", list(&leads))
    } else {
        format!("It cannot be told whether twice the images would change the advice: {} if that goes on.", list(&leads))
    };
    Some(format!("{gained} {verdict}"))
}

/// Whether the n that nearest neighbours score best would have done, in a sentence; none where there are no such scores.
pub(in super::super) fn cheap_score(advice: &Advice) -> Option<String> {
    let best = advice.neighbours.iter().rev().max_by(|a, b| a.knn.total_cmp(&b.knn))?;
    let of_n = |at: &&usize| match advice.candidates.get(**at).map(|candidate| candidate.kind) {
        Some(Kind::Frozen { n } | Kind::FineTuned { n }) => n == best.n,
        _ => false,
    };
    let found: Vec<String> =
        advice.choice.set.iter().filter(of_n).map(|&at| advice.candidates[at].kind.label()).collect();
    let (n, k) = (best.n, best.k);
    let then = match &found[..] {
        [] => format!("Neither {n} nor {n}+ is among the best, so this score alone would have misled."),
        [one] => {
            format!("Of {n} and {n}+ only {one} is among the best: the score gives the n, not what to do with it.")
        }
        _ => format!("{n} and {n}+ are both among the best, so this score alone would have done."),
    };
    Some(format!("Without any training, {k} nearest neighbours score n = {n} best ({:.1} %). {then}", best.knn))
}
