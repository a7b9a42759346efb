//! The tables of differences: by n, over ranges of n, and in parts.

use super::super::{
    format::{
        conditional, counted, difference as difference_in_words, interval, minus, p_value, plain, signed, spread, units,
    },
    results::{Boost, Contrast, Gains, Results, Row, Shared},
    run::Arm,
    statistics::{Check, Estimate, Test, Verdict},
};
use super::html::{Cell, paragraph, table};

fn difference(e: &Estimate) -> Cell {
    Cell::number(minus(&signed(e.mean))).below(minus(&interval(e, signed)))
}

/// A missing number.
fn gap() -> Cell {
    Cell::number("\u{2013}")
}

/// The verdict with the p of t, and with that of the sign-flip test where the two disagree.
fn verdict(cell: Cell, e: &Estimate, test: &Test) -> Cell {
    let words = match test.verdict {
        Verdict::AtChance => format!("{} of {} at chance", e.at_chance, counted(e.runs, "run")),
        other => other.words().to_string(),
    };
    let p = test.student.map_or_else(String::new, |student| format!(", p = {}", p_value(student.p)));
    let cell = cell.below(minus(&format!("{words}{p}").replace("= <", "<")));
    match test.check {
        Check::Disagrees => cell.below(format!("sign-flip disagrees, p = {}", p_value(test.joint_p))),
        Check::Agrees | Check::OutOfReach => cell,
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
    if let Some(double) = &results.double {
        let gain = minus(&difference_in_words(&double.estimate));
        out.push_str(&paragraph(&format!("Base of double length, one schedule twice as long: {gain}.")));
    }
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
        let e = &row.estimate;
        let counts = format!("{}, {}", counted(e.units, e.unit.noun()), counted(e.runs, "run"));
        Some(verdict(difference(e).below(counts), e, &row.test))
    };
    let paper = |arm, n| {
        let row = results.paper_at(arm, n)?;
        let level = format!("{} %, {}", plain(row.mean), counted(row.runs, "run"));
        Some(Cell::number(minus(&signed(row.delta?))).below(level))
    };
    let unit = results.unit.noun();
    let caption = format!(
        "Paired: each run minus its own base, averaged by target and {unit} (points, 95 % t interval over {unit}s{}; p of t)",
        conditional(&base.estimate)
    );
    out.push_str(&table(&caption, &head("n"), &rows(&paired)));
    out.push_str(&side_by_side(&results.shared));
    let caption = "The paper's way: mean of all points minus mean of all bases (points), and the mean itself";
    out.push_str(&table(caption, &head("n"), &rows(&paper)));
    out
}

/// The arms where they do not cover the same targets: only on those that all have.
fn side_by_side(shared: &[Shared]) -> String {
    if shared.is_empty() {
        return String::new();
    }
    let mut arms: Vec<Arm> = shared.iter().flat_map(|at| at.cells.iter().map(|cell| cell.arm)).collect();
    arms.sort_unstable();
    arms.dedup();
    let head = [Cell::number("n"), Cell::number("shared targets").below("split and half")];
    let head: Vec<Cell> = head.into_iter().chain(arms.iter().map(|arm| Cell::number(arm.name()))).collect();
    let row = |at: &Shared| {
        let on = if at.targets.is_empty() { "none".to_string() } else { at.targets.join(" ") };
        let of_arm = |arm: &Arm| {
            let Some(cell) = at.cells.iter().find(|cell| cell.arm == *arm) else { return gap() };
            let number = cell.estimate.as_ref().map_or_else(gap, difference);
            let number = match cell.paper {
                Some(paper) => number.below(format!("the paper's way {}", minus(&signed(paper)))),
                None => number,
            };
            number.below(format!("has {} in all", counted(cell.own_targets, "target")))
        };
        [Cell::number(at.n.to_string()), Cell::number(on)].into_iter().chain(arms.iter().map(of_arm)).collect()
    };
    let intro = "At these n the arms do not cover the same targets, so that the columns above cannot be compared with \
                 each other, and the paper\u{2019}s way mixes an arm\u{2019}s effect with how hard its targets are. Side by \
                 side they stand only on the targets that all of them have.";
    let caption = "On shared targets: each run minus its own base (points)";
    format!("{}{}", paragraph(intro), table(caption, &head, &shared.iter().map(row).collect::<Vec<Vec<Cell>>>()))
}

