//! Text as outlines, from a font of our own: a picture in pixels is the same on a machine without any font.

use resvg::usvg::roxmltree::{Document, Node};
use std::{fmt::Write, sync::OnceLock};
use ttf_parser::{Face, GlyphId, OutlineBuilder};
use unicode_width::UnicodeWidthChar;

/// DejaVu Sans cut down to the characters of the figures; its licence lies beside it.
const FONT: &[u8] = include_bytes!("../../../data/fonts/DejaVuSans-subset.ttf");

/// The size of a text that names none, as in SVG's initial style.
const SIZE: f32 = 12.0;

/// The side of the box for a missing character, as a share of a text's size.
const BOX: f32 = 0.55;

/// What can be wrong with a picture or the font.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutlineError {
    /// The picture is not XML.
    #[error(transparent)]
    Xml(#[from] resvg::usvg::roxmltree::Error),
    /// The font that is compiled in cannot be read.
    #[error("the font of the figures cannot be read: {0}")]
    Font(ttf_parser::FaceParsingError),
}

/// The same SVG with every `<text>` element replaced by the outlines of its characters. A character that the font does
/// not have becomes a box.
pub(super) fn of_texts(svg: &str) -> Result<String, OutlineError> {
    static FACE: OnceLock<Result<Face<'static>, ttf_parser::FaceParsingError>> = OnceLock::new();
    let face = FACE.get_or_init(|| Face::parse(FONT, 0)).as_ref().map_err(|e| OutlineError::Font(*e))?;
    let document = Document::parse(svg)?;
    let mut out = String::with_capacity(2 * svg.len());
    let mut done = 0;
    for node in document.descendants().filter(|node| node.tag_name().name() == "text") {
        let range = node.range();
        if range.start < done {
            continue;
        }
        out.push_str(&svg[done..range.start]);
        out.push_str(&path(face, node));
        done = range.end;
    }
    out.push_str(&svg[done..]);
    Ok(out)
}

/// The path element of one text element: its anchor and size are applied, its transform and colour kept.
fn path(face: &Face<'_>, node: Node<'_, '_>) -> String {
    let number = |name: &str, other: f32| node.attribute(name).and_then(|v| v.parse().ok()).unwrap_or(other);
    let text: String = node.descendants().filter_map(|n| n.text().filter(|_| n.is_text())).collect();
    let scale = number("font-size", SIZE) / f32::from(face.units_per_em());
    let glyphs: Vec<Option<GlyphId>> =
        text.chars().map(|ch| (ch, face.glyph_index(ch))).filter(is_seen).map(|(_, glyph)| glyph).collect();
    let of_box = BOX * f32::from(face.units_per_em());
    let advance = |glyph: Option<GlyphId>| {
        glyph.map_or(1.2 * of_box, |glyph| f32::from(face.glyph_hor_advance(glyph).unwrap_or(0))) * scale
    };
    let width: f32 = glyphs.iter().map(|&glyph| advance(glyph)).sum();
    let shift = match node.attribute("text-anchor") {
        Some("middle") => width / 2.0,
        Some("end") => width,
        _ => 0.0,
    };
    let mut pen = Pen { d: String::new(), x: number("x", 0.0) - shift, y: number("y", 0.0), scale };
    for glyph in glyphs {
        match glyph {
            // A space has no outline.
            Some(glyph) => drop(face.outline_glyph(glyph, &mut pen)),
            None => pen.empty_box(of_box),
        }
        pen.x += advance(glyph);
    }
    let kept = |name: &str| node.attribute(name).map_or_else(String::new, |value| format!(" {name}=\"{value}\""));
    format!("<path d=\"{}\"{}{}/>", pen.d.trim_end(), kept("transform"), kept("fill"))
}

/// Whether a character has a place of its own: joiners, selectors and accents that the font does not have have none.
fn is_seen((ch, glyph): &(char, Option<GlyphId>)) -> bool {
    glyph.is_some() || ch.width() != Some(0)
}

/// Writes outlines as path data; a font's y points up, a picture's down.
struct Pen {
    d: String,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn add(&mut self, command: char, points: &[(f32, f32)]) {
        self.d.push(command);
        for (x, y) in points {
            // Writing to a String cannot fail.
            let _ = write!(self.d, "{:.3} {:.3} ", self.x + x * self.scale, self.y - y * self.scale);
        }
    }
}

impl Pen {
    /// A frame as wide as `side` units of the font: the outer edge one way round, the inner edge the other.
    fn empty_box(&mut self, side: f32) {
        let (low, high) = (0.15 * side, 0.85 * side);
        self.add('M', &[(0.1 * side, 0.0)]);
        for corner in [(0.1 * side, 1.3 * side), (1.1 * side, 1.3 * side), (1.1 * side, 0.0)] {
            self.add('L', &[corner]);
        }
        self.d.push_str("Z ");
        self.add('M', &[(0.1 * side + low, low)]);
        for corner in
            [(0.1 * side + high, low), (0.1 * side + high, 1.3 * side - low), (0.1 * side + low, 1.3 * side - low)]
        {
            self.add('L', &[corner]);
        }
        self.d.push_str("Z ");
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.add('M', &[(x, y)]);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.add('L', &[(x, y)]);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.add('Q', &[(x1, y1), (x, y)]);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.add('C', &[(x1, y1), (x2, y2), (x, y)]);
    }
    fn close(&mut self) {
        self.d.push_str("Z ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlined(inside: &str) -> String {
        of_texts(&format!(r#"<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>"#)).unwrap()
    }

    #[test]
    fn a_text_becomes_a_path_and_everything_else_stays() {
        let out = outlined(r##"<rect width="3"/><text x="1" y="2" font-size="10" fill="#111">a&lt;b</text><g/>"##);
        assert!(out.contains(r#"<rect width="3"/><path d="M"#) && out.contains(r##" fill="#111"/><g/>"##), "{out}");
        assert!(!out.contains("<text"), "{out}");
    }

    #[test]
    fn a_character_that_the_font_does_not_have_leaves_a_visible_box() {
        let missing = outlined("<text>\u{4e2d}</text>");
        assert!(missing.matches('L').count() >= 4, "{missing}");
        // A joiner and a selector have no place of their own; letters of other alphabets are in the font.
        assert_eq!(missing, outlined("<text>\u{4e2d}\u{200d}\u{fe0f}</text>"));
        assert_ne!(outlined("<text>\u{e4}\u{416}\u{3b1}</text>"), outlined("<text>\u{4e2d}\u{4e2d}\u{4e2d}</text>"));
    }

    #[test]
    fn the_anchor_moves_a_text_by_its_width() {
        let first = |anchor: &str| {
            let out = outlined(&format!(r#"<text x="100" text-anchor="{anchor}">mm</text>"#));
            let d = out.split("d=\"M").nth(1).unwrap().to_string();
            d.split(' ').next().unwrap().parse::<f32>().unwrap()
        };
        let (start, middle, end) = (first("start"), first("middle"), first("end"));
        assert!((start - middle - (middle - end)).abs() < 0.01 && start - end > 10.0, "{start} {middle} {end}");
    }
}
