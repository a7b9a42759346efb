//! What a reader of an advice should know, in whole sentences.

use super::{budget, parts::Parts, record::Kind};
use crate::train::WeightsFile;

/// Classes of the target that the source was trained on, too, by name.
pub fn shared_classes(source: &WeightsFile, parts: &Parts) -> Option<String> {
    let shared: Vec<&String> = parts.data.class_names.iter().filter(|name| source.classes.contains(name)).collect();
    let shown: Vec<&str> = shared.iter().take(10).map(|name| name.as_str()).collect();
    let more = shared.len().saturating_sub(10);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!shared.is_empty()).then(|| {
        format!(
            "The source was trained on classes of the same names ({}{rest}): if on the same images, test accuracy is too \
             high.",
            shown.join(", ")
        )
    })
}

/// What was left out for a budget of minutes, before the race.
pub fn left_out(minutes: f64, cut: &budget::Cut, kinds: &[Kind]) -> Vec<String> {
    let mut remarks = Vec::new();
    let names: Vec<String> = cut.candidates.iter().map(|&at| kinds[at].name()).collect();
    if !names.is_empty() {
        remarks.push(format!("Left out for the budget of {minutes} minutes: {}.", names.join(", ")));
    }
    if cut.curve {
        remarks
            .push(format!("The curve at 25 and 50 % of the images was left out for the budget of {minutes} minutes."));
    }
    if cut.too_long {
        remarks.push(format!("What is never left out takes longer than the budget of {minutes} minutes."));
    }
    remarks
}

/// The candidates that were dropped when the minutes were over.
pub fn over(minutes: f64, splits: usize, candidates: &[usize], kinds: &[Kind]) -> String {
    let names: Vec<String> = candidates.iter().map(|&at| kinds[at].name()).collect();
    format!("The {minutes} minutes were over after {splits} splits: {} have no further ones.", names.join(", "))
}
