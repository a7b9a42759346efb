//! Accuracy by size of the training set, on a logarithmic scale.

use super::super::{
    format::{interval, minus, plain, signed, units},
    results::{Results, SizeRow},
    run::Arm,
};
use super::{
    Drawing, Table,
    axes::{Axes, TEXT, ticks},
    look::{self, Look},
    panel::WIDTH,
    svg::{Anchor, Svg, escape},
};

const NAME: &str = "training-set-size";
const TITLE: &str = "Accuracy by size of the training set";
const EDGES: (f64, f64, f64, f64) = (62.0, 12.0, WIDTH - 16.0, 282.0);

/// One arm at one n over all sizes.
struct Line<'a> {
    label: String,
    look: Look,
    points: Vec<(f64, &'a SizeRow)>,
}

/// The figure; `None` where no training set was reduced.
pub(super) fn figure(results: &Results) -> Option<Drawing> {
    let lines = lines(results);
    let all = || lines.iter().flat_map(|line| line.points.iter());
    let (first, last) = (all().map(|p| p.0).reduce(f64::min)?, all().map(|p| p.0).reduce(f64::max)?);
    let low = all().map(|p| p.1.level.mean).reduce(f64::min)?;
    let high = all().map(|p| p.1.level.mean).reduce(f64::max)?;
    let mut y_ticks = ticks(low, high, 6);
    y_ticks.retain(|tick| (0.0..=100.0).contains(tick));
    let (bottom, top) = (y_ticks.first().copied()?, y_ticks.last().copied()?);
    let axes = Axes {
        edges: EDGES,
        x: (first.log10() - 0.1, last.log10() + 0.1),
        y: (bottom, if top > bottom { top } else { bottom + 1.0 }),
    };
    let mut svg = Svg::default();
    axes.draw_y(&mut svg, &y_ticks, TEXT);
    if let Some(chance) = results.chance {
        axes.draw_chance(&mut svg, chance, Anchor::End, TEXT - 2.0);
    }
    let mut right = f64::NEG_INFINITY;
    let mut sizes: Vec<f64> = all().map(|p| p.0).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    for size in sizes {
        let (x, text) = (axes.at_x(size.log10()), size.to_string());
        let half = text.len() as f64 * TEXT * 0.32;
        // A label that would touch its neighbour is left out; its tick stays.
        let fits = x - half > right + 4.0;
        axes.tick_x(&mut svg, size.log10(), if fits { &text } else { "" }, TEXT);
        right = if fits { x + half } else { right };
    }
    let x_label = "training images of a class (logarithmic)";
    svg.text(((EDGES.0 + EDGES.2) / 2.0, EDGES.3 + 44.0), Anchor::Middle, TEXT, x_label);
    svg.text_upward((16.0, (EDGES.1 + EDGES.3) / 2.0), TEXT, "top-1 accuracy (%)");
    for line in &lines {
        draw(&mut svg, &axes, line);
    }
    let height = super::curves::legend(&mut svg, lines.iter().map(|l| (l.label.as_str(), l.look)), EDGES.3 + 68.0);
    let mut caption = "Means over splits with 95 % intervals between splits; one without a cap continues beyond the frame. A \
                       point whose training failed stays at chance; the table of runs distinguishes it from one whose data \
                       were too few."
        .to_string();
    caption.push_str(&results.chance.and_then(|chance| axes.chance_outside(chance)).unwrap_or_default());
    Some(Drawing::new(NAME, TITLE, caption, (svg, (WIDTH, height)), table(results)))
}

/// The base, then the frozen transfer networks at the lowest, a middle and the highest n: more lines would hide
/// each other, and the table has them all.
fn lines(results: &Results) -> Vec<Line<'_>> {
    let mut ns: Vec<u32> = results.sizes.iter().filter(|row| row.n > 0).map(|row| row.n).collect();
    ns.sort_unstable();
    ns.dedup();
    let shown: Vec<u32> =
        [0, ns.len() / 2, ns.len().saturating_sub(1)].iter().filter_map(|&at| ns.get(at).copied()).collect();
    let whole = whole(results);
    let mut lines: Vec<Line> = Vec::new();
    for row in &results.sizes {
        let wanted = match row.arm {
            Arm::Base => true,
            Arm::Transfer | Arm::TransferPlus => shown.contains(&row.n),
            _ => false,
        };
        let Some(size) = row.train_size.or(whole).filter(|size| wanted && *size > 0) else { continue };
        let label = if row.n == 0 { row.arm.name().to_string() } else { format!("{}, n = {}", row.arm.name(), row.n) };
        let point = (size as f64, row);
        match lines.iter_mut().find(|line| line.label == label) {
            Some(line) => line.points.push(point),
            None => {
                let shade = shown.iter().position(|n| *n == row.n).unwrap_or(0);
                let dash = ["", "6 3", "2 3"][shade % 3];
                lines.push(Line { label, look: Look { dash, ..look::of(row.arm) }, points: vec![point] });
            }
        }
    }
    lines.sort_by_key(|line| line.points.first().map(|p| (p.1.arm, p.1.n)));
    lines
}

/// Images of a class in the whole training set, where the configuration says.
fn whole(results: &Results) -> Option<usize> {
    results.train_per_class.filter(|size| *size > 0)
}

fn draw(svg: &mut Svg, axes: &Axes, line: &Line) {
    let place = |(size, row): &(f64, &SizeRow)| (axes.at_x(size.log10()), axes.at_y(row.level.mean));
    svg.polyline(&line.points.iter().map(place).collect::<Vec<_>>(), &line.look.stroke(1.8));
    for point in &line.points {
        let (x, y) = place(point);
        let e = &point.1.level;
        if let (Some(low), Some(high)) = (e.low, e.high) {
            let style = format!(r#"stroke="{}" stroke-width="1.2" class="whisker""#, line.look.colour);
            let inside = |v: f64| axes.at_y(v.clamp(axes.y.0, axes.y.1));
            svg.line((x, inside(low)), (x, inside(high)), &style);
            for end in [low, high].into_iter().filter(|end| (axes.y.0..=axes.y.1).contains(end)) {
                svg.line((x - 3.0, inside(end)), (x + 3.0, inside(end)), &style);
            }
        }
        let (size, label) = (point.0, escape(&line.label));
        let attributes = format!(r#" data-size="{size}" data-series="{label}" data-mean="{}""#, e.mean);
        let tip = format!("<title>{label}, {size} images: {}</title>", plain(e.mean));
        line.look.mark(svg, (x, y), 4.2, &attributes, &tip);
    }
}

fn table(results: &Results) -> Table {
    let head = ["images of a class", "arm", "n", "top-1 (%)", "95 % interval", "\u{2212} base of this size", "units"];
    let row = |row: &SizeRow| {
        vec![
            row.train_size.map_or_else(|| "all".to_string(), |size| size.to_string()),
            row.arm.name().to_string(),
            if row.n == 0 { String::new() } else { row.n.to_string() },
            plain(row.level.mean),
            interval(&row.level, plain),
            row.delta.as_ref().map_or_else(|| "\u{2013}".to_string(), |d| minus(&signed(d.mean))),
            units(&row.level),
        ]
    };
    Table { head: head.map(String::from).to_vec(), rows: results.sizes.iter().map(row).collect() }
}
