//! The two CSV files: one row per run, and one row per arm and n.

use super::{
    results::{Report, Results},
    statistics::Estimate,
};

/// One row per run of the plan. Accuracies in percent, differences in points; empty where there is no number.
#[must_use]
pub fn runs_csv(report: &Report) -> String {
    let mut csv = "experiment,run,split,replicate,arm,n,source,target,train_size,state,steps,top1_percent,\
                   own_base_percent,delta_own_base_points,delta_mean_base_points,seconds,tera_macs,message,command\n"
        .to_string();
    for (results, r) in report.studies.iter().flat_map(|results| results.runs.iter().map(move |run| (results, run))) {
        let fields = [
            quoted(&results.experiment),
            quoted(&r.run),
            quoted(&r.split),
            r.replicate.to_string(),
            r.arm.name().to_string(),
            r.n.map_or(String::new(), |n| n.to_string()),
            quoted(r.source.as_deref().unwrap_or("")),
            quoted(&r.target),
            r.train_size.map_or(String::new(), |size| size.to_string()),
            format!("{:?}", r.state).to_lowercase(),
            r.steps.map_or(String::new(), |s| s.to_string()),
            optional(r.top1),
            optional(r.base),
            optional(r.delta),
            optional(r.delta_paper),
            format!("{:.1}", r.seconds),
            optional(r.tera_macs),
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
pub fn summary_csv(report: &Report) -> String {
    let mut csv =
        "experiment,arm,n,paired_delta_points,low_points,high_points,interval,splits,targets,runs,p,p_holm,verdict,\
                   paper_runs,paper_mean_percent,paper_sd_points,paper_delta_points\n"
            .to_string();
    for results in &report.studies {
        summary_of(results, &mut csv);
    }
    csv
}

fn summary_of(results: &Results, csv: &mut String) {
    let experiment = quoted(&results.experiment);
    if let Some(base) = &results.base {
        let (runs, sd) = (base.estimate.runs, optional(base.sd));
        csv.push_str(&format!("{experiment},base,,,,,,,,,,,,{runs},{},{sd},\n", optional(Some(base.mean))));
    }
    if let Some(restart) = &results.restart {
        let e = estimate_fields(&restart.estimate);
        let t = &restart.test;
        csv.push_str(&format!("{experiment},restart,,{e},{:.6},{:.6},{},,,,\n", t.p, t.holm, t.verdict.words()));
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
            "{experiment},{},{},{paired},{},{},{},{}\n",
            paper.arm.name(),
            paper.n,
            paper.runs,
            optional(Some(paper.mean)),
            optional(paper.sd),
            optional(paper.delta)
        ));
    }
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
