//! The recommendation beside fine-tuning all and scratch: on test images where they were opened, on the splits otherwise.

use crate::protocol::advice::{
    inference::{Interval, corrected_interval},
    record::{Advice, Candidate, Kind, Measure},
};

/// The recommendation less another candidate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison {
    /// The other one.
    pub against: Kind,
    /// In points.
    pub difference: Interval,
}

/// All comparisons, and whether they are of test images.
pub(super) fn comparisons(advice: &Advice) -> (Vec<Comparison>, bool) {
    match &advice.refit {
        Some(refit) => {
            let of = |d: &crate::protocol::advice::record::Difference| {
                Some(Comparison { against: advice.candidates.get(d.against)?.kind, difference: d.difference })
            };
            (refit.differences.iter().filter_map(of).collect(), true)
        }
        None => (others(advice).into_iter().filter_map(|other| on_splits(advice, other)).collect(), false),
    }
}

/// Fine-tuning all and scratch, where they are not recommended themselves.
pub(super) fn others(advice: &Advice) -> Vec<usize> {
    let all = Kind::FineTuned { n: advice.source.most_n };
    let place = |kind: Kind| advice.candidates.iter().position(|candidate| candidate.kind == kind);
    let found = [all, Kind::Scratch].into_iter().filter_map(place);
    found.filter(|&at| at != advice.choice.recommended).collect()
}

/// What a candidate scored on each split, by the measure.
pub(in super::super) fn scores<'a>(advice: &Advice, candidate: &'a Candidate) -> &'a [Option<f64>] {
    match advice.measure {
        Measure::BalancedAccuracy if !candidate.balanced.is_empty() => &candidate.balanced,
        _ => &candidate.accuracy,
    }
}

/// Images judged of a split over images trained on.
pub(in super::super) fn ratio(advice: &Advice) -> f64 {
    advice.data.validation_images as f64 / advice.data.training_images.max(1) as f64
}

fn on_splits(advice: &Advice, other: usize) -> Option<Comparison> {
    let recommended = advice.candidates.get(advice.choice.recommended)?;
    let other = advice.candidates.get(other)?;
    let pairs = scores(advice, recommended).iter().zip(scores(advice, other));
    let differences: Vec<f64> = pairs.filter_map(|(a, b)| Some((*a)? - (*b)?)).collect();
    let difference = corrected_interval(&differences, ratio(advice), advice.level)?;
    Some(Comparison { against: other.kind, difference })
}