/// The gains of the fine-tuned arms over ranges of n: the paper's way, then against each control.
pub(super) fn ranges(results: &Results) -> String {
    if results.boosts.is_empty() {
        return String::new();
    }
    let number = |value: Option<f64>| value.map_or_else(gap, |v| Cell::number(minus(&signed(v))));
    let kept = |from: u32, to: u32| if from == to { from.to_string() } else { format!("{from}\u{2013}{to}") };
    let head = [
        Cell::number("blocks kept"),
        Cell::number("AnB+ \u{2212} all bases"),
        Cell::number("AnB+ \u{2212} all BnB+"),
        Cell::number("AnB+ \u{2212} own base").below("mean of runs"),
        Cell::number("BnB+ \u{2212} own base").below("mean of runs"),
    ];
    let row = |b: &Boost| {
        let numbers = [b.paper_over_base, b.paper_over_selffer, b.transfer_runs, b.selffer_runs];
        std::iter::once(Cell::number(kept(b.from, b.to))).chain(numbers.map(number)).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<Cell>> = results.boosts.iter().map(row).collect();
    let pooled = table("The paper's way, and each run against its own base (points)", &head, &rows);
    let head = [
        Cell::number("blocks kept"),
        Cell::text("arm"),
        Cell::number("\u{2212} own base").below("trained half as long"),
        Cell::number("\u{2212} restart").below("trained as long, no transfer"),
        Cell::number("\u{2212} base-2x").below("one schedule, twice as long"),
        Cell::number("\u{2212} BnB+").below("same targets"),
    ];
    let of = |found: &Option<Contrast>| match found {
        Some(c) => verdict(difference(&c.estimate).below(units(&c.estimate)), &c.estimate, &c.test),
        None => gap(),
    };
    let gains = |from: u32, to: u32, arm: &str, gains: &Gains, matched: Cell| {
        let first = [Cell::number(kept(from, to)), Cell::text(arm)];
        let numbers = [of(&gains.over_base), of(&gains.over_restart), of(&gains.over_double), matched];
        first.into_iter().chain(numbers).collect::<Vec<_>>()
    };
    let both = |b: &Boost| {
        let transfer = gains(b.from, b.to, "AnB+", &b.transfer, of(&b.matched));
        [transfer, gains(b.from, b.to, "BnB+", &b.selffer, gap())]
    };
    let rows: Vec<Vec<Cell>> = results.boosts.iter().flat_map(both).collect();
    let caption = "Gain of fine-tuning against its controls, by target and unit (points, 95 % t interval)";
    format!("{pooled}{}", table(caption, &head, &rows))
}

/// What co-adaptation is measured against, in words.
fn control(results: &Results) -> &'static str {
    if results.co_adaptation_control.is_some() { "continue-n" } else { "base" }
}

/// Co-adaptation and specificity by n, with their tests.
pub(super) fn parts(results: &Results) -> String {
    if results.co_adaptation.is_empty() && results.specificity.is_empty() {
        return String::new();
    }
    let head = [Cell::number("n"), Cell::number("co-adaptation"), Cell::number("specificity")];
    let cell = |rows: &[Row], n: u32| {
        let row = rows.iter().find(|row| row.n == n);
        row.map_or_else(gap, |row| {
            verdict(difference(&row.estimate).below(units(&row.estimate)), &row.estimate, &row.test)
        })
    };
    let rows: Vec<Vec<Cell>> = results
        .ns
        .iter()
        .map(|&n| vec![Cell::number(n.to_string()), cell(&results.co_adaptation, n), cell(&results.specificity, n)])
        .collect();
    let control = control(results);
    let caption =
        format!("Co-adaptation (BnB \u{2212} {control}) and specificity (AnB \u{2212} BnB), points, 95 % t interval");
    let unmatched = match results.co_adaptation_control {
        Some(_) => String::new(),
        None => paragraph(
            "No continue-n was trained, so that co-adaptation is measured against the base, which was trained half as \
             long: what a second training run gains by itself hides a part of it.",
        ),
    };
    format!("{unmatched}{}", table(&caption, &head, &rows))
}

/// The differences on each of two targets that have a meaning: a fixed pair may lose in one direction only.
pub(super) fn by_target(results: &Results) -> String {
    let rows = || results.targets.iter().filter(|row| row.delta.is_some());
    let mut columns: Vec<(&str, Arm)> = rows().map(|row| (row.target.as_str(), row.arm)).collect();
    columns.sort_unstable();
    columns.dedup();
    if columns.is_empty() {
        return String::new();
    }
    let titles = columns.iter().map(|(target, arm)| Cell::number(arm.name()).below(format!("on {target}")));
    let head: Vec<Cell> = std::iter::once(Cell::number("n")).chain(titles).collect();
    let row = |&n: &u32| {
        let of = |&(target, arm): &(&str, Arm)| {
            let found = rows().find(|row| row.n == n && row.target == target && row.arm == arm);
            found.and_then(|row| row.delta.as_ref()).map_or_else(gap, |e| difference(e).below(units(e)))
        };
        std::iter::once(Cell::number(n.to_string())).chain(columns.iter().map(of)).collect::<Vec<_>>()
    };
    let caption = "By target: each run minus its own base (points, 95 % t interval)";
    table(caption, &head, &results.ns.iter().map(row).collect::<Vec<_>>())
}
