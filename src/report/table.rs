//! The report as plain text, for a terminal.

use super::{
    format::{conditional, counted, plain, signed, units},
    results::{Beside, Claim, Plateau, Report, Results},
    run::Arm,
    statistics::Estimate,
};

/// The text for a terminal: a table for each study, then the claims, then published numbers beside these. ASCII only.
#[must_use]
pub fn text(report: &Report) -> String {
    let answer = |results: &Results| match report.several() {
        true => format!("{}: {}\n", results.experiment, results.answer),
        false => format!("{}\n", results.answer),
    };
    let mut text: String = report.studies.iter().map(answer).collect();
    text.push('\n');
    text.extend(report.studies.iter().map(|results| format!("{}\n", of_results(results))));
    if report.reference().is_some_and(|results| results.base.is_some()) {
        text.push_str(&claims(report));
        if !report.beside.is_empty() {
            text.push_str(&beside(&report.beside));
        }
    }
    text
}

/// The paper's claims with their verdicts, one paragraph each.
pub(super) fn claims(report: &Report) -> String {
    let of = |claim: &Claim| {
        let number = if claim.number > 5 { "Figure 3".to_string() } else { format!("claim {}", claim.number) };
        format!("  {number}: {}{}. {}\n    {}\n", claim.verdict, basis(claim), claim.claim, claim.found)
    };
    format!(
        "the claims of the paper (Yosinski et al. 2014), judged from these runs:\n{}",
        report.claims.iter().map(of).collect::<String>()
    )
}

/// The units of a claim, and what it is conditional on.
pub(super) fn basis(claim: &Claim) -> String {
    let units = (claim.units > 0).then(|| counted(claim.units, claim.unit.noun()));
    let words: Vec<String> = units.into_iter().chain(claim.labels.iter().cloned()).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join("; ")) }
}

/// Whether the bases have reached a plateau, in a sentence.
pub(super) fn plateau(plateau: &Plateau) -> String {
    let Some(gain) = &plateau.gain else {
        return "not known: no base was evaluated within the first two thirds of its schedule \
                (protocol.held_out_evaluations, or protocol.evaluations)"
            .to_string();
    };
    let reached = if plateau.reached == Some(true) { "reached" } else { "not reached" };
    format!(
        "{reached}: over the last third of their schedule the bases gain {} points {}; less than {} is asked for",
        signed(gain.mean),
        super::format::spread(gain, signed),
        plateau.limit
    )
}

/// Every row of differences, these studies' first.
fn beside(rows: &[Beside]) -> String {
    let line = |row: &Beside| {
        let last = row.points.iter().map(|point| point.0).max().unwrap_or(0);
        // An n that a study left out keeps its column, so that every number stands below its n.
        let at = |n| row.points.iter().find(|point| point.0 == n).map_or("-".to_string(), |point| signed(point.1));
        let points: Vec<String> = (1..=last).map(|n| format!("{:>6}", at(n))).collect();
        let source = if row.own { format!("{} (here)", row.source) } else { row.source.clone() };
        format!("  {:<5} {}  {source}, {}, {}\n", row.arm.name(), points.join(" "), row.network, row.data)
    };
    let lines: String = rows.iter().map(line).collect();
    format!("\nbeside published numbers: difference to the base at n = 1, 2, ... (points)\n{lines}")
}

fn of_results(results: &Results) -> String {
    let s = &results.states;
    let mut text = format!(
        "{} on {} ({}), {}\nruns: {} done, {} running, {} interrupted, {} pending, {} failed, {} diverged\n",
        results.net,
        results.dataset,
        results.experiment,
        results.device,
        s.done,
        s.running,
        s.interrupted,
        s.pending,
        s.failed,
        s.diverged
    );
    let Some(base) = &results.base else {
        text.push_str("no base has finished, so there is nothing to compare with\n");
        push_excluded(&mut text, results);
        return text;
    };
    text.push_str(&format!("base: {} % {}\n", plain(base.estimate.mean), spread(&base.estimate)));
    text.push_str(&match results.restart_gain() {
        Some(gain) => format!("restart gain: {} points {}\n", signed(gain.mean), spread(gain)),
        None => "restart gain: no restarted base was trained\n".to_string(),
    });
    if let Some(double) = &results.double {
        let gain = &double.estimate;
        text.push_str(&format!("base-2x gain: {} points {}\n", signed(gain.mean), spread(gain)));
    }
    text.push_str(&format!("plateau {}\n", plateau(&results.plateau)));
    let arms = results.headline_arms();
    if !arms.is_empty() {
        let unit = results.unit.noun();
        text.push_str(&format!(
            "\npaired: each run minus its own base, points +- half a 95 % interval ({unit}s{}); ! where runs ended at chance\n",
            conditional(&base.estimate)
        ));
        text.push_str(&grid(results, &arms, |arm, n| Some(cell(&results.paired_at(arm, n)?.estimate))));
        text.push_str("\nthe paper's way: mean of all points minus mean of all bases, points (runs)\n");
        text.push_str(&grid(results, &arms, |arm, n| {
            let row = results.paper_at(arm, n)?;
            Some(format!("{} ({})", signed(row.delta?), row.runs))
        }));
    }
    push_shared(&mut text, results);
    push_at_chance(&mut text, results);
    push_excluded(&mut text, results);
    text
}

