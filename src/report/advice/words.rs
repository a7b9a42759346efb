//! How candidates, differences and counts of an advice are written.

use super::super::format::{counted, short};
use crate::protocol::advice::{
    inference::Interval,
    record::{Advice, Kind, Measure},
};

/// What short names mean.
pub(in super::super) const NOTATION: &str = "n: the first n blocks copied and frozen; n+: copied and fine-tuned; head \
                                             first: the new blocks learn alone in the first half of the schedule; low \
                                             rate: the copied blocks learn at a lower rate.";

/// A run of at least so many neighbouring n is written by its ends.
const RUN: usize = 4;

/// A number with one decimal and a sign, such as `+0.3`; no minus zero.
pub(super) fn signed(value: f64) -> String {
    let text = format!("{value:+.1}");
    if matches!(text.as_str(), "+0.0" | "-0.0") { "0.0".to_string() } else { text }
}

/// A difference with its interval, such as `+0.3 [-0.4, +1.0]`.
pub(super) fn difference(interval: &Interval) -> String {
    format!("{} [{}, {}]", signed(interval.mean), signed(interval.low), signed(interval.high))
}

/// What a reader is told to do, without a full stop.
pub(super) fn action(kind: Kind, most_n: usize) -> String {
    let copy = |n: usize| format!("Copy {n} of {most_n} block{}", if most_n == 1 { "" } else { "s" });
    let them = |n: usize| if n == 1 { "it" } else { "them" };
    match kind {
        Kind::Scratch => "Train from scratch".to_string(),
        Kind::Frozen { n } => format!("{} and freeze {}", copy(n), them(n)),
        Kind::FineTuned { n } => format!("{} and fine-tune", copy(n)),
        Kind::HeadFirst { n } => format!("{}, train the new ones alone first, then fine-tune all", copy(n)),
        Kind::LowRate { n, lr_mult } => format!("{} and fine-tune {} at {lr_mult} of the rate", copy(n), them(n)),
    }
}

/// A candidate as what another one is compared with.
pub(super) fn against(kind: Kind, most_n: usize) -> String {
    match kind {
        Kind::FineTuned { n } if n == most_n => "fine-tuning all".to_string(),
        kind => kind.label(),
    }
}

/// The short names of candidates; neighbouring n of a kind are written by their ends.
pub(super) fn listed(advice: &Advice, candidates: &[usize]) -> String {
    let kinds: Vec<Kind> = candidates.iter().filter_map(|&at| advice.candidates.get(at)).map(|c| c.kind).collect();
    let mut parts: Vec<String> = Vec::new();
    let mut rest = &kinds[..];
    while let Some(&first) = rest.first() {
        let next = |a: Kind, b: Kind| match (a, b) {
            (Kind::Frozen { n }, Kind::Frozen { n: m }) | (Kind::FineTuned { n }, Kind::FineTuned { n: m }) => {
                m == n + 1
            }
            _ => false,
        };
        let run = 1 + rest.windows(2).take_while(|pair| next(pair[0], pair[1])).count();
        let (head, tail) = rest.split_at(run);
        match head.last() {
            Some(&last) if run >= RUN => parts.push(format!("{} to {}", first.label(), last.label())),
            _ => parts.extend(head.iter().map(|kind| kind.label())),
        }
        rest = tail;
    }
    parts.join(", ")
}

/// The noun of what candidates are compared by.
pub(super) const fn measure(advice: &Advice) -> &'static str {
    match advice.measure {
        Measure::Accuracy => "accuracy",
        Measure::BalancedAccuracy => "balanced accuracy",
    }
}

/// The advice in a line: what is copied from, the images, the splits.
pub(in super::super) fn about(advice: &Advice) -> String {
    let (source, data) = (&advice.source, &advice.data);
    let least = data.classes.iter().map(|class| class.images).min().unwrap_or(0);
    let most = data.classes.iter().map(|class| class.images).max().unwrap_or(0);
    let each = if least == most { format!("{least} of each") } else { format!("{least} to {most} of each") };
    format!(
        "{} of {}; {}: {} of {} ({each}), {} of them for the test; {} with {} training and {} validation images each; {} \
         of {} images per network",
        source.net,
        source.path,
        data.name,
        counted(data.images, "image"),
        if data.classes.len() == 1 { "1 class".to_string() } else { format!("{} classes", data.classes.len()) },
        data.test_images,
        counted(advice.splits, "paired split"),
        data.training_images,
        data.validation_images,
        counted(usize::try_from(advice.steps).unwrap_or(usize::MAX), "step"),
        advice.batch_size,
    )
}

/// The power of ten that counts of multiply-adds are written in: the largest of these of which the dearest candidate needs
/// a tenth at least.
pub(in super::super) fn work_exponent(advice: &Advice) -> i32 {
    let most = advice.candidates.iter().map(|candidate| candidate.multiply_adds).max().unwrap_or(0);
    [12, 9].into_iter().find(|&exponent| most as f64 >= 0.1 * 10_f64.powi(exponent)).unwrap_or(6)
}

/// The level of intervals, such as `95 %`.
pub(super) fn level(advice: &Advice) -> String {
    format!("{} %", short(100.0 * advice.level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_decimal_has_a_sign_and_zero_has_none() {
        assert_eq!([0.26, -0.44, 0.04, -0.04].map(signed), ["+0.3", "-0.4", "0.0", "0.0"]);
    }

    #[test]
    fn every_kind_is_an_action_that_can_be_followed() {
        assert_eq!(action(Kind::FineTuned { n: 5 }, 7), "Copy 5 of 7 blocks and fine-tune");
        assert_eq!(action(Kind::Frozen { n: 1 }, 7), "Copy 1 of 7 blocks and freeze it");
        assert_eq!(
            action(Kind::LowRate { n: 7, lr_mult: 0.1 }, 7),
            "Copy 7 of 7 blocks and fine-tune them at 0.1 of the rate"
        );
        assert_eq!(
            action(Kind::HeadFirst { n: 4 }, 7),
            "Copy 4 of 7 blocks, train the new ones alone first, then fine-tune all"
        );
    }
}
