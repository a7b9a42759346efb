//! Figure 3: what frozen features lose between similar tasks, between dissimilar ones, and where they are random.

use super::super::{
    format::{plain, signed},
    results::{Report, Results},
    run::{Arm, Kind},
};
use super::{
    Drawing,
    look::{self, Look, Shape},
    panel::{Marks, Panel, Series},
    transfer::{COPIED, READING, deltas, finish, point},
};

/// The looks of studies that are compared with each other, in their order.
const LOOKS: [Look; 6] = [
    Look { colour: "#000000", shape: Shape::Circle, dash: "" },
    Look { colour: "#D55E00", shape: Shape::Up, dash: "" },
    Look { colour: "#0072B2", shape: Shape::Square, dash: "8 3 2 3" },
    Look { colour: "#009E73", shape: Shape::Diamond, dash: "2 3" },
    Look { colour: "#CC79A7", shape: Shape::Down, dash: "6 3" },
    Look { colour: "#56B4E9", shape: Shape::Bar, dash: "4 2" },
];

/// The comparison of studies of different kinds, if there are any two lines to compare.
pub(super) fn figure(report: &Report) -> Option<Drawing> {
    let transfers = report.studies.iter().filter(|study| has(study, Arm::Transfer));
    let mut series: Vec<Series> = transfers
        .enumerate()
        .map(|(at, study)| deltas(study, Arm::Transfer, &label(report, study), LOOKS[at % LOOKS.len()]))
        .collect();
    let several = series.len() > 1;
    for arm in [Arm::RandomCaffe, Arm::RandomHe] {
        // Random filters belong to no pair of tasks; the authors trained theirs on all classes.
        let study = report.studies.iter().filter(|study| has(study, arm)).min_by_key(|s| s.kind != Kind::AllClasses);
        series.extend(study.map(|study| deltas(study, arm, arm.name(), look::of(arm))));
    }
    if !several {
        return None;
    }
    let panel = Panel::of_differences(series, COPIED, "difference to own base (points)");
    let caption = format!(
        "Frozen transfer networks (AnB) minus their own bases between tasks of different distance, and networks on \
         random frozen filters minus theirs. {READING}"
    );
    finish("figure3", "Figure 3, distance between tasks", &caption, &panel, signed)
}

fn has(study: &Results, arm: Arm) -> bool {
    study.paired.iter().any(|row| row.arm == arm)
}

/// A study's kind, or its two data sets; with its experiment where that alone does not tell it from another.
fn label(report: &Report, study: &Results) -> String {
    let words = |study: &Results| match study.kind {
        Kind::OtherData => study.dataset.clone(),
        kind => kind.words().to_string(),
    };
    let own = words(study);
    let alike = report.studies.iter().filter(|s| has(s, Arm::Transfer) && words(s) == own).count();
    if alike > 1 { format!("{own} ({})", study.experiment) } else { own }
}

/// What a target is, where it has a meaning.
fn meaning<'a>(results: &'a Results, target: &str) -> Option<&'a str> {
    match (results.kind, target) {
        (Kind::ManMadeNatural, "A") => Some("man-made"),
        (Kind::ManMadeNatural, "B") => Some("natural"),
        (Kind::OtherData, "A") => results.dataset.split(" and ").next(),
        (Kind::OtherData, "B") => results.dataset.split(" and ").nth(1),
        _ => None,
    }
}

/// Accuracies on each of two targets that have a meaning.
pub(super) fn targets(results: &Results) -> Option<Drawing> {
    let mut names: Vec<&str> = results.targets.iter().map(|row| row.target.as_str()).collect();
    names.dedup();
    let mut series = Vec::new();
    for (at, target) in names.into_iter().enumerate() {
        let of_target = || results.runs.iter().filter(move |r| r.target == target);
        let shown = |arm: Arm| arm == Arm::Base || arm == Arm::Transfer;
        let points = of_target().filter(|r| shown(r.arm));
        let rows = results.targets.iter().filter(|row| row.target == target && shown(row.arm));
        series.push(Series {
            label: meaning(results, target)
                .map_or_else(|| format!("target {target}"), |meaning| format!("target {target}, {meaning}")),
            look: LOOKS[1 + at % 3],
            points: points.filter_map(|r| Some(point(r, r.n.unwrap_or(0), r.top1?))).collect(),
            means: rows.map(|row| (row.n, row.level.clone())).collect(),
            note: None,
        });
    }
    let panel = Panel::of_accuracies(results, series, COPIED, Marks::Both);
    let caption = format!("Base (n = 0) and frozen transfer networks (AnB) on each target. {READING}");
    finish("targets", "Accuracy by target", &caption, &panel, plain)
}