/// The arms side by side where they do not cover the same targets.
fn push_shared(text: &mut String, results: &Results) {
    if results.shared.is_empty() {
        return;
    }
    text.push_str(
        "\nat these n the arms do not cover the same targets; side by side on those that all have, points:\n",
    );
    for shared in &results.shared {
        let of = |cell: &super::results::SharedCell| {
            let e = cell.estimate.as_ref();
            format!("{} {}", cell.arm.name(), e.map_or_else(|| "-".to_string(), |e| signed(e.mean)))
        };
        let cells: Vec<String> = shared.cells.iter().map(of).collect();
        let on = if shared.targets.is_empty() { "no target".to_string() } else { shared.targets.join(" ") };
        text.push_str(&format!("  n = {} on {on}: {}\n", shared.n, cells.join(", ")));
    }
}

/// The runs at chance, one line per arm.
pub(super) fn at_chance(results: &Results) -> Vec<(Arm, String)> {
    let of_arm = |arm: Arm| {
        let of = results.at_chance.iter().filter(|one| one.arm == arm);
        let runs: Vec<String> = of.map(|one| format!("{} {} %", one.run, plain(one.top1))).collect();
        (!runs.is_empty()).then(|| (arm, format!("{}: {}", counted(runs.len(), "run"), runs.join(", "))))
    };
    Arm::ALL.into_iter().filter_map(of_arm).collect()
}

fn push_at_chance(text: &mut String, results: &Results) {
    let arms = at_chance(results);
    if !arms.is_empty() {
        let all = results.at_chance.len();
        text.push_str(&format!("\nat chance ({all}; they are averaged, marked !, and no mean with them is judged):\n"));
        arms.iter().for_each(|(arm, runs)| text.push_str(&format!("  {}, {runs}\n", arm.name())));
    }
}

fn spread(e: &Estimate) -> String {
    let half = e.half_width().map_or_else(|| "no interval:".to_string(), |half| format!("+- {},", plain(half)));
    format!("{half} {}", units(e))
}

fn cell(e: &Estimate) -> String {
    let half = e.half_width().map_or_else(String::new, |half| format!(" +-{}", plain(half)));
    let mark = if e.at_chance > 0 { "!" } else { "" };
    format!("{}{half} ({}){mark}", signed(e.mean), e.units)
}

/// Columns of arms, rows of n, right-aligned; `-` where there is no number.
fn grid(results: &Results, arms: &[Arm], number: impl Fn(Arm, u32) -> Option<String>) -> String {
    let mut rows = vec![std::iter::once("n".to_string()).chain(arms.iter().map(|a| a.name().to_string())).collect()];
    for &n in &results.ns {
        let cells = arms.iter().map(|&arm| number(arm, n).unwrap_or_else(|| "-".to_string()));
        rows.push(std::iter::once(n.to_string()).chain(cells).collect::<Vec<_>>());
    }
    let widths: Vec<usize> = (0..=arms.len()).map(|c| rows.iter().map(|r| r[c].len()).max().unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &w)| format!("{cell:>w$}")).collect();
        format!("{}\n", cells.join("  "))
    };
    rows.iter().map(line).collect()
}

fn push_excluded(text: &mut String, results: &Results) {
    if !results.excluded.is_empty() {
        text.push_str(&format!("\nleft out ({}; means are over the rest):\n", results.excluded.len()));
        for one in &results.excluded {
            text.push_str(&format!("  {}: {}\n", one.run, one.reason));
        }
    }
}
