//! The headline table as plain text, for a terminal.

use super::{
    format::{plain, signed, units},
    results::{Results, analyse},
    run::{Arm, Study},
    statistics::Estimate,
};

/// The table for a terminal: paired differences by arm and n, base level, restart gain, the paper's way below,
/// and every run that was left out. ASCII only.
///
/// Where the study cannot be analysed, the text is the error instead of a table.
#[must_use]
pub fn text_table(study: &Study) -> String {
    match analyse(study) {
        Ok(results) => of_results(&results),
        Err(error) => format!("no table: {error}\n"),
    }
}

fn of_results(results: &Results) -> String {
    let s = &results.states;
    let mut text = format!(
        "{} on {} ({}), {}\nruns: {} done, {} running, {} pending, {} failed, {} diverged\n",
        results.net,
        results.dataset,
        results.experiment,
        results.device,
        s.done,
        s.running,
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
    let arms = results.arms();
    if !arms.is_empty() {
        text.push_str("\npaired: each run minus its own base, points +- half a 95 % interval (splits)\n");
        text.push_str(&grid(results, &arms, |arm, n| Some(cell(&results.paired_at(arm, n)?.estimate))));
        text.push_str("\nthe paper's way: mean of all points minus mean of all bases, points (runs)\n");
        text.push_str(&grid(results, &arms, |arm, n| {
            let row = results.paper_at(arm, n)?;
            Some(format!("{} ({})", signed(row.delta?), row.runs))
        }));
    }
    push_excluded(&mut text, results);
    text
}

fn spread(e: &Estimate) -> String {
    let half = e.half_width().map_or_else(|| "no interval:".to_string(), |half| format!("+- {},", plain(half)));
    format!("{half} {}", units(e))
}

fn cell(e: &Estimate) -> String {
    let half = e.half_width().map_or_else(String::new, |half| format!(" +-{}", plain(half)));
    format!("{}{half} ({})", signed(e.mean), e.clusters)
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
