//! The answer that can be quoted.

use super::{
    super::format::counted,
    comparisons::comparisons,
    words::{action, against, difference, listed, measure},
};
use crate::protocol::advice::record::{Advice, Kind, Measure};

/// The answer: what to copy and whether to freeze it, which candidates are not distinguishable, and what that gains; or
/// that it cannot be told, and what is recommended all the same. ASCII, in whole sentences.
#[must_use]
pub fn sentence(advice: &Advice) -> String {
    let choice = &advice.choice;
    let Some(recommended) = advice.candidates.get(choice.recommended).map(|candidate| candidate.kind) else {
        return "No candidate has finished, so there is no answer yet.".to_string();
    };
    let what = action(recommended, advice.source.most_n);
    let first = if choice.cannot_tell {
        let run = advice.candidates.iter().filter(|c| c.accuracy.iter().any(Option::is_some)).count();
        let kinds = || choice.set.iter().filter_map(|&at| advice.candidates.get(at)).map(|candidate| candidate.kind);
        let cost = |&at: &usize| (advice.candidates.get(at).map(|candidate| candidate.multiply_adds), at);
        let cheapest = choice.set.iter().copied().min_by_key(cost);
        let scratch = kinds().any(|kind| kind == Kind::Scratch) && kinds().any(|kind| kind != Kind::Scratch);
        let whether = if scratch { " whether copying helps" } else { "" };
        let splits = counted(advice.splits, "split");
        let which = if choice.set.len() == run {
            format!("all {} are not distinguishable on {splits}", counted(run, "candidate"))
        } else {
            let (set, names) = (choice.set.len(), listed(advice, &choice.set));
            format!("of {} {set} are not distinguishable on {splits} ({names})", counted(run, "candidate"))
        };
        format!(
            "Cannot tell{whether}: {which}. {}: {}.",
            if cheapest == Some(choice.recommended) { "The cheapest of them" } else { "Recommended all the same" },
            lower(&what),
        )
    } else if choice.set == [choice.recommended] {
        format!("{what}. All others are shown to be worse.")
    } else {
        format!("{what}. Not distinguishable: {}.", listed(advice, &choice.set))
    };
    format!("{first}{}", gains(advice))
}

/// A further sentence on what the recommendation gains.
fn gains(advice: &Advice) -> String {
    let (all, tested) = comparisons(advice);
    if all.is_empty() {
        return String::new();
    }
    let points = match advice.measure {
        Measure::Accuracy => " points".to_string(),
        Measure::BalancedAccuracy => format!(" points of {}", measure(advice)),
    };
    let mut parts: Vec<String> = Vec::new();
    for one in &all {
        let noun = if parts.is_empty() { &points[..] } else { "" };
        let text = difference(&one.difference);
        let (mean, interval) = text.split_once(' ').unwrap_or((&text, ""));
        parts.push(format!("against {} {mean}{noun} {interval}", against(one.against, advice.source.most_n)));
    }
    let tested = if tested { "" } else { " (validation images; the test images were not opened)" };
    let text = format!("{}{tested}.", parts.join(", "));
    format!(" {}{}", text[..1].to_uppercase(), &text[1..])
}

fn lower(text: &str) -> String {
    format!("{}{}", text[..1].to_lowercase(), &text[1..])
}
