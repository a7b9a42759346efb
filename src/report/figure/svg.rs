//! A small writer of SVG: exact control over every mark, nothing else.
//!
//! Pictures are written without a namespace to stand inside a page; [`standalone`] adds it for a file.

use std::fmt::Write;

/// A picture being drawn. Coordinates are in units of the view box, y pointing down.
#[derive(Debug, Default)]
pub(super) struct Svg {
    body: String,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// Escapes what XML reserves, and shows as U+FFFD what XML cannot hold (control characters, U+FFFE and U+FFFF) and what
/// would turn the direction of the text around it.
pub(in super::super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A coordinate with two decimals and no trailing zeros.
pub(super) fn at(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_string() } else { text.to_string() }
}

impl Svg {
    /// Adds an element as it stands.
    pub fn raw(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// A straight line; `style` holds further attributes, such as the stroke.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), style: &str) {
        self.raw(&format!(r#"<line x1="{}" y1="{}" x2="{}" y2="{}" {style}/>"#, at(x1), at(y1), at(x2), at(y2)));
    }

    /// A line through points.
    pub fn polyline(&mut self, points: &[(f64, f64)], style: &str) {
        let mut list = String::new();
        for (x, y) in points {
            // Writing to a String cannot fail.
            let _ = write!(list, "{},{} ", at(*x), at(*y));
        }
        self.raw(&format!(r#"<polyline points="{}" fill="none" {style}/>"#, list.trim_end()));
    }

    /// A rectangle by its upper left corner and size.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), style: &str) {
        self.raw(&format!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" {style}/>"#,
            at(x),
            at(y),
            at(width),
            at(height)
        ));
    }

    /// A text on the baseline y.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, size: f64, text: &str) {
        self.raw(&format!(
            r##"<text x="{}" y="{}" text-anchor="{}" font-size="{}" fill="#111">{}</text>"##,
            at(x),
            at(y),
            anchor.name(),
            at(size),
            escape(text)
        ));
    }

    /// A text in the middle of the point, in a colour that its ground asks for.
    pub fn text_in(&mut self, (x, y): (f64, f64), size: f64, ink: &str, text: &str) {
        self.raw(&format!(
            r#"<text x="{}" y="{}" text-anchor="middle" font-size="{}" fill="{ink}">{}</text>"#,
            at(x),
            at(y),
            at(size),
            escape(text)
        ));
    }

    /// A text that reads upward and ends at the point.
    pub fn text_upward_to(&mut self, (x, y): (f64, f64), size: f64, text: &str) {
        self.raw(&format!(
            r##"<text transform="translate({} {}) rotate(-90)" text-anchor="end" font-size="{}" fill="#111">{}</text>"##,
            at(x),
            at(y),
            at(size),
            escape(text)
        ));
    }

    /// A text that reads upward, centred on the point.
    pub fn text_upward(&mut self, (x, y): (f64, f64), size: f64, text: &str) {
        self.raw(&format!(
            r##"<text transform="translate({} {}) rotate(-90)" text-anchor="middle" font-size="{}" fill="#111">{}</text>"##,
            at(x),
            at(y),
            at(size),
            escape(text)
        ));
    }

    /// Another picture of a size, its left edge at `x`.
    pub fn inside(&mut self, x: f64, (width, height): (f64, f64), other: &Svg) {
        let (x, w, h) = (at(x), at(width), at(height));
        self.raw(&format!(r#"<svg x="{x}" width="{w}" height="{h}" viewBox="0 0 {w} {h}">"#));
        self.raw(&other.body);
        self.raw("</svg>");
    }

    /// The finished picture. `name` makes the identifiers unique on a page; `title` and `description` are what a
    /// screen reader says.
    pub fn finish(self, name: &str, title: &str, description: &str, (width, height): (f64, f64)) -> String {
        format!(
            "<svg viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-labelledby=\"{name}-t \
             {name}-d\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<title id=\"{name}-t\">{}</title>\n<desc \
             id=\"{name}-d\">{}</desc>\n<rect width=\"{w}\" height=\"{h}\" fill=\"#fff\"/>\n{}</svg>\n",
            escape(title),
            escape(description),
            self.body,
            w = at(width),
            h = at(height),
        )
    }
}

/// The picture as the content of a file of its own.
pub(in super::super) fn standalone(svg: &str) -> String {
    svg.replacen("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_have_no_minus_zero() {
        assert_eq!((at(1.0).as_str(), at(-0.001).as_str(), at(10.25).as_str()), ("1", "0", "10.25"));
        assert_eq!(at(100.0), "100");
    }

    #[test]
    fn reserved_and_control_characters_are_made_harmless() {
        assert_eq!(escape("a\u{202e}b\u{ffff}\u{0}\u{2028}"), "a\u{fffd}b\u{fffd}\u{fffd}\u{2028}");
        assert_eq!(escape("a<b>&\"\u{1}"), "a&lt;b&gt;&amp;&quot;\u{fffd}");
    }
}
