//! Drawing a panel: axes, reference, runs, means and the legend.

use super::{Marks, Panel, Series, WIDTH};
use crate::report::{
    figure::{
        axes::{Axes, TEXT},
        names::{shortened, width},
        svg::{self, Anchor, Svg, escape},
    },
    format::plain,
    statistics::Estimate,
};
use std::ops::RangeInclusive;

/// The most room that the name of an x tick has.
const NAMES: f64 = WIDTH * 0.4;
/// The distance of two n from which on marks have their full size.
const ROOM: f64 = 40.0;
/// Horizontal distance between the arms of one n, in units of n.
const APART: f64 = 0.15;
/// How far the points of one arm at one n are spread sideways, in units of n, so that equal ones show.
const JITTER: f64 = 0.12;
/// The stroke of a ring around a mark.
const RING: &str = r##"fill="none" stroke="#111" stroke-width="1.6""##;
/// The golden ratio's fraction: its multiples fill an interval evenly, however many they are.
const GOLDEN: f64 = 0.618_033_988_749_895;

impl Panel {
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
