//! One panel of curves over n (or over layers): runs as small marks, means with 95 % intervals joined by lines.

use std::ops::RangeInclusive;

use super::super::{format::plain, results::Results, statistics::Estimate};
use super::{
    axes::{Axes, TEXT, ticks},
    look::Look,
    names::{shortened, width},
    svg::{self, Anchor, Svg, escape},
};

/// The most room that the name of an x tick has.
const NAMES: f64 = WIDTH * 0.4;
/// The distance of two n from which on marks have their full size.
const ROOM: f64 = 40.0;
/// Width of every figure, in units of the view box; small enough that text stays readable on a phone.
pub(super) const WIDTH: f64 = 480.0;
const PLOT: f64 = 300.0;
/// The y axis of accuracies.
pub(super) const ACCURACY: &str = "top-1 accuracy (%)";
/// Horizontal distance between the arms of one n, in units of n.
const APART: f64 = 0.15;
/// How far the points of one arm at one n are spread sideways, in units of n, so that equal ones show.
const JITTER: f64 = 0.12;
/// The stroke of a ring around a mark.
const RING: &str = r##"fill="none" stroke="#111" stroke-width="1.6""##;
/// The golden ratio's fraction: its multiples fill an interval evenly, however many they are.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// One run's number.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub n: u32,
    pub value: f64,
    pub run: String,
    /// Whether the run ended at chance; it is drawn hollow.
    pub at_chance: bool,
}

/// One arm's points and means.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub label: String,
    pub look: Look,
    pub points: Vec<Point>,
    pub means: Vec<(u32, Estimate)>,
    /// The paper's number of the line and what it means, to stand in the legend.
    pub note: Option<(u32, &'static str)>,
}

/// A horizontal reference: a line with its interval as a band.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub label: String,
    pub look: Look,
    pub estimate: Estimate,
}

/// What is drawn of each series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// Every run, nothing else.
    Runs,
    /// Means with their intervals, joined.
    Means,
    /// Both, the runs paler.
    Both,
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
    /// Values that the y axis must not leave, such as 0 and 100 for a percentage.
    pub bounds: Option<(f64, f64)>,
    /// Whether to draw a line at zero.
    pub zero: bool,
    pub marks: Marks,
    /// The level of chance in percent, where the values are accuracies: the least and the most of all tasks.
    pub chance: Option<[f64; 2]>,
    /// Names of the x ticks, the first for `n = 1`; numbers where there are none.
    pub names: Vec<String>,
    /// What stands below the tick of `n = 0`.
    pub at_zero: &'static str,
    /// Means that are drawn hollow, by the label of their series and their n.
    pub hollow: Vec<(String, u32)>,
    /// A mean with a ring around it.
    pub ringed: Option<(String, u32)>,
}

impl Panel {
    /// A panel of differences in points, which has a zero line.
    pub fn of_differences(series: Vec<Series>, x_label: &str, y_label: &str) -> Self {
        let (x_label, y_label) = (x_label.to_string(), y_label.to_string());
        let (include, marks) = (vec![0.0], Marks::Both);
        Self {
            series,
            reference: None,
            x_label,
            y_label,
            include,
            bounds: None,
            zero: true,
            marks,
            chance: None,
            names: Vec::new(),
            at_zero: "(base)",
            hollow: Vec::new(),
            ringed: None,
        }
    }

    /// A panel of percentages.
    pub fn of_percentages(series: Vec<Series>, x_label: &str, y_label: &str, marks: Marks) -> Self {
        let bounds = Some((0.0, 100.0));
        Self { include: Vec::new(), bounds, zero: false, marks, ..Self::of_differences(series, x_label, y_label) }
    }

    /// A panel of accuracies of a study, with the level of chance.
    pub fn of_accuracies(results: &Results, series: Vec<Series>, x_label: &str, marks: Marks) -> Self {
        Self { chance: results.chance, ..Self::of_percentages(series, x_label, ACCURACY, marks) }
    }

