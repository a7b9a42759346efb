//! The published runs in plain words: the paper's figures and its Table 1 to every printed digit, and the paired
//! way beside them.

use super::{
    format::{counted, plain, signed},
    results::{Report, Results},
    run::{Arm, Kind},
    table::claims,
};

const FINE_TUNED: [(Arm, &str); 2] = [(Arm::TransferPlus, "AnB+"), (Arm::SelfferPlus, "BnB+")];
const FIGURE_2: [Arm; 4] = [Arm::Selffer, Arm::SelfferPlus, Arm::Transfer, Arm::TransferPlus];

/// What `strata report --published` prints. ASCII only; accuracies of the figures are shares of 1, as the authors'.
#[must_use]
pub fn published_text(report: &Report) -> String {
    let of = |kind: Kind| report.studies.iter().find(|study| study.kind == kind);
    let runs: usize = report.studies.iter().map(|study| study.runs.len()).sum();
    let mut text = format!(
        "The {runs} published runs of Yosinski et al. (2014), from their validation curves. A run's number is the mean of \
         its 10 highest validation accuracies.\n"
    );
    if let Some(halves) = of(Kind::Random) {
        text.push_str(&table_1(halves));
        text.push_str(&paired(halves));
        text.push_str(&figure_2(halves));
    }
    if let (Some(halves), Some(natural), Some(whole)) =
        (of(Kind::Random), of(Kind::ManMadeNatural), of(Kind::AllClasses))
    {
        text.push_str(&figure_3(halves, natural, whole));
    }
    text.push_str(&preserved(report));
    text.push_str(&of(Kind::Reduced).map_or_else(String::new, sizes));
    text.push('\n');
    text.push_str(&claims(report));
    text
}

/// A share of 1 with the six decimals of the authors' numbers.
fn share(percent: f64) -> String {
    format!("{:.6}", exact(percent))
}

/// A difference of shares with its sign.
fn difference(points: f64) -> String {
    let text = format!("{:+.6}", exact(points));
    if text == "-0.000000" { "+0.000000".to_string() } else { text }
}

/// A percentage as the share that was meant, rounded to six decimals, halves away from zero. Means of up to eight
/// numbers of six decimals have nine; what follows those is noise that must not decide the sixth.
fn exact(percent: f64) -> f64 {
    let billionths = (percent * 1e7).round();
    (billionths / 1e3).round() / 1e6
}

/// The mean of some runs' shares with six decimals, as the authors' numbers give it: the sum is compensated for
/// rounding (Neumaier 1974), because the last digit of a mean that lies halfway hangs on it.
fn mean_share(percents: impl Iterator<Item = f64>) -> String {
    let (mut sum, mut lost, mut count) = (0.0f64, 0.0f64, 0usize);
    for percent in percents {
        let share = exact(percent);
        let next = sum + share;
        lost += if sum.abs() >= share.abs() { (sum - next) + share } else { (share - next) + sum };
        (sum, count) = (next, count + 1);
    }
    if count == 0 { "-".to_string() } else { format!("{:.6} ({count})", (sum + lost) / count as f64) }
}

fn table_1(halves: &Results) -> String {
    let mut text =
        "\nTable 1, the paper's way (points): AnB+ minus the mean of all bases / minus the mean of all BnB+\n"
            .to_string();
    for boost in &halves.boosts {
        if let (Some(base), Some(selffer)) = (boost.paper_over_base, boost.paper_over_selffer) {
            text.push_str(&format!(
                "  layers {}-{}: {base:.1} / {selffer:.1}   ({} / {})\n",
                boost.from,
                boost.to,
                plain(base),
                plain(selffer)
            ));
        }
    }
    text
}

/// The paired way: each run minus its own target's base.
fn paired(halves: &Results) -> String {
    let mut text = "\nThe paired way (points): each run minus the base of its own target\n".to_string();
    for boost in &halves.boosts {
        let gains = [boost.transfer_runs, boost.selffer_runs];
        let of = |((arm, name), gain): (&(Arm, &str), Option<f64>)| {
            let counted_runs = halves.runs.iter().filter(|run| {
                run.arm == *arm && run.delta.is_some() && run.n.is_some_and(|n| (boost.from..=boost.to).contains(&n))
            });
            Some(format!("{name} {} ({})", signed(gain?), counted(counted_runs.count(), "run")))
        };
        let both: Vec<String> = FINE_TUNED.iter().zip(gains).filter_map(of).collect();
        text.push_str(&format!("  layers {}-{}: {}\n", boost.from, boost.to, both.join(", ")));
    }
    if let Some(row) = halves.ns.last().and_then(|&n| halves.paired_at(Arm::Transfer, n)) {
        let e = &row.estimate;
        text.push_str(&format!("  AnB at n = {}: {} ({})\n", row.n, signed(e.mean), counted(e.runs, "run")));
    }
    text.push_str(
        "  The published gain of AnB+ over BnB+ compares targets of different difficulty: no published target has both.\n",
    );
    text
}

