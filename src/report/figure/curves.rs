//! Training curves, accuracy and loss: one small panel for the bases, one per n.

use super::super::{
    format::plain,
    results::{Curve, MeanCurve, Results},
    run::Arm,
};
use super::{
    Drawing, Table,
    axes::{Axes, TEXT, ticks},
    look::{self, Look},
    panel::WIDTH,
    svg::{Anchor, Svg, escape},
};

/// Size of one small panel with its labels.
const CELL: (f64, f64) = (WIDTH / 2.0, 166.0);
const SMALL: f64 = 14.5;

/// What is drawn by step.
struct Quantity {
    name: &'static str,
    title: &'static str,
    axis: &'static str,
    what: &'static str,
    /// Whether it has a level of chance.
    is_accuracy: bool,
    of_run: fn(&Curve) -> &[(u64, f64)],
    of_mean: fn(&MeanCurve) -> &[(u64, f64)],
}

const QUANTITIES: [Quantity; 2] = [
    Quantity {
        name: "training-curves",
        title: "Test accuracy during training",
        axis: "top-1 (%)",
        what: "on the test set",
        is_accuracy: true,
        of_run: |curve| &curve.points,
        of_mean: |mean| &mean.points,
    },
    Quantity {
        name: "training-loss",
        title: "Training loss",
        axis: "loss (nats)",
        what: "averaged since the evaluation before",
        is_accuracy: false,
        of_run: |curve| &curve.losses,
        of_mean: |mean| &mean.losses,
    },
];

/// The figures of whatever was recorded at two steps at least.
pub(super) fn figures(results: &Results) -> Vec<Drawing> {
    QUANTITIES.iter().filter_map(|quantity| figure(results, quantity)).collect()
}

fn figure(results: &Results, quantity: &Quantity) -> Option<Drawing> {
    let curves: Vec<&Curve> = results.curves.iter().filter(|curve| (quantity.of_run)(curve).len() > 1).collect();
    let all = || curves.iter().flat_map(|c| (quantity.of_run)(c).iter());
    let (low, high) = (all().map(|p| p.1).reduce(f64::min)?, all().map(|p| p.1).reduce(f64::max)?);
    let steps = all().map(|p| p.0).max()? as f64;
    let y_ticks = ticks(low, high, 4);
    let mut cells: Vec<Option<u32>> = curves.iter().map(|curve| curve.n).collect();
    cells.sort_unstable();
    cells.dedup();

    let mut svg = Svg::default();
    let level = results.chance.filter(|_| quantity.is_accuracy);
    let mut outside = None;
    let rows = cells.len().div_ceil(2) as f64;
    svg.text_upward((14.0, rows.min(2.0) * CELL.1 / 2.0), TEXT, quantity.axis);
    for (place, &n) in cells.iter().enumerate() {
        let (x, y) = ((place % 2) as f64 * (CELL.0 - 6.0), (place / 2) as f64 * CELL.1);
        let axes = Axes {
            edges: (x + 52.0, y + 24.0, x + CELL.0 - 4.0, y + CELL.1 - 26.0),
            x: (0.0, steps),
            y: (y_ticks[0], y_ticks[y_ticks.len() - 1]),
        };
        axes.draw_y(&mut svg, &y_ticks, SMALL);
        if let Some(chance) = level {
            axes.draw_chance(&mut svg, chance, Anchor::End, SMALL - 2.0);
            outside = axes.chance_outside(chance);
        }
        axes.tick_x(&mut svg, 0.0, "0", SMALL);
        svg.text((axes.edges.2, axes.edges.3 + 5.0 + SMALL), Anchor::End, SMALL, &format!("{steps} steps"));
        let title = n.map_or_else(|| without_n(&curves), |n| format!("n = {n}"));
        svg.text((axes.edges.0 + 4.0, y + 16.0), Anchor::Start, SMALL + 1.0, &title);
        for curve in curves.iter().filter(|curve| curve.n == n) {
            let points = (quantity.of_run)(curve);
            let style = format!(
                r#"stroke="{}" stroke-width="0.6" stroke-opacity="0.35" data-run="{}" data-values="{}""#,
                look::of(curve.arm).colour,
                escape(&curve.run),
                values(points)
            );
            svg.polyline(&places(&axes, points), &style);
        }
        let of_mean = |mean: &&MeanCurve| mean.n == n && (quantity.of_mean)(mean).len() > 1;
        for mean in results.mean_curves.iter().filter(of_mean) {
            let style = format!(r#"{} data-arm="{}""#, look::of(mean.arm).stroke(1.8), mean.arm.name());
            svg.polyline(&places(&axes, (quantity.of_mean)(mean)), &style);
        }
    }
    let bottom = cells.len().div_ceil(2) as f64 * CELL.1 + 12.0;
    let arms = Arm::ALL.into_iter().filter(|arm| curves.iter().any(|curve| curve.arm == *arm));
    let height = legend(&mut svg, arms.map(|arm| (arm.name(), look::of(arm))), bottom);
    let thinned = curves.iter().filter(|c| (quantity.of_run)(c).len() < c.evaluations).count();
    let mut caption =
        format!("Thin lines are runs, bold lines means over the finished runs of an arm; {}.", quantity.what);
    if thinned > 0 {
        caption.push_str(" Long curves are thinned for drawing; first and last points are kept.");
    }
    caption.push_str(&outside.unwrap_or_default());
    let table = table(&curves, quantity);
    Some(Drawing::new(quantity.name, quantity.title, caption, (svg, (WIDTH, height)), table))
}

/// The title of the panel of networks that have no n: their arms.
fn without_n(curves: &[&Curve]) -> String {
    let arms = Arm::ALL.into_iter().filter(|arm| curves.iter().any(|c| c.n.is_none() && c.arm == *arm));
    arms.map(Arm::name).collect::<Vec<_>>().join(", ")
}

/// The values of a curve, so that they can be read back.
fn values(points: &[(u64, f64)]) -> String {
    points.iter().map(|(step, value)| format!("{step}:{value}")).collect::<Vec<_>>().join(" ")
}

fn places(axes: &Axes, points: &[(u64, f64)]) -> Vec<(f64, f64)> {
    points.iter().map(|&(step, value)| (axes.at_x(step as f64), axes.at_y(value))).collect()
}

/// Draws a legend from `top` on, in as many rows as it needs; returns where it ends.
pub(super) fn legend<'a>(svg: &mut Svg, entries: impl Iterator<Item = (&'a str, Look)>, top: f64) -> f64 {
    let (mut x, mut y) = (20.0, top);
    for (label, look) in entries {
        let width = 46.0 + label.chars().count() as f64 * TEXT * 0.6;
        if x > 20.0 && x + width > WIDTH {
            (x, y) = (20.0, y + 20.0);
        }
        svg.line((x, y), (x + 26.0, y), &look.stroke(1.8));
        svg.text((x + 32.0, y + TEXT * 0.36), Anchor::Start, TEXT, label);
        x += width;
    }
    y + 14.0
}

fn table(curves: &[&Curve], quantity: &Quantity) -> Table {
    let row = |curve: &&Curve| {
        let points = (quantity.of_run)(curve);
        let at = |share: usize| points[(points.len() - 1) * share / 4];
        let mut cells = vec![curve.run.clone(), points.last().map_or(0, |p| p.0).to_string()];
        cells.extend([1, 2, 3, 4].map(|share| plain(at(share).1)));
        cells
    };
    let head = ["run", "steps", "after 1/4", "after 1/2", "after 3/4", "at the end"];
    Table { head: head.map(String::from).to_vec(), rows: curves.iter().map(row).collect() }
}
