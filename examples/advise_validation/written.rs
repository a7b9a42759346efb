//! The record of all tasks: a table, a document, the scores and a figure.

use super::{
    CLASSES, ORACLE_SEEDS,
    judged::{Record, average},
};
use anyhow::Result;
use serde_json::json;
use std::path::Path;
use strata::{host::atomic, protocol::advice::keys::Keys, report::statistics::t_interval};

/// The value at a share of the sorted values, between neighbours.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len().max(1) - 1) as f64;
    let low = place.floor() as usize;
    sorted.get(low).map_or(f64::NAN, |&at| at + place.fract() * (sorted.get(low + 1).unwrap_or(&at) - at))
}

/// A share with Wilson's 95 % interval.
fn share(count: usize, of: usize) -> [f64; 3] {
    let (n, z) = (of as f64, 1.959_963_985);
    let p = count as f64 / n;
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [p, centre - half, centre + half]
}

/// The mean regret of each way with its interval, as SVG.
fn figure(ways: &[(&str, f64, (f64, f64))]) -> String {
    let most = ways.iter().map(|(.., (_, high))| *high).fold(1.0, f64::max).ceil();
    let (left, right, row) = (250.0, 690.0, 26.0);
    let x = |points: f64| left + points.max(0.0) / most * (right - left);
    let bottom = 40.0 + row * ways.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {0}\" width=\"720\" height=\"{0}\" \
         font-family=\"sans-serif\" font-size=\"13\"><rect width=\"720\" height=\"{0}\" fill=\"#ffffff\"/>\n",
        bottom + 45.0
    );
    let step = if most > 10.0 { 5 } else { 1 };
    for tick in (0..=most as u32).step_by(step) {
        let at = x(f64::from(tick));
        svg += &format!(
            "<path d=\"M{at:.1} 25V{bottom:.1}\" stroke=\"#dddddd\"/><text x=\"{at:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{tick}</text>\n",
            bottom + 18.0
        );
    }
    for (place, (name, mean, (low, high))) in ways.iter().enumerate() {
        let y = 40.0 + row * place as f64;
        let colour = if place == 0 { "#b03a2e" } else { "#2c5d8f" };
        svg += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text><path d=\"M{:.1} {y:.1}H{:.1}\" \
             stroke=\"{colour}\" stroke-width=\"2\"/><circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{colour}\"/>\n",
            left - 12.0,
            y + 4.5,
            x(*low),
            x(*high),
            x(*mean)
        );
    }
    svg += &format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">mean regret in points, 95 % interval over tasks</text>\n</svg>\n",
        (left + right) / 2.0,
        bottom + 37.0
    );
    svg
}

/// Writes what came out of all tasks: `PHASE.json`, `PHASE-scores.csv` and `PHASE.svg`.
pub fn write(records: &[Record], phase: &str, keys: &Keys, out: &Path) -> Result<()> {
    let names: Vec<&str> = records.first().map_or(Vec::new(), |r| r.ways().into_iter().map(|(name, _)| name).collect());
    let column = |at: usize| records.iter().map(|record| record.ways()[at].1).collect::<Vec<f64>>();
    let advised = column(0);
    let (mut ways, mut shown) = (Vec::new(), Vec::new());
    println!("{} tasks of {phase}", records.len());
    println!("| way | mean regret | 95 % interval | 90th percentile | less advise's, paired |");
    println!("|---|---|---|---|---|");
    for (at, name) in names.iter().enumerate() {
        let regrets = column(at);
        let interval = t_interval(&regrets).unwrap_or((f64::NAN, f64::NAN));
        let less: Vec<f64> = regrets.iter().zip(&advised).map(|(a, b)| a - b).collect();
        let paired = t_interval(&less).unwrap_or((f64::NAN, f64::NAN));
        let (mean, ninety) = (average(&regrets), quantile(&regrets, 0.9));
        println!(
            "| {name} | {mean:.2} | [{:.2}, {:.2}] | {ninety:.2} | {:+.2} [{:+.2}, {:+.2}] |",
            interval.0,
            interval.1,
            average(&less),
            paired.0,
            paired.1
        );
        shown.push((*name, mean, interval));
        ways.push(json!({
            "way": name, "mean_regret": mean, "interval": [interval.0, interval.1], "percentile_90": ninety,
            "less_advise": average(&less), "less_advise_interval": [paired.0, paired.1],
        }));
    }
    let count = |of: &dyn Fn(&Record) -> bool| records.iter().filter(|record| of(record)).count();
    let best = share(count(&|r| r.advice.choice.set.contains(&r.best())), records.len());
    let bound =
        share(count(&|r| r.regret(r.advice.choice.recommended) <= r.bound(r.advice.choice.recommended)), records.len());
    let size = average(&records.iter().map(|r| r.advice.choice.set.len() as f64).collect::<Vec<_>>());
    let cost = average(&records.iter().map(Record::cost).collect::<Vec<_>>());
    println!("best in the set {best:.3?}; regret within its bound {bound:.3?}; set of {size:.2} of 12; cost {cost:.3}");
    let document = json!({
        "phase": phase, "version": env!("CARGO_PKG_VERSION"), "keys": serde_json::to_value(keys)?,
        "oracle_seeds": ORACLE_SEEDS, "classes": CLASSES, "ways": ways, "best_in_set": best,
        "regret_within_bound": bound, "mean_set": size, "mean_cost_of_exhaustive": cost,
        "tasks": records.iter().map(Record::summary).collect::<Vec<_>>(),
    });
    atomic::write(&out.join(format!("{phase}.json")), serde_json::to_string_pretty(&document)?.as_bytes())?;
    atomic::write(&out.join(format!("{phase}.svg")), figure(&shown).as_bytes())?;
    let mut scores = String::from("task,candidate,multiply_adds,split_scores,oracle_scores\n");
    for record in records {
        for (candidate, oracle) in record.advice.candidates.iter().zip(&record.oracle) {
            let words = |values: Vec<String>| values.join(" ");
            let splits = candidate.accuracy.iter().map(|s| s.map_or("-".into(), |s| format!("{s}"))).collect();
            let seeds = oracle.iter().map(|s| format!("{s}")).collect();
            scores += &format!(
                "{},{},{},{},{}\n",
                record.task.name(),
                candidate.name,
                candidate.multiply_adds,
                words(splits),
                words(seeds)
            );
        }
    }
    atomic::write(&out.join(format!("{phase}-scores.csv")), scores.as_bytes())?;
    Ok(())
}
