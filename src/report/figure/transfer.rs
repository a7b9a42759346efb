//! The figures over n: Figure 2 in both of its panels and paired, its decomposition, and random filters.

use super::super::{
    format::{interval, minus, plain, signed, units},
    results::{Results, Row},
    run::Arm,
    statistics::Estimate,
};
use super::{
    Figure, Table,
    look::{self, Look, Shape},
    panel::{Marks, Panel, Point, Reference, Series},
};

pub(super) const COPIED: &str = "n, number of copied layers";
const FROZEN: &str = "n, number of frozen layers";
pub(super) const ACCURACY: &str = "top-1 accuracy (%)";
pub(super) const READING: &str =
    "Small marks are runs, large marks means over splits, bars 95 % intervals between splits.";
const DIFFICULTY: &str = "These intervals contain how much the splits differ in difficulty; paired differences do not.";
const TRANSFER: [Arm; 4] = [Arm::Selffer, Arm::SelfferPlus, Arm::Transfer, Arm::TransferPlus];
const RANDOM: [Arm; 4] = [Arm::Transfer, Arm::RandomCaffe, Arm::RandomHe, Arm::RandomMoments];

/// The figures of one study that it has data for.
pub(super) fn figures(results: &Results) -> Vec<Figure> {
    let random = results.arms().into_iter().any(|arm| arm != Arm::Transfer && RANDOM.contains(&arm));
    let transfer = results.arms().into_iter().any(|arm| TRANSFER.contains(&arm));
    let mut figures = Vec::new();
    if transfer {
        figures.extend([runs(results), means(results), paired(results), decomposition(results)]);
    }
    if random {
        figures.push(random_filters(results));
    }
    figures.into_iter().flatten().collect()
}

/// Puts a figure together from its panel; the caption says where intervals were cut.
pub(super) fn finish(
    name: &str,
    title: &str,
    caption: &str,
    panel: &Panel,
    number: fn(f64) -> String,
) -> Option<Figure> {
    if panel.is_empty() {
        return None;
    }
    let open =
        if panel.cuts() { " A bar without a cap goes on beyond the frame; its ends stand in the table." } else { "" };
    let caption = format!("{caption}{open}");
    let head = ["series", "n", "mean", "95 % interval", "units"].map(String::from).to_vec();
    let cells = |label: &str, n: String, e: &Estimate| {
        vec![label.to_string(), n, minus(&number(e.mean)), minus(&interval(e, number)), units(e)]
    };
    let named = |n: u32| n.checked_sub(1).and_then(|at| panel.names.get(at as usize)).cloned();
    let of_series = |s: &Series| {
        let row = |(n, e): &(u32, Estimate)| cells(&s.label, named(*n).unwrap_or_else(|| n.to_string()), e);
        s.means.iter().map(row).collect::<Vec<_>>()
    };
    let reference = panel.reference.iter().map(|r| cells(&r.label, "all".to_string(), &r.estimate));
    let rows = panel.series.iter().flat_map(of_series).chain(reference).collect();
    Some(Figure::new(name, title, caption, panel.draw(), Table { head, rows }))
}

/// What the paper reads from each line of its Figure 2, with the paper's numbers.
const fn meaning(arm: Arm) -> Option<(u32, &'static str)> {
    match arm {
        Arm::Base => Some((1, "trained from scratch")),
        Arm::Selffer => Some((2, "loss by fragile co-adaptation")),
        Arm::SelfferPlus => Some((3, "fine-tuning recovers it")),
        Arm::Transfer => Some((4, "loss by specific features, too")),
        Arm::TransferPlus => Some((5, "gain by transfer")),
        _ => None,
    }
}

/// Accuracies of arms by n, the base at 0.
fn levels(results: &Results, arms: &[Arm]) -> Vec<Series> {
    let series = |&arm: &Arm| {
        let rows = results.runs.iter().filter(|r| r.arm == arm);
        let points = rows.filter_map(|r| Some(Point { n: r.n.unwrap_or(0), value: r.top1?, run: r.run.clone() }));
        let means = match arm {
            Arm::Base => results.base.iter().map(|base| (0, base.estimate.clone())).collect(),
            _ => results.paper.iter().filter(|r| r.arm == arm).map(|r| (r.n, r.level.clone())).collect(),
        };
        let (label, points) = (arm.name().to_string(), points.collect());
        Series { label, look: look::of(arm), points, means, note: None }
    };
    [Arm::Base].iter().chain(arms).map(series).filter(|s| !s.points.is_empty()).collect()
}

