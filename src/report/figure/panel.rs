//! One panel of curves over n: every run as a small mark, means with 95 % intervals joined by lines.

use super::super::{format::plain, statistics::Estimate};
use super::{
    axes::{Axes, TEXT, ticks},
    look::Look,
    svg::{Anchor, Svg, escape},
};

/// Width of every figure, in units of the view box; small enough that text stays readable on a phone.
pub(super) const WIDTH: f64 = 480.0;
const PLOT: f64 = 300.0;
/// Horizontal distance between the arms of one n, in units of n.
const APART: f64 = 0.15;

/// One run's number.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub n: u32,
    pub value: f64,
    pub run: String,
}

/// One arm's points and means.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub label: String,
    pub look: Look,
    pub points: Vec<Point>,
    pub means: Vec<(u32, Estimate)>,
}

/// A horizontal reference: a line with its interval as a band.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub label: String,
    pub look: Look,
    pub estimate: Estimate,
}

/// Everything a panel shows.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub series: Vec<Series>,
    pub reference: Option<Reference>,
    pub x_label: String,
    pub y_label: String,
    /// Values that the y axis must include, such as 0.
    pub include: Vec<f64>,
    /// Whether to draw a line at zero.
    pub zero: bool,
}

impl Panel {
    /// Whether there is anything to draw.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|s| s.points.is_empty())
    }

    fn values(&self) -> Vec<f64> {
        let ends = |e: &Estimate| [Some(e.mean), e.low, e.high].into_iter().flatten().collect::<Vec<_>>();
        let points = self.series.iter().flat_map(|s| s.points.iter().map(|p| p.value));
        let mut values: Vec<f64> = points.chain(self.include.iter().copied()).collect();
        let (low, high) = range(&values);
        // A t interval over two splits can be ten times as wide as the data; it is cut rather than let flatten them.
        let room = (high - low).max(0.5) * 0.6;
        let means = self.series.iter().flat_map(|s| s.means.iter().map(|(_, e)| e));
        for e in means.chain(self.reference.iter().map(|r| &r.estimate)) {
            values.extend(ends(e).into_iter().map(|v| v.clamp(low - room, high + room)));
        }
        values
    }

    /// Draws the panel and returns the picture's body and size.
    pub fn draw(&self) -> (Svg, (f64, f64)) {
        let mut svg = Svg::default();
        let ns = || self.series.iter().flat_map(|s| s.points.iter().map(|p| p.n));
        let (first, last) = (ns().min().unwrap_or(0), ns().max().unwrap_or(1));
        let (low, high) = range(&self.values());
        let y_ticks = ticks(low, high, 6);
        let axes = Axes {
            edges: (62.0, 12.0, WIDTH - 10.0, 12.0 + PLOT),
            x: (f64::from(first) - 0.5, f64::from(last) + 0.5),
            y: (y_ticks[0], y_ticks[y_ticks.len() - 1]),
        };
        axes.draw_y(&mut svg, &y_ticks, TEXT);
        for n in first..=last {
            axes.tick_x(&mut svg, f64::from(n), &n.to_string(), TEXT);
            if n == 0 {
                svg.text((axes.at_x(0.0), axes.edges.3 + 5.0 + 1.95 * TEXT), Anchor::Middle, TEXT - 2.0, "(base)");
            }
        }
        let middle = (axes.edges.0 + axes.edges.2) / 2.0;
        svg.text((middle, axes.edges.3 + 50.0), Anchor::Middle, TEXT, &self.x_label);
        svg.text_upward((16.0, (axes.edges.1 + axes.edges.3) / 2.0), TEXT, &self.y_label);
        self.draw_reference(&mut svg, &axes);
        if self.zero {
            let y = axes.at_y(0.0);
            svg.line((axes.edges.0, y), (axes.edges.2, y), r##"stroke="#111" stroke-width="1.2""##);
        }
        let wide: Vec<&Series> = self.series.iter().filter(|s| s.points.iter().any(|p| p.n > 0)).collect();
        for series in &self.series {
            let place = wide.iter().position(|s| s.label == series.label).unwrap_or(0);
            let offset = (place as f64 - (wide.len() as f64 - 1.0) / 2.0) * APART;
            draw_series(&mut svg, &axes, series, if series.points.iter().all(|p| p.n == 0) { 0.0 } else { offset });
        }
        let height = self.legend(&mut svg, axes.edges.3 + 74.0);
        (svg, (WIDTH, height))
    }

    fn draw_reference(&self, svg: &mut Svg, axes: &Axes) {
        let Some(reference) = &self.reference else { return };
        let (left, _, right, _) = axes.edges;
        let e = &reference.estimate;
        if let (Some(low), Some(high)) = (e.low, e.high) {
            let (top, bottom) = (axes.at_y(high.min(axes.y.1)), axes.at_y(low.max(axes.y.0)));
            let paint = format!(r#"fill="{}" fill-opacity="0.15""#, reference.look.colour);
            svg.rect((left, top), (right - left, (bottom - top).max(0.0)), &paint);
        }
        let y = axes.at_y(e.mean);
        let style = format!(r#"{} data-value="{}""#, reference.look.stroke(1.8), e.mean);
        svg.line((left, y), (right, y), &style);
    }

    /// Draws the legend from `top` on, in as many rows as it needs; returns where it ends.
    fn legend(&self, svg: &mut Svg, top: f64) -> f64 {
        let (mut x, mut y) = (20.0, top);
        let series = self.series.iter().map(|s| (s.label.as_str(), s.look));
        for (label, look) in series.chain(self.reference.iter().map(|r| (r.label.as_str(), r.look))) {
            // DejaVu Sans averages 0.6 em a character.
            let width = 46.0 + label.chars().count() as f64 * TEXT * 0.6;
            if x > 20.0 && x + width > WIDTH {
                (x, y) = (20.0, y + 22.0);
            }
            svg.line((x, y), (x + 26.0, y), &look.stroke(1.8));
            look.mark(svg, (x + 13.0, y), 4.2, "", "");
            svg.text((x + 32.0, y + TEXT * 0.36), Anchor::Start, TEXT, label);
            x += width;
        }
        y + 14.0
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) }
}

fn draw_series(svg: &mut Svg, axes: &Axes, series: &Series, offset: f64) {
    let look = series.look;
    for point in &series.points {
        let attributes = format!(
            r#" fill-opacity="0.45" stroke-opacity="0.45" data-n="{}" data-value="{}" data-run="{}""#,
            point.n,
            point.value,
            escape(&point.run)
        );
        let tip = format!("<title>{}: {}</title>", escape(&point.run), plain(point.value));
        let place = (axes.at_x(f64::from(point.n) + offset), axes.at_y(point.value));
        look.mark(svg, place, 2.4, &attributes, &tip);
    }
    let place = |(n, e): &(u32, Estimate)| (axes.at_x(f64::from(*n) + offset), axes.at_y(e.mean));
    svg.polyline(&series.means.iter().map(place).collect::<Vec<_>>(), &look.stroke(1.8));
    for mean in &series.means {
        let (x, y) = place(mean);
        if let (Some(low), Some(high)) = (mean.1.low, mean.1.high) {
            let style = format!(r#"stroke="{}" stroke-width="1.2""#, look.colour);
            let inside = |v: f64| v.clamp(axes.y.0, axes.y.1);
            svg.line((x, axes.at_y(inside(low))), (x, axes.at_y(inside(high))), &style);
            // An end that is cut off gets no cap, so that it reads as going on.
            for end in [low, high].into_iter().filter(|v| *v == inside(*v)) {
                svg.line((x - 3.0, axes.at_y(end)), (x + 3.0, axes.at_y(end)), &style);
            }
        }
        let attributes = format!(r#" data-mean="{}" data-arm="{}" data-at="{}""#, mean.1.mean, series.label, mean.0);
        look.mark(
            svg,
            (x, y),
            4.2,
            &attributes,
            &format!("<title>{}, n = {}: {}</title>", series.label, mean.0, plain(mean.1.mean)),
        );
    }
}
