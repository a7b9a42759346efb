//! A rectangle of plot with its scales, ticks and labels.

use super::super::format::{self, minus};
use super::svg::{Anchor, Svg};

/// Size of tick labels and axis labels.
pub(super) const TEXT: f64 = 15.0;

const GRID: &str = r##"stroke="#ddd" stroke-width="1""##;
const CHANCE: &str = r##"stroke="#555" stroke-width="1.4" stroke-dasharray="1 4" class="chance""##;
const FRAME: &str = r##"stroke="#111" stroke-width="1""##;

/// A linear scale in both directions onto a rectangle of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes {
    /// Left, top, right and bottom edge in the picture.
    pub edges: (f64, f64, f64, f64),
    /// Data at the left and right edge.
    pub x: (f64, f64),
    /// Data at the bottom and top edge.
    pub y: (f64, f64),
}

/// Round ticks (1, 2 or 5 times a power of ten apart) that cover `low..=high` with about `count` steps.
///
/// The first and last tick enclose the range, so that they can serve as the ends of the axis.
pub(super) fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let span = if high > low { high - low } else { 1.0 };
    let rough = span / count as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|f| f * power).into_iter().find(|s| *s >= rough * 0.999).unwrap_or(rough);
    let (first, last) = ((low / step + 1e-9).floor() as i64, (high / step - 1e-9).ceil() as i64);
    (first..=last.max(first + 1)).map(|i| i as f64 * step).collect()
}

/// A tick's label: as many decimals as the step needs.
fn label(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
    minus(&format!("{:.decimals$}", if value.abs() < step / 1e3 { 0.0 } else { value }))
}

impl Axes {
    /// Horizontal place of a value.
    pub fn at_x(&self, value: f64) -> f64 {
        let (left, _, right, _) = self.edges;
        left + (value - self.x.0) / (self.x.1 - self.x.0) * (right - left)
    }

    /// How far apart two values lie whose difference is 1.
    pub fn distance(&self) -> f64 {
        self.at_x(1.0) - self.at_x(0.0)
    }

    /// Vertical place of a value.
    pub fn at_y(&self, value: f64) -> f64 {
        let (_, top, _, bottom) = self.edges;
        bottom - (value - self.y.0) / (self.y.1 - self.y.0) * (bottom - top)
    }

    /// Grid lines and labels at the y ticks, and the left and bottom edge.
    pub fn draw_y(&self, svg: &mut Svg, ticks: &[f64], size: f64) {
        let (left, top, right, bottom) = self.edges;
        let step = if ticks.len() > 1 { ticks[1] - ticks[0] } else { 1.0 };
        for &tick in ticks {
            let y = self.at_y(tick);
            svg.line((left, y), (right, y), GRID);
            svg.text((left - 6.0, y + size * 0.36), Anchor::End, size, &label(tick, step));
        }
        svg.line((left, top), (left, bottom), FRAME);
        svg.line((left, bottom), (right, bottom), FRAME);
    }

    /// The level of chance as a dotted line with its name at the side of `anchor`, two lines where tasks differ.
    /// Nothing is drawn of what lies outside the axis; [`Self::chance_outside`] says so in words.
    pub fn draw_chance(&self, svg: &mut Svg, chance: [f64; 2], anchor: Anchor, size: f64) {
        let (left, _, right, _) = self.edges;
        let mut levels: Vec<f64> = chance.into_iter().filter(|level| self.holds(*level)).collect();
        levels.dedup();
        for level in &levels {
            let y = self.at_y(*level);
            svg.line((left, y), (right, y), &format!(r#"{CHANCE} data-value="{level}""#));
        }
        if let Some(level) = levels.last() {
            let x = if matches!(anchor, Anchor::Start) { left + 5.0 } else { right - 5.0 };
            // Below the line, where few networks end, unless the axis is there.
            let (y, bottom) = (self.at_y(*level), self.edges.3);
            let y = if bottom - y > size + 6.0 { y + size } else { y - 4.0 };
            svg.text((x, y), anchor, size, &format!("chance, {}", format::chance(chance)));
        }
    }

    /// Where chance lies, in words, unless the picture shows it.
    pub fn chance_outside(&self, chance: [f64; 2]) -> Option<String> {
        let seen = chance.iter().any(|level| self.holds(*level));
        (!seen).then(|| format!(" Chance, {}, lies below the axis.", format::chance(chance)))
    }

    fn holds(&self, level: f64) -> bool {
        (self.y.0..=self.y.1).contains(&level)
    }

    /// A tick and its label below the bottom edge.
    pub fn tick_x(&self, svg: &mut Svg, value: f64, text: &str, size: f64) {
        let (x, bottom) = (self.at_x(value), self.edges.3);
        svg.line((x, bottom), (x, bottom + 4.0), FRAME);
        svg.text((x, bottom + 5.0 + size), Anchor::Middle, size, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_enclose_the_data() {
        assert_eq!(ticks(0.0, 10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        let around = ticks(-8.3, 1.1, 5);
        assert_eq!((around[0], around[around.len() - 1]), (-10.0, 2.0));
        assert!(ticks(3.0, 3.0, 5).len() >= 2);
    }

    #[test]
    fn labels_have_the_decimals_of_the_step() {
        assert_eq!(label(-0.5, 0.5), "\u{2212}0.5");
        assert_eq!(label(60.0, 5.0), "60");
        assert_eq!(label(1e-17, 0.2), "0.0");
    }
}
