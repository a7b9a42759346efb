//! The headline table as plain text, and the two CSV files.

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

/// One row per run of the plan. Accuracies in percent, differences in points; empty where there is no number.
#[must_use]
pub fn runs_csv(results: &Results) -> String {
    let mut csv = "run,split,replicate,arm,n,source,target,state,steps,top1_percent,own_base_percent,\
                   delta_own_base_points,delta_mean_base_points,seconds,message,command\n"
        .to_string();
    for r in &results.runs {
        let fields = [
            quoted(&r.run),
            quoted(&r.split),
            r.replicate.to_string(),
            r.arm.name().to_string(),
            r.n.map_or(String::new(), |n| n.to_string()),
            quoted(r.source.as_deref().unwrap_or("")),
            quoted(&r.target),
            format!("{:?}", r.state).to_lowercase(),
            r.steps.map_or(String::new(), |s| s.to_string()),
            optional(r.top1),
            optional(r.base),
            optional(r.delta),
            optional(r.delta_paper),
            format!("{:.1}", r.seconds),
            quoted(r.message.as_deref().unwrap_or("")),
            quoted(&r.command),
        ];
        csv.push_str(&fields.join(","));
        csv.push('\n');
    }
    csv
}

/// One row per arm and n: the paired way and the paper's way side by side; base and restart have no n.
#[must_use]
pub fn summary_csv(results: &Results) -> String {
    let mut csv = "arm,n,paired_delta_points,low_points,high_points,interval,splits,targets,runs,p,p_holm,verdict,\
                   paper_runs,paper_mean_percent,paper_sd_points,paper_delta_points\n"
        .to_string();
    if let Some(base) = &results.base {
        let (runs, sd) = (base.estimate.runs, optional(base.sd));
        csv.push_str(&format!("base,,,,,,,,,,,,{runs},{},{sd},\n", optional(Some(base.mean))));
    }
    if let Some(restart) = &results.restart {
        let e = estimate_fields(&restart.estimate);
        let t = &restart.test;
        csv.push_str(&format!("restart,,{e},{:.6},{:.6},{},,,,\n", t.p, t.holm, t.verdict.words()));
    }
    for paper in &results.paper {
        let paired = results.paired_at(paper.arm, paper.n).map_or_else(
            || ",,,,,,,,,".to_string(),
            |row| {
                let t = &row.test;
                format!("{},{:.6},{:.6},{}", estimate_fields(&row.estimate), t.p, t.holm, t.verdict.words())
            },
        );
        csv.push_str(&format!(
            "{},{},{paired},{},{},{},{}\n",
            paper.arm.name(),
            paper.n,
            paper.runs,
            optional(Some(paper.mean)),
            optional(paper.sd),
            optional(paper.delta)
        ));
    }
    csv
}

fn estimate_fields(e: &Estimate) -> String {
    let kind = format!("{:?}", e.interval).to_lowercase();
    let numbers = format!("{},{},{},{kind}", optional(Some(e.mean)), optional(e.low), optional(e.high));
    format!("{numbers},{},{},{}", e.clusters, e.targets, e.runs)
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, |v| format!("{v:.4}"))
}

/// A CSV field in quotes where it needs them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_and_quotes_are_quoted() {
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("s0-r0-A3B+"), "s0-r0-A3B+");
    }
}
