//! The numbers of an advice as tables.

use super::{
    super::{
        figure::Table,
        format::{counted, plain, signed},
    },
    comparisons::{ratio, scores},
    words::{level, measure, work_exponent},
};
use crate::protocol::advice::{
    inference::{Interval, corrected_interval},
    record::{Advice, Candidate, DropReason},
};

/// What stands where there is no number.
const NOTHING: &str = "-";

fn head(titles: &[&str]) -> Vec<String> {
    titles.iter().map(|title| (*title).to_string()).collect()
}

/// A mean accuracy with its interval, which is cut at 0 and 100 %.
fn level_of(interval: &Interval) -> String {
    let [low, high] = [interval.low, interval.high].map(|end| plain(end.clamp(0.0, 100.0)));
    format!("{} [{low}, {high}]", plain(interval.mean))
}

fn difference(interval: &Interval) -> String {
    format!("{} [{}, {}]", signed(interval.mean), signed(interval.low), signed(interval.high))
}

/// Seconds of one network, with a decimal below a minute.
fn time(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() || s <= 0.0 => NOTHING.to_string(),
        s if s < 60.0 => format!("{s:.1} s"),
        s => super::super::format::duration(s),
    }
}

/// What became of a candidate.
fn outcome(advice: &Advice, at: usize, candidate: &Candidate) -> String {
    if at == advice.choice.recommended {
        return "recommended".to_string();
    }
    if advice.choice.set.contains(&at) {
        return "not distinguishable".to_string();
    }
    match candidate.dropped.as_ref().map(|dropped| (dropped.reason, dropped.after_splits)) {
        Some((DropReason::Worse, splits)) => format!("worse, dropped after {}", counted(splits, "split")),
        Some((DropReason::Budget, 0)) => "left out for the budget".to_string(),
        Some((DropReason::Budget, splits)) => format!("left out for the budget after {}", counted(splits, "split")),
        Some((DropReason::Diverged, _)) => "diverged".to_string(),
        None if candidate.mean.is_some() => "worse".to_string(),
        None => NOTHING.to_string(),
    }
}

/// Every candidate in its order.
pub(in super::super) fn candidates(advice: &Advice) -> Table {
    let accuracy = format!("{} (%)", measure(advice));
    let exponent = work_exponent(advice);
    let (work, scored) = (format!("10^{exponent} madds"), !advice.neighbours.is_empty());
    let mut titles = vec!["candidate", "n", &accuracy, "to the leader", "splits", "time", &work];
    titles.extend(scored.then_some("k-NN (%)"));
    titles.push("result");
    let row = |(at, candidate): (usize, &Candidate)| {
        let n = candidate.kind.n();
        let knn = advice.neighbours.iter().find(|score| score.n == n).map(|score| plain(score.knn));
        let leader = at == advice.choice.leader;
        let mean = candidate.mean.as_ref().map(level_of).or_else(|| only_split(advice, candidate));
        let mut row = vec![
            candidate.kind.label(),
            n.to_string(),
            mean.unwrap_or_else(|| NOTHING.to_string()),
            match &candidate.to_leader {
                _ if leader => "the leader".to_string(),
                Some(interval) => difference(interval),
                None => NOTHING.to_string(),
            },
            candidate.accuracy.iter().flatten().count().to_string(),
            time(candidate.seconds),
            format!("{:.3}", candidate.multiply_adds as f64 / 10_f64.powi(exponent)),
        ];
        row.extend(scored.then(|| knn.unwrap_or_else(|| NOTHING.to_string())));
        row.push(outcome(advice, at, candidate));
        row
    };
    Table { head: head(&titles), rows: advice.candidates.iter().enumerate().map(row).collect() }
}

/// The score of a candidate that has one split, which gives no interval.
fn only_split(advice: &Advice, candidate: &Candidate) -> Option<String> {
    match scores(advice, candidate).iter().flatten().collect::<Vec<_>>()[..] {
        [one] => Some(plain(*one)),
        _ => None,
    }
}

/// The networks that were refitted, on the test images; none where these were not opened.
pub(in super::super) fn refit(advice: &Advice) -> Option<Table> {
    let refit = advice.refit.as_ref()?;
    let accuracy = format!("test {} (%)", measure(advice));
    let list = |values: &[f64]| values.iter().map(|value| plain(*value)).collect::<Vec<_>>().join(", ");
    let balanced = refit.networks.iter().any(|network| !network.balanced.is_empty());
    let mut titles = vec!["candidate", &accuracy, "recommendation less it", "accuracy of each seed"];
    titles.extend(balanced.then_some("balanced accuracy of each seed"));
    let row = |network: &crate::protocol::advice::record::Refitted| {
        let kind = advice.candidates.get(network.candidate)?.kind;
        let less = refit.differences.iter().find(|d| d.against == network.candidate).map(|d| difference(&d.difference));
        let mut row = vec![
            kind.label(),
            level_of(&network.mean),
            less.unwrap_or_else(|| NOTHING.to_string()),
            list(&network.accuracy),
        ];
        row.extend(balanced.then(|| list(&network.balanced)));
        Some(row)
    };
    Some(Table { head: head(&titles), rows: refit.networks.iter().filter_map(row).collect() })
}

/// Accuracy by share of the training images; none where the curve was not run.
pub(in super::super) fn curve(advice: &Advice) -> Option<Table> {
    let accuracy = format!("{} (%), {} interval", measure(advice), level(advice));
    let titles = ["candidate", "share (%)", "training images", &accuracy, "splits"];
    let mut rows = Vec::new();
    for point in &advice.curve {
        for value in &point.values {
            let Some(candidate) = advice.candidates.get(value.candidate) else { continue };
            let mean = corrected_interval(&value.scores, ratio(advice), advice.level).as_ref().map(level_of);
            let one = value.scores.first().map(|score| plain(*score));
            rows.push(vec![
                candidate.kind.label(),
                format!("{:.0}", 100.0 * point.share),
                point.images.to_string(),
                mean.or(one).unwrap_or_else(|| NOTHING.to_string()),
                value.scores.len().to_string(),
            ]);
        }
    }
    (!rows.is_empty()).then(|| Table { head: head(&titles), rows })
}

/// Scores of the features without training a network.
pub(in super::super) fn neighbours(advice: &Advice) -> Option<Table> {
    let k = advice.neighbours.first()?.k;
    let knn = format!("{k} nearest neighbours (%)");
    let row = |score: &crate::protocol::advice::record::Neighbours| {
        vec![score.n.to_string(), plain(score.knn), score.ridge.map_or_else(|| NOTHING.to_string(), plain)]
    };
    Some(Table { head: head(&["n", &knn, "ridge regression (%)"]), rows: advice.neighbours.iter().map(row).collect() })
}
