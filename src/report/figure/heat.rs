//! A map of shaded cells with names on both sides.

use super::{
    axes::TEXT,
    names::{shortened, width},
    panel::WIDTH,
    svg::{Anchor, Svg, escape},
};

/// Up to this many columns the cells carry their numbers.
const NUMBERED: usize = 12;
const TOP: f64 = 8.0;
/// The most room that names have on either side.
const NAMES: f64 = WIDTH * 0.4;

/// From value to shade and text.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
    pub write: fn(f64) -> String,
}

/// The cells of a map, row by row; `None` where there is no value.
pub(super) struct Heat {
    pub rows: Vec<String>,
    pub columns: Vec<String>,
    pub cells: Vec<Vec<Option<f64>>>,
    pub row_title: &'static str,
    pub column_title: &'static str,
    pub scale: Scale,
}

/// White for the low end, dark blue for the high one: one hue, its lightness falling evenly, so that the order is
/// seen without seeing colour.
fn shade(share: f64) -> (u8, u8, u8) {
    let share = share.clamp(0.0, 1.0);
    let mix = |dark: f64| (255.0 + (dark - 255.0) * share).round() as u8;
    (mix(8.0), mix(64.0), mix(129.0))
}

impl Heat {
    /// Draws the map and returns the picture's body and size.
    pub fn draw(&self) -> (Svg, (f64, f64)) {
        let mut svg = Svg::default();
        let across = self.columns.len().max(1) as f64;
        let text = (WIDTH * 0.66 / self.rows.len().max(1) as f64 * 0.9).clamp(4.0, TEXT);
        let names: Vec<String> = self.rows.iter().map(|name| shortened(name, NAMES / text)).collect();
        let left = 26.0 + longest(&names, text).max(20.0);
        let side = (WIDTH - left - 8.0) / across;
        // Few wide columns need not make tall rows.
        let tall = side.min(44.0);
        for (at, (name, cells)) in names.iter().zip(&self.cells).enumerate() {
            let y = TOP + at as f64 * tall;
            svg.text((left - 5.0, y + tall / 2.0 + text * 0.36), Anchor::End, text, name);
            for (to, cell) in cells.iter().enumerate() {
                self.cell(&mut svg, (left + to as f64 * side, y), (side, tall), (at, to), *cell);
            }
        }
        let bottom = TOP + self.rows.len() as f64 * tall;
        let below = self.name_columns(&mut svg, left, side, bottom, text);
        svg.text((left + side * across / 2.0, below + TEXT + 4.0), Anchor::Middle, TEXT, self.column_title);
        svg.text_upward((14.0, (TOP + bottom) / 2.0), TEXT, self.row_title);
        (svg, (WIDTH, below + TEXT + 14.0))
    }

    fn cell(&self, svg: &mut Svg, (x, y): (f64, f64), (w, h): (f64, f64), (at, to): (usize, usize), cell: Option<f64>) {
        let Some(value) = cell else { return };
        let share = (value - self.scale.low) / (self.scale.high - self.scale.low).max(f64::MIN_POSITIVE);
        let (r, g, b) = shade(share);
        let (row, column) = (escape(&self.rows[at]), self.columns.get(to).map_or(String::new(), |name| escape(name)));
        let style = format!(
            r##"fill="#{r:02x}{g:02x}{b:02x}" stroke="#fff" stroke-width="0.5" data-row="{row}" data-column="{column}" data-cell="{value}""##
        );
        svg.rect((x, y), (w, h), &style);
        if self.columns.len() <= NUMBERED {
            let text = (self.scale.write)(value);
            let size = (w / text.chars().count().max(3) as f64 / 0.66).min(14.5);
            let ink = if share > 0.5 { "#fff" } else { "#111" };
            svg.text_in((x + w / 2.0, y + h / 2.0 + size * 0.36), size, ink, &text);
        }
    }

    /// Names the columns below the map, upward; returns where the names end.
    fn name_columns(&self, svg: &mut Svg, left: f64, side: f64, bottom: f64, text: f64) -> f64 {
        let size = text.min(side * 0.9).max(4.0);
        let names: Vec<String> = self.columns.iter().map(|name| shortened(name, NAMES / size)).collect();
        for (to, name) in names.iter().enumerate() {
            let x = left + (to as f64 + 0.5) * side + size * 0.36;
            svg.text_upward_to((x, bottom + 5.0), size, name);
        }
        bottom + 5.0 + longest(&names, size)
    }
}

/// The width of the longest of some names in this size.
fn longest(names: &[String], size: f64) -> f64 {
    names.iter().map(|name| width(name) * size).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_darken_evenly_from_white() {
        assert_eq!(shade(0.0), (255, 255, 255));
        let luminance = |share| {
            let (r, g, b) = shade(share);
            0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
        };
        assert!((0..10).all(|i| luminance(f64::from(i) / 10.0) > luminance(f64::from(i + 1) / 10.0) + 15.0));
        assert_eq!(shade(2.0), shade(1.0));
    }
}
