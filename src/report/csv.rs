//! The two CSV files: one row per run, and one row per arm and n.

use super::{
    results::{Report, Results},
    run::Arm,
    statistics::{Estimate, Test},
};

/// One row per run of the plan: everything that the statistics of the report are computed from. Accuracies in percent,
/// differences in points; empty where there is no number.
#[must_use]
pub fn runs_csv(report: &Report) -> String {
    let mut csv =
        "experiment,kind,dataset,net,margin_points,run,split,replicate,arm,n,source,target,train_size,state,steps,\
                   top1_percent,own_base_percent,delta_own_base_points,delta_mean_base_points,chance_percent,at_chance,\
                   last_percent,two_thirds_percent,seconds,tera_macs,message,command\n"
            .to_string();
    for (results, r) in report.studies.iter().flat_map(|results| results.runs.iter().map(move |run| (results, run))) {
        let fields = [
            quoted(&results.experiment),
            kind(results),
            quoted(&results.dataset),
            quoted(&results.net),
            results.margin.to_string(),
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
            exact(r.top1),
            exact(r.base),
            exact(r.delta),
            exact(r.delta_paper),
            exact(r.chance),
            if r.at_chance { "yes" } else { "no" }.to_string(),
            exact(r.last),
            exact(r.two_thirds),
            exact(Some(r.seconds)),
            exact(r.tera_macs),
            quoted(r.message.as_deref().unwrap_or("")),
            quoted(&r.command),
        ];
        csv.push_str(&fields.join(","));
        csv.push('\n');
    }
    csv
}

/// One row per arm and n: the paired way and the paper's way side by side; base, restart and base-2x have no n.
#[must_use]
pub fn summary_csv(report: &Report) -> String {
    let mut csv =
        "experiment,arm,n,paired_delta_points,low_points,high_points,unit,units,targets,runs,at_chance,t,df,p,\
                   p_joint_sign_flip,p_smallest_sign_flip,verdict,paper_runs,paper_mean_percent,paper_sd_points,\
                   paper_delta_points\n"
            .to_string();
    for results in &report.studies {
        summary_of(results, &mut csv);
    }
    csv
}

/// Columns from the paired difference to its verdict.
const PAIRED: usize = 14;

fn summary_of(results: &Results, csv: &mut String) {
    let experiment = quoted(&results.experiment);
    let empty = ",".repeat(PAIRED - 1);
    if let Some(base) = &results.base {
        let (runs, sd) = (base.estimate.runs, optional(base.sd));
        csv.push_str(&format!("{experiment},base,,{empty},{runs},{},{sd},\n", optional(Some(base.mean))));
    }
    for (arm, contrast) in [(Arm::Restart, &results.restart), (Arm::Base2x, &results.double)] {
        if let Some(found) = contrast {
            let fields = paired_fields(&found.estimate, &found.test);
            csv.push_str(&format!("{experiment},{},,{fields},,,,\n", arm.name()));
        }
    }
    for paper in &results.paper {
        let paired = results.paired_at(paper.arm, paper.n);
        let paired = paired.map_or_else(|| empty.clone(), |row| paired_fields(&row.estimate, &row.test));
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

fn paired_fields(e: &Estimate, test: &Test) -> String {
    let student = test.student.filter(|student| student.t.is_finite());
    let fields: [String; PAIRED] = [
        optional(Some(e.mean)),
        optional(e.low),
        optional(e.high),
        e.unit.noun().to_string(),
        e.units.to_string(),
        e.targets.to_string(),
        e.runs.to_string(),
        e.at_chance.to_string(),
        optional(student.map(|student| student.t)),
        test.student.map_or(String::new(), |student| student.df.to_string()),
        test.student.map_or(String::new(), |student| format!("{:.3e}", student.p)),
        format!("{:.6}", test.joint_p),
        format!("{:.6}", test.smallest_p),
        test.verdict.words().to_string(),
    ];
    fields.join(",")
}

fn kind(results: &Results) -> String {
    // The name that results.json has for it.
    serde_json::to_value(results.kind).ok().and_then(|name| Some(name.as_str()?.to_string())).unwrap_or_default()
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, |v| format!("{v:.4}"))
}

/// A number from which all others can be computed again: nine decimals, without zeros at the end.
fn exact(value: Option<f64>) -> String {
    let text = |v| format!("{v:.9}").trim_end_matches('0').trim_end_matches('.').to_string();
    value.map_or_else(String::new, text)
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

    #[test]
    fn exact_numbers_are_short_where_they_can_be() {
        assert_eq!([Some(61.51), Some(100.0), Some(1.0 / 3.0), None].map(exact), ["61.51", "100", "0.333333333", ""]);
    }
}
