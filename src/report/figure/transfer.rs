//! The figures over n: Figure 2 in both of its panels and paired, its decomposition, and random filters.

use super::super::{
    format::{interval, minus, plain, signed, units},
    results::{Difference, Results, Row, RunRow},
    run::Arm,
    statistics::Estimate,
};
use super::{
    Drawing, Table,
    look::{self, Look, Shape},
    panel::{Marks, Panel, Point, Reference, Series},
};

pub(super) const COPIED: &str = "n, number of copied blocks";
const FROZEN: &str = "n, number of frozen blocks";
pub(super) const READING: &str = "Small marks are runs, large marks means over units (splits, or replicates of one \
                                  pair), bars 95 % t intervals between them.";
const DIFFICULTY: &str =
    "These intervals contain how much the targets differ in difficulty; paired differences do not.";
const TRANSFER: [Arm; 4] = [Arm::Selffer, Arm::SelfferPlus, Arm::Transfer, Arm::TransferPlus];
const RANDOM: [Arm; 4] = [Arm::Transfer, Arm::RandomCaffe, Arm::RandomHe, Arm::RandomMoments];

/// Figure 2 in both of its panels, and paired.
pub(super) fn figure2(results: &Results) -> Vec<Drawing> {
    match results.arms().into_iter().any(|arm| TRANSFER.contains(&arm)) {
        true => [runs(results), means(results), paired(results)].into_iter().flatten().collect(),
        false => Vec::new(),
    }
}

/// Puts a figure together from its panel; the caption says where intervals were cut.
pub(super) fn finish(
    name: &str,
    title: &str,
    caption: &str,
    panel: &Panel,
    number: fn(f64) -> String,
) -> Option<Drawing> {
    if panel.is_empty() {
        return None;
    }
    let open =
        if panel.cuts() { " A bar without a cap continues beyond the frame; the table has its ends." } else { "" };
    let at_chance = panel.series.iter().flat_map(|s| &s.points).filter(|point| point.at_chance).count();
    let chance = match at_chance {
        0 => String::new(),
        1 => " 1 network ended at chance; it is drawn hollow.".to_string(),
        some => format!(" {some} networks ended at chance; they are drawn hollow."),
    };
    let level = panel.chance_outside().unwrap_or_default();
    let caption = format!("{caption}{open}{chance}{level}");
    Some(Drawing::new(name, title, caption, panel.draw(), numbers(&[panel], number)))
}

/// The means of panels as a table.
pub(super) fn numbers(panels: &[&Panel], number: fn(f64) -> String) -> Table {
    let head = ["series", "n", "mean", "95 % interval", "units"].map(String::from).to_vec();
    Table { head, rows: panels.iter().flat_map(|panel| rows(panel, number)).collect() }
}

