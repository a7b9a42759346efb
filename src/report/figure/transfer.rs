//! The figures over n: Figure 2 as in the paper and paired, its decomposition, and random filters.

use super::super::{
    format::{interval, minus, plain, signed, units},
    results::{Results, Row},
    run::Arm,
    statistics::Estimate,
};
use super::{
    Figure, Table,
    look::{self, Look, Shape},
    panel::{Panel, Point, Reference, Series},
};

const COPIED: &str = "n, number of copied layers";
const FROZEN: &str = "n, number of frozen layers";
const READING: &str = "Small marks are runs, large marks means over splits, bars 95 % intervals between splits.";
const TRANSFER: [Arm; 4] = [Arm::Selffer, Arm::SelfferPlus, Arm::Transfer, Arm::TransferPlus];
const RANDOM: [Arm; 3] = [Arm::Transfer, Arm::RandomCaffe, Arm::RandomHe];

/// The figures that the results have data for.
pub(super) fn figures(results: &Results) -> Vec<Figure> {
    let random = results.arms().into_iter().any(|arm| matches!(arm, Arm::RandomCaffe | Arm::RandomHe));
    let mut figures = vec![
        levels(results, "figure2", "Accuracy by number of copied layers", &TRANSFER),
        paired(results),
        decomposition(results),
    ];
    if random {
        figures.push(levels(results, "random-filters", "Random frozen filters", &RANDOM));
    }
    figures.into_iter().flatten().collect()
}

fn finish(name: &str, title: &str, caption: &str, panel: &Panel, number: fn(f64) -> String) -> Option<Figure> {
    if panel.is_empty() {
        return None;
    }
    let (svg, size) = panel.draw();
    let head = ["series", "n", "mean", "95 % interval", "units"].map(String::from).to_vec();
    let cells = |label: &str, n: String, e: &Estimate| {
        vec![label.to_string(), n, minus(&number(e.mean)), minus(&interval(e, number)), units(e)]
    };
    let of_series = |s: &Series| s.means.iter().map(|(n, e)| cells(&s.label, n.to_string(), e)).collect::<Vec<_>>();
    let reference = panel.reference.iter().map(|r| cells(&r.label, "all".to_string(), &r.estimate));
    let rows = panel.series.iter().flat_map(of_series).chain(reference).collect();
    Some(Figure {
        name: name.to_string(),
        title: title.to_string(),
        caption: caption.to_string(),
        svg: svg.finish(name, title, caption, size),
        png: Vec::new(),
        table: Table { head, rows },
    })
}

/// Accuracies as in the paper's Figure 2: the base at 0, then the arms.
fn levels(results: &Results, name: &str, title: &str, arms: &[Arm]) -> Option<Figure> {
    let series = |arm: Arm| {
        let rows = results.runs.iter().filter(|r| r.arm == arm);
        let points = rows.filter_map(|r| Some(Point { n: r.n.unwrap_or(0), value: r.top1?, run: r.run.clone() }));
        let means = match arm {
            Arm::Base => results.base.iter().map(|base| (0, base.estimate.clone())).collect(),
            _ => results.paper.iter().filter(|r| r.arm == arm).map(|r| (r.n, r.level.clone())).collect(),
        };
        Series { label: arm.name().to_string(), look: look::of(arm), points: points.collect(), means }
    };
    let panel = Panel {
        series: [Arm::Base].iter().chain(arms).map(|&arm| series(arm)).filter(|s| !s.points.is_empty()).collect(),
        reference: None,
        x_label: if arms.contains(&Arm::RandomHe) { FROZEN } else { COPIED }.to_string(),
        y_label: "top-1 accuracy (%)".to_string(),
        include: Vec::new(),
        zero: false,
    };
    // Bases alone would make a picture of one column.
    if panel.series.iter().all(|s| s.points.iter().all(|p| p.n == 0)) {
        return None;
    }
    let caption = format!(
        "{READING} These intervals contain how much the splits differ in difficulty; paired differences do not."
    );
    finish(name, title, &caption, &panel, plain)
}

/// Each run minus its own base, with the gain of the restarted base beside it.
fn paired(results: &Results) -> Option<Figure> {
    let series = |arm: Arm| {
        let rows = results.runs.iter().filter(|r| r.arm == arm);
        let points = rows.filter_map(|r| Some(Point { n: r.n?, value: r.delta?, run: r.run.clone() }));
        let means = results.paired.iter().filter(|r| r.arm == arm).map(|r| (r.n, r.estimate.clone()));
        Series { label: arm.name().to_string(), look: look::of(arm), points: points.collect(), means: means.collect() }
    };
    let reference = results.restart_gain().map(|estimate| Reference {
        label: "restarted base".to_string(),
        look: look::of(Arm::Restart),
        estimate: estimate.clone(),
    });
    let beside = if reference.is_some() {
        " The dotted line with its band is the gain of a restarted base, trained as long without any transfer."
    } else {
        " No restarted base was trained, so the gain of longer training alone is not shown."
    };
    let panel = Panel {
        series: TRANSFER.into_iter().map(series).filter(|s| !s.points.is_empty()).collect(),
        reference,
        x_label: COPIED.to_string(),
        y_label: "difference to own base (points)".to_string(),
        include: vec![0.0],
        zero: true,
    };
    let caption = format!("Each run minus the base of its own split, replicate and target. {READING}{beside}");
    finish("figure2-paired", "Difference to the run's own base", &caption, &panel, signed)
}

/// Co-adaptation and specificity as two signed curves.
fn decomposition(results: &Results) -> Option<Figure> {
    let means = |rows: &[Row]| rows.iter().map(|r| (r.n, r.estimate.clone())).collect();
    let own = results.runs.iter().filter(|r| r.arm == Arm::Selffer);
    let co_adaptation = Series {
        label: "co-adaptation (BnB \u{2212} base)".to_string(),
        look: look::of(Arm::Selffer),
        points: own.filter_map(|r| Some(Point { n: r.n?, value: r.delta?, run: r.run.clone() })).collect(),
        means: means(&results.co_adaptation),
    };
    let differences = results.differences.iter().map(|d| Point { n: d.n, value: d.value, run: d.run.clone() });
    let specificity = Series {
        label: "specificity (AnB \u{2212} BnB)".to_string(),
        look: Look { colour: "#CC79A7", shape: Shape::Down, dash: "6 3" },
        points: differences.collect(),
        means: means(&results.specificity),
    };
    let panel = Panel {
        series: [co_adaptation, specificity].into_iter().filter(|s| !s.points.is_empty()).collect(),
        reference: None,
        x_label: COPIED.to_string(),
        y_label: "part of the difference (points)".to_string(),
        include: vec![0.0],
        zero: true,
    };
    let caption = format!(
        "What freezing costs even with a network's own features (co-adaptation), and what the other half's features \
         cost on top (specificity), on the same split, replicate, target and n. {READING}"
    );
    finish("decomposition", "Co-adaptation and specificity", &caption, &panel, signed)
}
