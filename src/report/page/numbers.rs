//! The tables of differences: by n, over ranges of n, and in parts.

use super::super::{
    format::{counted, difference as difference_in_words, interval, minus, p_value, plain, signed, spread, units},
    results::{Contrast, Results, Row},
    run::Arm,
    statistics::{Estimate, Verdict},
};
use super::html::{Cell, paragraph, table};

fn difference(e: &Estimate) -> Cell {
    Cell::number(minus(&signed(e.mean))).below(minus(&interval(e, signed)))
}

/// A missing number.
fn gap() -> Cell {
    Cell::number("\u{2013}")
}

fn verdict(row: &Row) -> String {
    match row.test.verdict {
        Verdict::Undecided => "undecided".to_string(),
        other => format!("{}, p = {}", other.words(), p_value(row.test.holm)).replace("= <", "<"),
    }
}

/// Base level, restart gain, and both ways of computing the differences by n.
pub(super) fn headline(results: &Results) -> String {
    let Some(base) = &results.base else { return String::new() };
    let differ = base.sd.map_or_else(String::new, |sd| {
        format!("; the bases differ from each other with a standard deviation of {} points", plain(sd))
    });
    let level = spread(&base.estimate, plain);
    let mut out = paragraph(&format!("Base: {} % {level}{differ}.", plain(base.estimate.mean)));
    out.push_str(&paragraph(&results.restart_gain().map_or_else(
        || {
            "No restarted base was trained: what fine-tuned networks gain by longer training alone is unknown."
                .to_string()
        },
        |gain| format!("Restarted base, the control for longer training: {}.", minus(&difference_in_words(gain))),
    )));
    let arms = results.headline_arms();
    if arms.is_empty() {
        return out;
    }
    let head = |n_title: &str| {
        let restart = results.restart_gain().map(|gain| format!("restart {}", minus(&signed(gain.mean))));
        let title = |arm: &Arm| {
            let cell = Cell::number(arm.name());
            match (&restart, arm) {
                (Some(gain), Arm::SelfferPlus | Arm::TransferPlus) => cell.below(gain.as_str()),
                _ => cell,
            }
        };
        std::iter::once(Cell::number(n_title)).chain(arms.iter().map(title)).collect::<Vec<_>>()
    };
    let rows = |cell: &dyn Fn(Arm, u32) -> Option<Cell>| {
        let row = |&n: &u32| {
            let layer = n.checked_sub(1).and_then(|at| results.layers.get(at as usize));
            let first = layer.iter().fold(Cell::number(n.to_string()), |cell, name| cell.below(name.as_str()));
            std::iter::once(first).chain(arms.iter().map(|&arm| cell(arm, n).unwrap_or_else(gap))).collect()
        };
        results.ns.iter().map(row).collect::<Vec<Vec<Cell>>>()
    };
    let paired = |arm, n| {
        let row = results.paired_at(arm, n)?;
        let behind = format!("{}, {}", counted(row.estimate.clusters, "split"), counted(row.estimate.runs, "run"));
        Some(difference(&row.estimate).below(behind).below(verdict(row)))
    };
    let paper = |arm, n| {
        let row = results.paper_at(arm, n)?;
        let level = format!("{} %, {}", plain(row.mean), counted(row.runs, "run"));
        Some(Cell::number(minus(&signed(row.delta?))).below(level))
    };
    let caption = "Paired: each run minus its own base, averaged by target and split (points, 95 % interval, sign-flip test with Holm's correction across n)";
    out.push_str(&table(caption, &head("n"), &rows(&paired)));
    let caption = "The paper's way: mean of all points minus mean of all bases (points), and the mean itself";
    out.push_str(&table(caption, &head("n"), &rows(&paper)));
    out
}

/// The gains of the fine-tuned arms over ranges of n, both ways, with the restart beside them.
pub(super) fn ranges(results: &Results) -> String {
    if results.boosts.is_empty() {
        return String::new();
    }
    let head = [
        Cell::number("layers kept"),
        Cell::number("AnB+ \u{2212} all bases").below("the paper's way"),
        Cell::number("AnB+ \u{2212} all BnB+").below("the paper's way"),
        Cell::number("AnB+ \u{2212} own base").below("paired, mean of runs"),
        Cell::number("BnB+ \u{2212} own base").below("paired, mean of runs"),
        Cell::number("AnB+ \u{2212} BnB+").below("same targets"),
        Cell::number("restart \u{2212} own base").below("no transfer"),
    ];
    let number = |value: Option<f64>| value.map_or_else(gap, |v| Cell::number(minus(&signed(v))));
    let clustered = |value: Option<f64>, contrast: &Option<Contrast>| match contrast {
        Some(c) => number(value).below(format!(
            "by split {} {}",
            minus(&signed(c.estimate.mean)),
            minus(&interval(&c.estimate, signed))
        )),
        None => number(value),
    };
    let rows: Vec<Vec<Cell>> = results
        .boosts
        .iter()
        .map(|b| {
            vec![
                Cell::number(if b.from == b.to { b.from.to_string() } else { format!("{}\u{2013}{}", b.from, b.to) }),
                number(b.paper_over_base),
                number(b.paper_over_selffer),
                clustered(b.transfer_runs, &b.transfer),
                clustered(b.selffer_runs, &b.selffer),
                b.matched.as_ref().map_or_else(gap, |c| difference(&c.estimate)),
                results.restart_gain().map_or_else(gap, difference),
            ]
        })
        .collect();
    table("Gain of fine-tuned networks over ranges of n (points)", &head, &rows)
}

/// Co-adaptation and specificity by n, with their tests.
pub(super) fn parts(results: &Results) -> String {
    if results.co_adaptation.is_empty() && results.specificity.is_empty() {
        return String::new();
    }
    let head = [Cell::number("n"), Cell::number("co-adaptation"), Cell::number("specificity")];
    let cell = |rows: &[Row], n: u32| {
        let row = rows.iter().find(|row| row.n == n);
        row.map_or_else(gap, |row| difference(&row.estimate).below(units(&row.estimate)).below(verdict(row)))
    };
    let rows: Vec<Vec<Cell>> = results
        .ns
        .iter()
        .map(|&n| vec![Cell::number(n.to_string()), cell(&results.co_adaptation, n), cell(&results.specificity, n)])
        .collect();
    table("Co-adaptation (BnB \u{2212} base) and specificity (AnB \u{2212} BnB), points", &head, &rows)
}
