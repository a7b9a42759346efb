//! Training curves: one small panel for the bases, one per n.

use super::super::{
    format::plain,
    results::{Curve, Results},
    run::Arm,
};
use super::{
    Figure, Table,
    axes::{Axes, TEXT, ticks},
    look,
    panel::WIDTH,
    svg::{Anchor, Svg, escape},
};

const NAME: &str = "training-curves";
const TITLE: &str = "Test accuracy during training";
/// Size of one small panel with its labels.
const CELL: (f64, f64) = (WIDTH / 2.0, 160.0);
const SMALL: f64 = 12.5;

/// The figure; `None` unless some curve has two points.
pub(super) fn figure(results: &Results) -> Option<Figure> {
    let curves: Vec<&Curve> = results.curves.iter().filter(|curve| curve.points.len() > 1).collect();
    let values = || curves.iter().flat_map(|c| c.points.iter().map(|p| p.1));
    let (low, high) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
    let steps = curves.iter().flat_map(|c| c.points.iter().map(|p| p.0)).max()? as f64;
    let y_ticks = ticks(low, high, 4);
    let mut cells: Vec<Option<u32>> = curves.iter().map(|curve| curve.n).collect();
    cells.sort_unstable();
    cells.dedup();

    let mut svg = Svg::default();
    svg.text_upward((14.0, CELL.1), TEXT, "top-1 accuracy (%)");
    for (place, &n) in cells.iter().enumerate() {
        let (x, y) = ((place % 2) as f64 * (CELL.0 - 6.0), (place / 2) as f64 * CELL.1);
        let axes = Axes {
            edges: (x + 52.0, y + 24.0, x + CELL.0 - 4.0, y + CELL.1 - 26.0),
            x: (0.0, steps),
            y: (y_ticks[0], y_ticks[y_ticks.len() - 1]),
        };
        axes.draw_y(&mut svg, &y_ticks, SMALL);
        axes.tick_x(&mut svg, 0.0, "0", SMALL);
        svg.text((axes.edges.2, axes.edges.3 + 5.0 + SMALL), Anchor::End, SMALL, &format!("{steps} steps"));
        let title = n.map_or_else(|| "base and restart".to_string(), |n| format!("n = {n}"));
        svg.text((axes.edges.0 + 4.0, y + 16.0), Anchor::Start, SMALL + 1.0, &title);
        for curve in curves.iter().filter(|curve| curve.n == n) {
            let style = format!(
                r#"stroke="{}" stroke-width="0.6" stroke-opacity="0.35" data-run="{}""#,
                look::of(curve.arm).colour,
                escape(&curve.run)
            );
            svg.polyline(&places(&axes, &curve.points), &style);
        }
        for mean in results.mean_curves.iter().filter(|mean| mean.n == n && mean.points.len() > 1) {
            let style = format!(r#"{} data-arm="{}""#, look::of(mean.arm).stroke(1.8), mean.arm.name());
            svg.polyline(&places(&axes, &mean.points), &style);
        }
    }
    let bottom = cells.len().div_ceil(2) as f64 * CELL.1 + 12.0;
    let height = legend(&mut svg, &curves, bottom);
    let thinned = curves.iter().filter(|c| c.points.len() < c.evaluations).count();
    let mut caption =
        "Thin lines are runs, bold lines means over the finished runs of an arm; on the test set.".to_string();
    if thinned > 0 {
        caption.push_str(" Long curves are thinned for drawing; first and last points are kept.");
    }
    Some(Figure {
        name: NAME.to_string(),
        title: TITLE.to_string(),
        svg: svg.finish(NAME, TITLE, &caption, (WIDTH, height)),
        caption,
        png: Vec::new(),
        table: table(&curves),
    })
}

fn places(axes: &Axes, points: &[(u64, f64)]) -> Vec<(f64, f64)> {
    points.iter().map(|&(step, value)| (axes.at_x(step as f64), axes.at_y(value))).collect()
}

fn legend(svg: &mut Svg, curves: &[&Curve], top: f64) -> f64 {
    let (mut x, mut y) = (20.0, top);
    for arm in Arm::ALL.into_iter().filter(|arm| curves.iter().any(|curve| curve.arm == *arm)) {
        let width = 46.0 + arm.name().len() as f64 * TEXT * 0.6;
        if x > 20.0 && x + width > WIDTH {
            (x, y) = (20.0, y + 20.0);
        }
        svg.line((x, y), (x + 26.0, y), &look::of(arm).stroke(1.8));
        svg.text((x + 32.0, y + TEXT * 0.36), Anchor::Start, TEXT, arm.name());
        x += width;
    }
    y + 14.0
}

fn table(curves: &[&Curve]) -> Table {
    let row = |curve: &&Curve| {
        let at = |share: usize| curve.points[(curve.points.len() - 1) * share / 4];
        let mut cells = vec![curve.run.clone(), curve.points.last().map_or(0, |p| p.0).to_string()];
        cells.extend([1, 2, 3, 4].map(|share| plain(at(share).1)));
        cells
    };
    let head = ["run", "steps", "after 1/4", "after 1/2", "after 3/4", "at the end"];
    Table { head: head.map(String::from).to_vec(), rows: curves.iter().map(row).collect() }
}
