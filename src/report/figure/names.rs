//! Names that anyone may choose, of classes and layers, as a figure has room for them.

use unicode_width::UnicodeWidthChar;

/// The width of a character of the figures' font, as a share of its size.
const NARROW: f64 = 0.62;
/// That of an ideograph, a syllable of Hangul or an emoji.
const WIDE: f64 = 1.05;
/// The share of a shortened name that is its beginning; the rest is its end, because names often differ there.
const BEGINNING: f64 = 0.6;

/// About how wide a text is, as a multiple of its size.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(width_of).sum()
}

fn width_of(ch: char) -> f64 {
    match ch.width() {
        Some(0) => 0.0,
        Some(2) => WIDE,
        // Control characters are shown as one sign.
        _ => NARROW,
    }
}

/// A text that is at most `most` wide, as a multiple of its size: what does not fit is left out in the middle, and an
/// ellipsis stands there. Where nothing of a text can be seen, a replacement character stands for it.
pub(super) fn shortened(text: &str, most: f64) -> String {
    if !text.chars().any(|ch| width_of(ch) > 0.0 && !ch.is_whitespace()) {
        return "\u{fffd}".into();
    }
    if width(text) <= most {
        return text.into();
    }
    let room = (most - NARROW).max(0.0);
    let taken = |chars: &mut dyn Iterator<Item = char>, room: f64| {
        let mut left = room;
        let fits = |ch: &char| {
            left -= width_of(*ch);
            left >= 0.0
        };
        chars.take_while(fits).collect::<Vec<char>>()
    };
    let beginning: String = taken(&mut text.chars(), BEGINNING * room).into_iter().collect();
    let end = taken(&mut text.chars().rev(), room - width(&beginning));
    // An accent without the letter that it belongs to would stand on the ellipsis.
    let end: String = end.into_iter().rev().skip_while(|&ch| width_of(ch) == 0.0).collect();
    format!("{}\u{2026}{}", beginning.trim_end(), end.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_stays_and_a_long_one_keeps_both_ends() {
        assert_eq!(shortened("cat", 2.0), "cat");
        let long = format!("begin{}end", "x".repeat(300));
        let short = shortened(&long, 10.0);
        assert!(short.starts_with("beginxx") && short.ends_with("xend") && short.contains('\u{2026}'), "{short}");
        assert!(width(&short) <= 10.0 && width(&short) > 8.0, "{short}");
    }

    #[test]
    fn names_of_any_script_are_no_wider_than_asked_for_and_never_empty() {
        for text in [
            "\u{4e2d}\u{6587}",
            "\u{645}\u{631}\u{62d}\u{628}\u{627}",
            "\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}",
            "\u{1f600}\u{1f468}\u{200d}\u{1f469}",
            "a\u{301}e\u{301}",
            "\t\u{1}",
        ] {
            let long = text.repeat(50);
            assert!(width(&shortened(&long, 8.0)) <= 8.0 && width(&shortened(&long, 8.0)) > 6.0, "{text:?}");
        }
        for unseen in ["", " ", "\u{200b}", "\u{2060}\u{feff}"] {
            assert_eq!(shortened(unseen, 8.0), "\u{fffd}", "{unseen:?}");
        }
    }
}