    /// Whether there is anything to draw.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|s| s.points.is_empty() && s.means.is_empty())
    }

    fn is_numbered(&self) -> bool {
        self.series.iter().any(|s| s.note.is_some())
    }

    fn runs(&self) -> bool {
        self.marks != Marks::Means
    }

    fn estimates(&self) -> impl Iterator<Item = &Estimate> {
        let means = self.series.iter().flat_map(|s| s.means.iter().map(|(_, e)| e));
        means.filter(|_| self.marks != Marks::Runs).chain(self.reference.iter().map(|r| &r.estimate))
    }

    fn values(&self) -> Vec<f64> {
        let points = self.series.iter().flat_map(|s| s.points.iter().map(|p| p.value)).filter(|_| self.runs());
        let means = self.estimates().map(|e| e.mean);
        let mut values: Vec<f64> = points.chain(means).chain(self.include.iter().copied()).collect();
        let (low, high) = range(&values);
        // A t interval over two splits can be ten times as wide as the data; it is cut rather than let flatten them.
        let room = (high - low).max(0.5) * 0.2;
        values
            .extend(self.estimates().flat_map(|e| [e.low, e.high]).flatten().map(|v| v.clamp(low - room, high + room)));
        values
    }

    /// The ends of the y axis and its ticks.
    fn y_axis(&self) -> ((f64, f64), Vec<f64>) {
        let (low, high) = range(&self.values());
        let (least, most) = self.bounds.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let mut ticks = ticks(low.max(least), high.min(most), 6);
        ticks.retain(|tick| (least..=most).contains(tick));
        match ticks[..] {
            [first, .., last] => ((first, last), ticks),
            // Data that cling to a bound leave one tick; the bounds themselves are the axis then.
            _ => ((low.max(least), high.min(most).max(low.max(least) + 1.0)), ticks),
        }
    }

    /// Whether some interval goes beyond the frame.
    pub fn cuts(&self) -> bool {
        let ((bottom, top), _) = self.y_axis();
        self.estimates().any(|e| e.low.is_some_and(|low| low < bottom) || e.high.is_some_and(|high| high > top))
    }

    fn axes(&self) -> (Axes, Vec<f64>, RangeInclusive<u32>) {
        let ns = || self.series.iter().flat_map(|s| s.points.iter().map(|p| p.n).chain(s.means.iter().map(|m| m.0)));
        let (first, last) = (ns().min().unwrap_or(0), ns().max().unwrap_or(1));
        let (y, y_ticks) = self.y_axis();
        let numbered = self.is_numbered();
        let axes = Axes {
            edges: (62.0, 12.0, WIDTH - if numbered { 24.0 } else { 10.0 }, 12.0 + PLOT),
            x: (f64::from(first) - 0.5, f64::from(last) + 0.5),
            y,
        };
        (axes, y_ticks, first..=last)
    }

    /// Where chance lies, in words, where that is not drawn.
    pub fn chance_outside(&self) -> Option<String> {
        self.axes().0.chance_outside(self.chance?)
    }

    /// Draws the panel and returns the picture's body and size.
    pub fn draw(&self) -> (Svg, (f64, f64)) {
        let mut svg = Svg::default();
        let (axes, y_ticks, ns) = self.axes();
        axes.draw_y(&mut svg, &y_ticks, TEXT);
        if let Some(chance) = self.chance {
            axes.draw_chance(&mut svg, chance, Anchor::Start, TEXT - 2.0);
        }
        let below = self.draw_x(&mut svg, &axes, ns);
        svg.text_upward((16.0, (axes.edges.1 + axes.edges.3) / 2.0), TEXT, &self.y_label);
        self.draw_reference(&mut svg, &axes);
        if self.zero {
            let y = axes.at_y(0.0);
            svg.line((axes.edges.0, y), (axes.edges.2, y), r##"stroke="#111" stroke-width="1.2""##);
        }
        let wide: Vec<&Series> = self.series.iter().filter(|s| !s.at_zero_only()).collect();
        for series in &self.series {
            let place = wide.iter().position(|s| s.label == series.label).unwrap_or(0);
            let offset = (place as f64 - (wide.len() as f64 - 1.0) / 2.0) * APART;
            self.draw_series(&mut svg, &axes, series, if series.at_zero_only() { 0.0 } else { offset });
        }
        if self.is_numbered() {
            self.number_lines(&mut svg, &axes);
        }
        let height = self.legend(&mut svg, below + 24.0);
        (svg, (WIDTH, height))
    }

    /// Draws the x ticks and their labels, and the axis' own; returns where it stands. Names that do not fit beside
    /// each other are written upward, and of numbers that do not every second or third is written.
    fn draw_x(&self, svg: &mut Svg, axes: &Axes, ns: RangeInclusive<u32>) -> f64 {
        let (left, _, right, bottom) = axes.edges;
        let name = |n: u32| n.checked_sub(1).and_then(|at| self.names.get(at as usize));
        let named = ns.clone().any(|n| name(n).is_some());
        let size = if named { TEXT - 0.5 } else { TEXT };
        let text = |n: u32| name(n).map_or_else(|| n.to_string(), |name| shortened(name, NAMES / size));
        let apart = axes.distance();
        let longest = ns.clone().map(|n| width(&text(n))).fold(0.0, f64::max);
        let wide = longest * size + 4.0;
        let upward = named && wide > apart;
        let every = if named { 1 } else { (wide / apart).ceil().max(1.0) as u32 };
        let mut below = bottom + 50.0;
        for n in ns {
            let label = if n.is_multiple_of(every) && !upward { text(n) } else { String::new() };
            axes.tick_x(svg, f64::from(n), &label, size);
            if upward {
                let size = size.min(apart * 0.9);
                svg.text_upward_to((axes.at_x(f64::from(n)) + size * 0.36, bottom + 7.0), size, &text(n));
                below = below.max(bottom + 12.0 + longest * size + TEXT);
            }
            if n == 0 {
                svg.text((axes.at_x(0.0), bottom + 5.0 + 1.95 * TEXT), Anchor::Middle, TEXT - 0.5, self.at_zero);
            }
        }
        svg.text(((left + right) / 2.0, below), Anchor::Middle, TEXT, &self.x_label);
        below
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

    fn draw_series(&self, svg: &mut Svg, axes: &Axes, series: &Series, offset: f64) {
        let marks = self.marks;
        // Marks of many n shrink, so that those of neighbours do not touch.
        let share = (axes.distance() / ROOM).clamp(0.5, 1.0);
        if marks != Marks::Means {
            let (radius, opacity) = if marks == Marks::Runs { (3.4, 0.75) } else { (2.4, 0.45) };
            for (i, point) in series.points.iter().enumerate() {
                let jitter = ((i as f64 * GOLDEN).fract() - 0.5) * JITTER;
                let attributes = format!(
                    r#" fill-opacity="{opacity}" stroke-opacity="{opacity}" data-n="{}" data-value="{}" data-run="{}""#,
                    point.n,
                    point.value,
                    escape(&point.run)
                );
                let tip = format!("<title>{}: {}</title>", escape(&point.run), plain(point.value));
                let place = (axes.at_x(f64::from(point.n) + offset + jitter), axes.at_y(point.value));
                match point.at_chance {
                    true => series.look.hollow_mark(svg, place, radius * share, &attributes, &tip),
                    false => series.look.mark(svg, place, radius * share, &attributes, &tip),
                }
            }
        }
        if marks != Marks::Runs {
            self.draw_means(svg, axes, series, offset, share);
        }
    }

    fn draw_means(&self, svg: &mut Svg, axes: &Axes, series: &Series, offset: f64, share: f64) {
        let look = series.look;
        let place = |(n, e): &(u32, Estimate)| (axes.at_x(f64::from(*n) + offset), axes.at_y(e.mean));
        svg.polyline(&series.means.iter().map(place).collect::<Vec<_>>(), &look.stroke(1.8));
        for mean in &series.means {
            let (x, y) = place(mean);
            let (n, e) = mean;
            if let (Some(low), Some(high)) = (e.low, e.high) {
                let style = format!(r#"stroke="{}" stroke-width="1.2""#, look.colour);
                let inside = |v: f64| v.clamp(axes.y.0, axes.y.1);
                svg.line(
                    (x, axes.at_y(inside(low))),
                    (x, axes.at_y(inside(high))),
                    &format!(r#"{style} class="whisker""#),
                );
                // An end that is cut off gets no cap, so that it reads as continuing.
                for end in [low, high].into_iter().filter(|v| *v == inside(*v)) {
                    let cap = format!(r#"{style} class="cap""#);
                    svg.line((x - 3.0 * share, axes.at_y(end)), (x + 3.0 * share, axes.at_y(end)), &cap);
                }
            }
            let attributes = format!(r#" data-mean="{}" data-arm="{}" data-at="{n}""#, e.mean, escape(&series.label));
            let tip = format!("<title>{}, n = {n}: {}</title>", escape(&series.label), plain(e.mean));
            let named = |(label, at): &(String, u32)| *label == series.label && at == n;
            match self.hollow.iter().any(named) {
                true => look.hollow_mark(svg, (x, y), 4.2 * share, &attributes, &tip),
                false => look.mark(svg, (x, y), 4.2 * share, &attributes, &tip),
            }
            if self.ringed.as_ref().is_some_and(named) {
                let [x, y, r] = [x, y, 9.0 * share].map(svg::at);
                svg.raw(&format!(r#"<circle cx="{x}" cy="{y}" r="{r}" {RING}/>"#));
            }
        }
    }

    /// Puts each noted series' number after the end of its line, pushed apart where they would touch.
    fn number_lines(&self, svg: &mut Svg, axes: &Axes) {
        let end = |s: &Series| Some((axes.at_y(s.means.last()?.1.mean), s.note?.0));
        let mut ends: Vec<(f64, u32, &Series)> =
            self.series.iter().filter_map(|s| end(s).map(|(y, number)| (y, number, s))).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut floor = f64::NEG_INFINITY;
        for (y, number, series) in ends {
            let Some((n, _)) = series.means.last() else { continue };
            let y = if series.at_zero_only() { y } else { y.max(floor) };
            let x = if series.at_zero_only() { axes.at_x(f64::from(*n)) + 9.0 } else { axes.edges.2 + 5.0 };
            if !series.at_zero_only() {
                floor = y + TEXT;
            }
            svg.text((x, y + TEXT * 0.36), Anchor::Start, TEXT, &number.to_string());
        }
    }

    /// Draws the legend from `top` on, in as many rows as it needs; returns where it ends. A series with a note has
    /// a row of its own, which begins with its number.
    fn legend(&self, svg: &mut Svg, top: f64) -> f64 {
        let (mut x, mut y) = (20.0, top);
        let series = self.series.iter().map(|s| {
            let text =
                s.note.map_or_else(|| s.label.clone(), |(number, note)| format!("{number}  {}: {note}", s.label));
            (text, s.look)
        });
        let reference = self.reference.iter().map(|r| (r.label.clone(), r.look));
        for (label, look) in series.chain(reference) {
            let label = shortened(&label, (WIDTH - 52.0) / TEXT);
            let width = 46.0 + width(&label) * TEXT;
            if x > 20.0 && x + width > WIDTH {
                (x, y) = (20.0, y + 22.0);
            }
            if self.marks != Marks::Runs {
                svg.line((x, y), (x + 26.0, y), &look.stroke(1.8));
            }
            look.mark(svg, (x + 13.0, y), 4.2, "", "");
            svg.text((x + 32.0, y + TEXT * 0.36), Anchor::Start, TEXT, &label);
            x += width;
        }
        y + 14.0
    }
}

impl Series {
    /// Whether it stands at n = 0 alone, as the base does.
    fn at_zero_only(&self) -> bool {
        self.points.iter().map(|p| p.n).chain(self.means.iter().map(|m| m.0)).all(|n| n == 0)
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) }
}