/// The paper's upper panel: every network as a mark.
fn runs(results: &Results) -> Option<Figure> {
    let panel = Panel::of_percentages(levels(results, &TRANSFER), COPIED, ACCURACY, Marks::Runs);
    let caption = "Every mark is a network; marks are moved sideways a little so that equal ones show.";
    finish("figure2", "Figure 2, every network", caption, &panel, plain)
}

/// The paper's lower panel: a line of means an arm, with what the paper reads from it.
fn means(results: &Results) -> Option<Figure> {
    let mut series = levels(results, &TRANSFER);
    for (s, arm) in series.iter_mut().zip([Arm::Base].iter().chain(&TRANSFER).filter(|arm| has(results, **arm))) {
        s.note = meaning(*arm);
    }
    let panel = Panel::of_percentages(series, COPIED, ACCURACY, Marks::Means);
    let caption = format!(
        "Means over splits with 95 % intervals between splits. The words beside the numbers are the paper's reading; \
         the verdicts on this page say what these runs support. {DIFFICULTY}"
    );
    finish("figure2-means", "Figure 2, means", &caption, &panel, plain)
}

fn has(results: &Results, arm: Arm) -> bool {
    results.runs.iter().any(|r| r.arm == arm && r.top1.is_some())
}

fn random_filters(results: &Results) -> Option<Figure> {
    let panel = Panel::of_percentages(levels(results, &RANDOM), FROZEN, ACCURACY, Marks::Both);
    finish("random-filters", "Random frozen filters", &format!("{READING} {DIFFICULTY}"), &panel, plain)
}

/// The differences of an arm to each run's own base.
pub(super) fn deltas(results: &Results, arm: Arm, label: &str, look: Look) -> Series {
    let rows = results.runs.iter().filter(|r| r.arm == arm);
    let points = rows.filter_map(|r| Some(Point { n: r.n?, value: r.delta?, run: r.run.clone() })).collect();
    let means = results.paired.iter().filter(|r| r.arm == arm).map(|r| (r.n, r.estimate.clone())).collect();
    Series { label: label.to_string(), look, points, means, note: None }
}

/// Each run minus its own base, with the gain of the restarted base beside it.
fn paired(results: &Results) -> Option<Figure> {
    let series = TRANSFER.into_iter().map(|arm| deltas(results, arm, arm.name(), look::of(arm)));
    let series = series.filter(|s| !s.points.is_empty()).collect();
    let reference = results.restart_gain().map(|estimate| Reference {
        label: "restarted base".to_string(),
        look: look::of(Arm::Restart),
        estimate: estimate.clone(),
    });
    let beside = if reference.is_some() {
        " The dotted line with its band is the gain of a restarted base, trained as long without any transfer."
    } else {
        " No restarted base was trained, so the gain of longer training alone is not shown."
    };
    let panel = Panel { reference, ..Panel::of_differences(series, COPIED, "difference to own base (points)") };
    let caption = format!("Each run minus the base of its own split, replicate and target. {READING}{beside}");
    finish("figure2-paired", "Difference to the run's own base", &caption, &panel, signed)
}

/// Co-adaptation and specificity as two signed curves.
fn decomposition(results: &Results) -> Option<Figure> {
    let means = |rows: &[Row]| rows.iter().map(|r| (r.n, r.estimate.clone())).collect();
    let co_adaptation = Series {
        means: means(&results.co_adaptation),
        ..deltas(results, Arm::Selffer, "co-adaptation (BnB \u{2212} base)", look::of(Arm::Selffer))
    };
    let differences = results.differences.iter().map(|d| Point { n: d.n, value: d.value, run: d.run.clone() });
    let specificity = Series {
        label: "specificity (AnB \u{2212} BnB)".to_string(),
        look: Look { colour: "#CC79A7", shape: Shape::Down, dash: "6 3" },
        points: differences.collect(),
        means: means(&results.specificity),
        note: None,
    };
    let series = [co_adaptation, specificity].into_iter().filter(|s| !s.points.is_empty()).collect();
    let panel = Panel::of_differences(series, COPIED, "part of the difference (points)");
    let caption = format!(
        "What freezing costs even with a network's own features (co-adaptation), and what the other half's features \
         cost on top (specificity), on the same split, replicate, target and n. {READING}"
    );
    finish("decomposition", "Co-adaptation and specificity", &caption, &panel, signed)
}
