//! The figures of an advice: accuracy against n with what it costs, and accuracy by share of the training images.

use super::super::{
    advice::{ratio, scores, work_exponent},
    format::plain,
    run::Arm,
    statistics::{Estimate, Unit},
};
use super::{
    Drawing, Table,
    look::{self, Look, Shape},
    panel::{ACCURACY, Marks, Panel, Series, WIDTH},
    svg::Svg,
};
use crate::protocol::advice::{
    inference::{Interval, corrected_interval},
    record::{Advice, Candidate, Kind, Measure},
};

const COPIED: &str = "n, number of copied blocks";
const KNN: &str = "k nearest neighbours";
const SCRATCH: &str = "scratch";
const CUT: &str = " A bar without a cap continues beyond the frame.";
/// Between the panels.
const GAP: f64 = 20.0;

/// Copied blocks are drawn like those of other classes in a study.
fn series_of(kind: Kind) -> (&'static str, Look) {
    match kind {
        Kind::Scratch => (SCRATCH, look::of(Arm::Base)),
        Kind::Frozen { .. } => ("frozen", look::of(Arm::Transfer)),
        Kind::FineTuned { .. } => ("fine-tuned", look::of(Arm::TransferPlus)),
        Kind::HeadFirst { .. } => ("head first", Look { colour: "#009E73", shape: Shape::Square, dash: "3 3" }),
        Kind::LowRate { .. } => ("low rate", Look { colour: "#CC79A7", shape: Shape::Diamond, dash: "2 2" }),
    }
}

fn n(kind: Kind) -> u32 {
    u32::try_from(kind.n()).unwrap_or(u32::MAX)
}

fn estimate(mean: f64, interval: Option<Interval>, units: usize) -> Estimate {
    let (low, high) = (interval.map(|i| i.low), interval.map(|i| i.high));
    Estimate { mean, low, high, unit: Unit::Split, units, targets: units, runs: units, at_chance: 0 }
}

/// A series a kind, in the order of the candidates, of what `value` finds.
fn by_kind(advice: &Advice, value: impl Fn(&Candidate) -> Option<Estimate>) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for candidate in &advice.candidates {
        let Some(estimate) = value(candidate) else { continue };
        let (label, look) = series_of(candidate.kind);
        let mean = (n(candidate.kind), estimate);
        match all.iter_mut().find(|series| series.label == label) {
            Some(series) => series.means.push(mean),
            None => {
                let (label, points) = (label.to_string(), Vec::new());
                all.push(Series { label, look, points, means: vec![mean], note: None });
            }
        }
    }
    all
}

/// The axis of what candidates are compared by.
const fn axis(advice: &Advice) -> &'static str {
    match advice.measure {
        Measure::Accuracy => ACCURACY,
        Measure::BalancedAccuracy => "balanced accuracy (%)",
    }
}

fn accuracy(advice: &Advice) -> Panel {
    let of = |candidate: &Candidate| {
        let splits = scores(advice, candidate).iter().flatten().count();
        // One split has a score and no interval.
        let one = || scores(advice, candidate).iter().flatten().next().map(|score| estimate(*score, None, splits));
        candidate.mean.map(|mean| estimate(mean.mean, Some(mean), splits)).or_else(one)
    };
    let mut series = by_kind(advice, of);
    if !advice.neighbours.is_empty() {
        let mean = |n: usize, score: f64| (u32::try_from(n).unwrap_or(u32::MAX), estimate(score, None, advice.splits));
        let look = Look { colour: "#666666", shape: Shape::Plus, dash: "1 3" };
        let means = advice.neighbours.iter().map(|score| mean(score.n, score.knn)).collect();
        series.push(Series { label: KNN.to_string(), look, points: Vec::new(), means, note: None });
    }
    let place = |candidate: &Candidate| (series_of(candidate.kind).0.to_string(), n(candidate.kind));
    let all = || advice.candidates.iter().enumerate();
    Panel {
        at_zero: "(scratch)",
        hollow: all().filter(|(at, _)| !advice.choice.set.contains(at)).map(|(_, c)| place(c)).collect(),
        ringed: advice.candidates.get(advice.choice.recommended).map(place),
        ..Panel::of_percentages(series, COPIED, axis(advice), Marks::Means)
    }
}

fn cost(advice: &Advice) -> Panel {
    let exponent = work_exponent(advice);
    let of = |candidate: &Candidate| {
        let work = candidate.multiply_adds as f64 / 10_f64.powi(exponent);
        (candidate.multiply_adds > 0).then(|| estimate(work, None, 1))
    };
    let label = format!("{} multiply-adds per network", power(exponent));
    Panel {
        at_zero: "(scratch)",
        include: vec![0.0],
        bounds: Some((0.0, f64::INFINITY)),
        ..Panel::of_percentages(by_kind(advice, of), COPIED, &label, Marks::Means)
    }
}

/// A power of ten with a typographic exponent.
const fn power(exponent: i32) -> &'static str {
    match exponent {
        12 => "10\u{b9}\u{b2}",
        9 => "10\u{2079}",
        _ => "10\u{2076}",
    }
}

