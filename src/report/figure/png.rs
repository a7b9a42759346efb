//! From SVG to pixels, the same on every machine.

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};

use super::{super::error::ReportError, outline};

/// Pixels per unit of the view box: 480 units become 1440 pixels, 300 dots an inch on a column of 12 cm.
const SCALE: f32 = 3.0;

/// Draws a standalone SVG as PNG.
///
/// # Errors
/// [`ReportError::Raster`] where the SVG cannot be read or the PNG not be made.
pub(super) fn draw(figure: &str, svg: &str) -> Result<Vec<u8>, ReportError> {
    let failed = |reason: String| ReportError::Raster { figure: figure.to_string(), reason };
    let outlined = outline::of_texts(svg).map_err(|e| failed(e.to_string()))?;
    let tree = Tree::from_str(&outlined, &Options::default()).map_err(|e| failed(e.to_string()))?;
    let size = tree.size();
    let (width, height) = ((size.width() * SCALE).ceil() as u32, (size.height() * SCALE).ceil() as u32);
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| failed(format!("{width} x {height} pixels")))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| failed(e.to_string()))
}

/// Bytes as base64, for a picture inside a page.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |word, &b| word << 8 | u32::from(b)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_the_examples_of_its_standard() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn text_is_drawn_without_any_font_of_the_machine() {
        let svg =
            |inside: &str| format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20">{inside}</svg>"#);
        let empty = draw("t", &svg("")).unwrap();
        let drawn = draw("t", &svg(r#"<text y="15" font-family="Nowhere">0.5 ± −8</text>"#)).unwrap();
        assert!(drawn.len() > empty.len() + 200, "{} against {} bytes", drawn.len(), empty.len());
    }
}