fn figure_2(halves: &Results) -> String {
    let mut text = "\nFigure 2, mean top-1 accuracy (runs)\n".to_string();
    let of = |arm: Arm, n: Option<u32>| {
        mean_share(halves.runs.iter().filter(|run| run.arm == arm && run.n == n).filter_map(|run| run.top1))
    };
    text.push_str(&format!("  base {}\n", of(Arm::Base, None)));
    let head = FIGURE_2.map(|arm| format!("{:>13}", arm.name()));
    text.push_str(&format!("  n{}\n", head.concat()));
    for &n in &halves.ns {
        let cell = |arm: Arm| format!("{:>13}", of(arm, Some(n)));
        text.push_str(&format!("  {n}{}\n", FIGURE_2.map(cell).concat()));
    }
    text
}

fn figure_3(halves: &Results, natural: &Results, whole: &Results) -> String {
    let mut text = "\nFigure 3, top-1 accuracy, and difference to the base\n\
                    \x20   man-made/natural split (AnB)               all classes, random filters  random halves (AnB)\n\
                    \x20 n  to man-made  to natural   difference      accuracy   difference    difference\n"
        .to_string();
    let level = |target: &str, arm: Arm, n: u32| {
        natural
            .targets
            .iter()
            .find(|row| row.target == target && row.arm == arm && row.n == n)
            .map(|row| row.level.mean)
    };
    let delta = |study: &Results, arm: Arm, n: u32| study.paired_at(arm, n).map(|row| row.estimate.mean);
    let written = |value: Option<f64>, write: fn(f64) -> String| value.map_or_else(|| "-".to_string(), write);
    for n in std::iter::once(0).chain(halves.ns.iter().copied()) {
        let (arm, zero) = if n == 0 { (Arm::Base, Some(0.0)) } else { (Arm::Transfer, None) };
        let random = match n {
            0 => whole.base.as_ref().map(|base| base.mean),
            _ => whole.paper_at(Arm::RandomCaffe, n).map(|row| row.mean),
        };
        text.push_str(&format!(
            "  {n}  {:>11}  {:>10}  {:>11}  {:>12}  {:>11}  {:>12}\n",
            written(level("A", arm, n), share),
            written(level("B", arm, n), share),
            written(zero.or(delta(natural, Arm::Transfer, n)), difference),
            written(random, share),
            written(zero.or(delta(whole, Arm::RandomCaffe, n)), difference),
            written(zero.or(delta(halves, Arm::Transfer, n)), difference),
        ));
    }
    text
}

fn preserved(report: &Report) -> String {
    let mut text =
        "\nLayers preserved above the cut, one split (unpublished in the paper): 0, 1, 2 preserved\n".to_string();
    let ns = report.preserved.iter().map(|row| row.n).max().unwrap_or(0);
    for n in 1..=ns {
        let of = |arm: Arm, preserved: u32| {
            let row = report.preserved.iter().find(|row| row.arm == arm && row.n == n && row.preserved == preserved);
            format!("{:>10}", row.map_or_else(|| "-".to_string(), |row| share(row.top1)))
        };
        let arm = |arm: Arm| format!("{} {}", arm.name(), [0, 1, 2].map(|preserved| of(arm, preserved)).concat());
        text.push_str(&format!("  {n}  {}   {}\n", arm(Arm::Selffer), arm(Arm::Transfer)));
    }
    text
}

fn sizes(reduced: &Results) -> String {
    let mut text = "\nReduced data, 1000 classes: most images of a class, top-1 accuracy\n".to_string();
    for row in &reduced.sizes {
        let size = row.train_size.map_or_else(|| "all".to_string(), |size| size.to_string());
        text.push_str(&format!("  {size:>5}  {}\n", share(row.level.mean)));
    }
    text
}