/// Accuracy against n with intervals, and cost beside it; none where nothing has ended.
pub(super) fn figure(advice: &Advice) -> Option<Drawing> {
    const TITLE: &str = "Accuracy and cost by number of copied blocks";
    let (accuracy, cost) = (accuracy(advice), cost(advice));
    if accuracy.is_empty() {
        return None;
    }
    let caption = format!(
        "First panel: means over {} paired splits of validation images with {:.0} % intervals (variance of Nadeau and \
         Bengio 2003), which contain how much splits differ in difficulty; paired differences do not. Filled \
         marks are the candidates that are not distinguishable from the best, the ring is the recommendation.{}{} Second \
         panel: what training one network costs, where activations of frozen blocks are computed once.",
        advice.splits,
        100.0 * advice.level,
        if accuracy.cuts() { CUT } else { "" },
        if advice.neighbours.is_empty() { "" } else { " Nearest neighbours need no training." },
    );
    let table = numbers(&accuracy, &cost, power(work_exponent(advice)));
    let panels = [("advice-accuracy", "Accuracy", accuracy.draw()), ("advice-cost", "Cost", cost.draw())];
    let (mut whole, mut left, mut height) = (Svg::default(), 0.0, 0.0_f64);
    let mut pictures = Vec::new();
    for (name, title, (svg, size)) in panels {
        whole.inside(left, size, &svg);
        left += WIDTH + GAP;
        height = height.max(size.1);
        pictures.push((name.to_string(), svg.finish(name, title, &caption, size)));
    }
    let drawing = Drawing::new("advice", TITLE, caption, (whole, (left - GAP, height)), table);
    Some(Drawing { panels: pictures, ..drawing })
}

fn interval(estimate: &Estimate) -> String {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("[{}, {}]", plain(low), plain(high)),
        _ => String::new(),
    }
}

/// The numbers of both panels.
fn numbers(accuracy: &Panel, cost: &Panel, power: &str) -> Table {
    let work = format!("{power} multiply-adds");
    let head = ["series", "n", "accuracy (%)", "interval", &work].map(String::from).to_vec();
    let work = |label: &str, n: u32| {
        let series = cost.series.iter().find(|series| series.label == label)?;
        series.means.iter().find(|(at, _)| *at == n).map(|(_, e)| format!("{:.3}", e.mean))
    };
    let row = |series: &Series, (n, e): &(u32, Estimate)| {
        let work = work(&series.label, *n).unwrap_or_default();
        vec![series.label.clone(), n.to_string(), plain(e.mean), interval(e), work]
    };
    let rows = accuracy.series.iter().flat_map(|series| series.means.iter().map(|mean| row(series, mean)));
    Table { head, rows: rows.collect() }
}

/// Accuracy by share of the training images; none where the curve was not run.
pub(super) fn curve(advice: &Advice) -> Option<Drawing> {
    let mut all: Vec<Series> = Vec::new();
    for (point, n) in advice.curve.iter().zip(1..) {
        for value in &point.values {
            let candidate = advice.candidates.get(value.candidate)?;
            let count = value.scores.len();
            let interval = corrected_interval(&value.scores, ratio(advice), advice.level);
            let Some(mean) = interval.map(|i| i.mean).or_else(|| value.scores.first().copied()) else { continue };
            let (kind, look) = series_of(candidate.kind);
            let label = if candidate.kind == Kind::Scratch {
                kind.to_string()
            } else {
                format!("{kind}, n = {}", self::n(candidate.kind))
            };
            let mean = (n, estimate(mean, interval, count));
            match all.iter_mut().find(|series| series.label == label) {
                Some(series) => series.means.push(mean),
                None => all.push(Series { label, look, points: Vec::new(), means: vec![mean], note: None }),
            }
        }
    }
    if all.is_empty() {
        return None;
    }
    // Two candidates of one kind would have one look.
    for at in 1..all.len() {
        if all[..at].iter().any(|before| before.look.colour == all[at].look.colour) {
            all[at].look = Look { colour: "#56B4E9", shape: Shape::Diamond, dash: "8 3 2 3" };
        }
    }
    let names = advice.curve.iter().map(|point| format!("{} ({:.0} %)", point.images, 100.0 * point.share)).collect();
    let panel = Panel { names, ..Panel::of_percentages(all, "training images", axis(advice), Marks::Means) };
    let caption = format!(
        "The recommendation, fine-tuning all and scratch on fewer training images, judged on the same validation images. \
         Means over splits with {:.0} % intervals.{}",
        100.0 * advice.level,
        if panel.cuts() { CUT } else { "" },
    );
    let name = |n: u32| panel.names.get(n as usize - 1).cloned().unwrap_or_default();
    let row = |series: &Series, (n, e): &(u32, Estimate)| {
        vec![series.label.clone(), name(*n), plain(e.mean), interval(e), e.units.to_string()]
    };
    let rows = panel.series.iter().flat_map(|s| s.means.iter().map(|mean| row(s, mean)).collect::<Vec<_>>());
    let head = ["series", "training images", "accuracy (%)", "interval", "splits"].map(String::from).to_vec();
    let table = Table { head, rows: rows.collect() };
    Some(Drawing::new("advice-curve", "Accuracy by number of training images", caption, panel.draw(), table))
}
