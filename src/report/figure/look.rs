//! How each arm looks: a colour of Okabe and Ito's palette, a shape and a dash pattern, so that no arm is distinguished
//! from another by colour alone.

use super::super::run::Arm;
use super::svg::{Svg, at};

/// The shape of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
    Cross,
    Plus,
    Bar,
}

/// Colour, shape and dashes of one series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub colour: &'static str,
    pub shape: Shape,
    /// `stroke-dasharray`; empty for a solid line.
    pub dash: &'static str,
}

/// The look of an arm, the same in every figure.
pub(super) const fn of(arm: Arm) -> Look {
    let (colour, shape, dash) = match arm {
        Arm::Base => ("#000000", Shape::Circle, ""),
        Arm::Selffer => ("#0072B2", Shape::Square, ""),
        Arm::SelfferPlus => ("#56B4E9", Shape::Diamond, "6 3"),
        Arm::Transfer => ("#D55E00", Shape::Up, ""),
        Arm::TransferPlus => ("#E69F00", Shape::Down, "6 3"),
        Arm::Restart => ("#009E73", Shape::Bar, "2 3"),
        Arm::Base2x => ("#000000", Shape::Bar, "8 3"),
        Arm::Continue => ("#009E73", Shape::Square, "3 3"),
        Arm::RandomCaffe => ("#CC79A7", Shape::Cross, "1 3"),
        Arm::RandomHe => ("#666666", Shape::Plus, "8 3 2 3"),
        Arm::RandomMoments => ("#999999", Shape::Diamond, "2 2"),
        Arm::SelfferPreserve1 => ("#0072B2", Shape::Cross, "4 2"),
        Arm::SelfferPreserve2 => ("#0072B2", Shape::Plus, "1 2"),
        Arm::TransferPreserve1 => ("#D55E00", Shape::Diamond, "4 2"),
        Arm::TransferPreserve2 => ("#D55E00", Shape::Down, "1 2"),
        Arm::SelfferProbe => ("#0072B2", Shape::Square, "10 3"),
        Arm::TransferProbe => ("#D55E00", Shape::Up, "4 3"),
    };
    Look { colour, shape, dash }
}

impl Look {
    /// Stroke attributes of the series' line.
    pub fn stroke(&self, width: f64) -> String {
        let dash = if self.dash.is_empty() { String::new() } else { format!(r#" stroke-dasharray="{}""#, self.dash) };
        format!(r#"stroke="{}" stroke-width="{}"{dash}"#, self.colour, at(width))
    }

    /// Draws the mark of radius `r` around a point. `attributes` are added to the element, `inside` is its
    /// content (a tooltip).
    pub fn mark(&self, svg: &mut Svg, place: (f64, f64), r: f64, attributes: &str, inside: &str) {
        self.draw(svg, place, r, false, attributes, inside);
    }

    /// The same mark without its filling, for a run that has learnt nothing.
    pub fn hollow_mark(&self, svg: &mut Svg, place: (f64, f64), r: f64, attributes: &str, inside: &str) {
        self.draw(svg, place, r, true, attributes, inside);
    }

    fn draw(&self, svg: &mut Svg, (x, y): (f64, f64), r: f64, hollow: bool, attributes: &str, inside: &str) {
        let p = |dx: f64, dy: f64| format!("{} {}", at(x + dx * r), at(y + dy * r));
        let closed = |corners: &[(f64, f64)]| {
            let path: Vec<String> = corners.iter().map(|&(dx, dy)| p(dx, dy)).collect();
            format!("M{}Z", path.join("L"))
        };
        let (path, open) = match self.shape {
            Shape::Circle => {
                let circle =
                    format!("M{}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z", p(-1.0, 0.0), r = at(r), d = at(2.0 * r));
                (circle, false)
            }
            Shape::Square => (closed(&[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)]), false),
            Shape::Diamond => (closed(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]), false),
            Shape::Up => (closed(&[(0.0, -1.2), (1.1, 0.85), (-1.1, 0.85)]), false),
            Shape::Down => (closed(&[(0.0, 1.2), (1.1, -0.85), (-1.1, -0.85)]), false),
            Shape::Bar => (closed(&[(-1.3, -0.45), (1.3, -0.45), (1.3, 0.45), (-1.3, 0.45)]), false),
            Shape::Cross => (format!("M{}L{}M{}L{}", p(-1.0, -1.0), p(1.0, 1.0), p(-1.0, 1.0), p(1.0, -1.0)), true),
            Shape::Plus => (format!("M{}L{}M{}L{}", p(-1.2, 0.0), p(1.2, 0.0), p(0.0, -1.2), p(0.0, 1.2)), true),
        };
        let paint = if open || hollow {
            format!(r#"fill="none" stroke="{}" stroke-width="{}""#, self.colour, at((r * 0.55).max(1.0)))
        } else {
            format!(r##"fill="{}" stroke="#fff" stroke-width="0.6""##, self.colour)
        };
        svg.raw(&format!(r#"<path d="{path}" {paint}{attributes}>{inside}</path>"#));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_arm_is_distinguished_from_another_by_colour_alone() {
        for (at, one) in Arm::ALL.into_iter().enumerate() {
            for other in Arm::ALL.into_iter().skip(at + 1) {
                let (a, b) = (of(one), of(other));
                assert!(a.shape != b.shape || a.dash != b.dash, "{} and {}", one.name(), other.name());
            }
        }
    }
}