fn rows(panel: &Panel, number: fn(f64) -> String) -> Vec<Vec<String>> {
    let cells = |label: &str, n: String, e: &Estimate| {
        vec![label.to_string(), n, minus(&number(e.mean)), minus(&interval(e, number)), units(e)]
    };
    let named = |n: u32| n.checked_sub(1).and_then(|at| panel.names.get(at as usize)).cloned();
    let of_series = |s: &Series| {
        let row = |(n, e): &(u32, Estimate)| cells(&s.label, named(*n).unwrap_or_else(|| n.to_string()), e);
        s.means.iter().map(row).collect::<Vec<_>>()
    };
    let reference = panel.reference.iter().map(|r| cells(&r.label, "all".to_string(), &r.estimate));
    panel.series.iter().flat_map(of_series).chain(reference).collect()
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

/// A run's mark.
pub(super) fn point(row: &RunRow, n: u32, value: f64) -> Point {
    Point { n, value, run: row.run.clone(), at_chance: row.at_chance }
}

/// Accuracies of arms by n, the base at 0.
fn levels(results: &Results, arms: &[Arm]) -> Vec<Series> {
    let series = |&arm: &Arm| {
        let rows = results.runs.iter().filter(|r| r.arm == arm);
        let points = rows.filter_map(|r| Some(point(r, r.n.unwrap_or(0), r.top1?)));
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
fn runs(results: &Results) -> Option<Drawing> {
    let panel = Panel::of_accuracies(results, levels(results, &TRANSFER), COPIED, Marks::Runs);
    let caption = "Every mark is a network; marks are moved sideways a little so that equal ones show.";
    finish("figure2", "Figure 2, every network", caption, &panel, plain)
}

/// The paper's lower panel: a line of means an arm, with what the paper reads from it.
fn means(results: &Results) -> Option<Drawing> {
    let mut series = levels(results, &TRANSFER);
    for (s, arm) in series.iter_mut().zip([Arm::Base].iter().chain(&TRANSFER).filter(|arm| has(results, **arm))) {
        s.note = meaning(*arm);
    }
    let panel = Panel::of_accuracies(results, series, COPIED, Marks::Means);
    let caption = format!(
        "Means over units with 95 % t intervals between them. The words beside the numbers are the paper's reading; \
         the verdicts on this page say what these runs support. {DIFFICULTY}"
    );
    finish("figure2-means", "Figure 2, means", &caption, &panel, plain)
}

fn has(results: &Results, arm: Arm) -> bool {
    results.runs.iter().any(|r| r.arm == arm && r.top1.is_some())
}

/// Random filters beside transferred ones, where there are any.
pub(super) fn random_filters(results: &Results) -> Option<Drawing> {
    results.arms().into_iter().find(|arm| *arm != Arm::Transfer && RANDOM.contains(arm))?;
    let panel = Panel::of_accuracies(results, levels(results, &RANDOM), FROZEN, Marks::Both);
    finish("random-filters", "Random frozen filters", &format!("{READING} {DIFFICULTY}"), &panel, plain)
}

/// The differences of an arm to each run's own base.
pub(super) fn deltas(results: &Results, arm: Arm, label: &str, look: Look) -> Series {
    let rows = results.runs.iter().filter(|r| r.arm == arm);
    let points = rows.filter_map(|r| Some(point(r, r.n?, r.delta?))).collect();
    let means = results.paired.iter().filter(|r| r.arm == arm).map(|r| (r.n, r.estimate.clone())).collect();
    Series { label: label.to_string(), look, points, means, note: None }
}

/// Each run minus its own base, with the gain of the restarted base as a line.
pub(super) fn differences(results: &Results) -> Panel {
    let arms = TRANSFER.into_iter().chain([Arm::Continue]);
    let series = arms.map(|arm| deltas(results, arm, arm.name(), look::of(arm)));
    let series = series.filter(|s| !s.points.is_empty()).collect();
    let reference = results.restart_gain().map(|estimate| Reference {
        label: "restarted base".to_string(),
        look: look::of(Arm::Restart),
        estimate: estimate.clone(),
    });
    Panel { reference, ..Panel::of_differences(series, COPIED, "difference to own base (points)") }
}

fn paired(results: &Results) -> Option<Drawing> {
    let panel = differences(results);
    let beside = if panel.reference.is_some() {
        " The dotted line with its band is the gain of a restarted base, trained as long without any transfer."
    } else {
        " No restarted base was trained, so the gain of longer training alone is not shown."
    };
    let caption = format!("Each run minus the base of its own split, replicate and target. {READING}{beside}");
    finish("figure2-paired", "Difference to the run's own base", &caption, &panel, signed)
}

/// Co-adaptation and specificity as two signed curves.
pub(super) fn parts(results: &Results) -> Panel {
    let series = |label: String, look: Look, runs: &[Difference], rows: &[Row]| Series {
        label,
        look,
        points: runs
            .iter()
            .map(|d| Point { n: d.n, value: d.value, run: d.run.clone(), at_chance: d.at_chance })
            .collect(),
        means: rows.iter().map(|r| (r.n, r.estimate.clone())).collect(),
        note: None,
    };
    let control = if results.co_adaptation_control.is_some() { "continue-n" } else { "base" };
    let specific = Look { colour: "#CC79A7", shape: Shape::Down, dash: "6 3" };
    let both = [
        series(
            format!("co-adaptation (BnB \u{2212} {control})"),
            look::of(Arm::Selffer),
            &results.co_adaptation_runs,
            &results.co_adaptation,
        ),
        series("specificity (AnB \u{2212} BnB)".to_string(), specific, &results.specificity_runs, &results.specificity),
    ];
    let series = both.into_iter().filter(|s| !s.points.is_empty()).collect();
    Panel::of_differences(series, COPIED, "part of the difference (points)")
}

/// The same with every run.
pub(super) fn decomposition(results: &Results) -> Option<Drawing> {
    results.arms().into_iter().find(|arm| TRANSFER.contains(arm))?;
    let panel = parts(results);
    let beside = match results.co_adaptation_control {
        Some(_) => " Continue-n froze the same layers, kept its upper weights and was trained as long.",
        None => " No continue-n was trained: what a second training run gains by itself hides a part of it.",
    };
    let caption = format!(
        "What freezing costs even with a network's own features (co-adaptation), and what the other half's features \
         cost on top (specificity), on the same split, replicate, target and n.{beside} {READING}"
    );
    finish("decomposition", "Co-adaptation and specificity", &caption, &panel, signed)
}
