//! Class names of any script and length in figures.

use super::{
    drawn::{assert_apart, texts_of},
    written::{full, parsed, write},
};

/// Names that anyone may give to classes: other scripts, emoji, control characters, nothing that can be seen, 300
/// letters.
fn odd_names() -> Vec<String> {
    let long = |end: &str| format!("{}{end}", "n01440764, tench, Tinca tinca, ".repeat(10));
    [
        "cat",
        "\u{c4}pfel \u{436} \u{3b1}",
        "\u{4e2d}\u{6587}\u{7c7b}\u{522b}",
        "\u{645}\u{631}\u{62d}\u{628}\u{627}",
        "\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}",
        "\u{1f600}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "a\u{1}b\u{1b}[31m\u{202e}c\n</svg><script>",
        "\u{200b}",
    ]
    .map(String::from)
    .into_iter()
    .chain([long("one"), long("two")])
    .collect()
}

#[test]
fn class_names_of_any_script_are_drawn_or_replaced_and_long_ones_shortened_without_touching() {
    let mut study = full();
    let names = odd_names();
    let counts = (0..names.len()).map(|i| (0..names.len()).map(|j| if i == j { 80 } else { 2 }).collect()).collect();
    study.confusions = vec![strata::report::Confusion { run: "s0-r0-base-A".into(), classes: names.clone(), counts }];
    let folder = tempfile::tempdir().unwrap();
    let written = write(&[study], folder.path()).unwrap();
    let page = std::fs::read_to_string(written.page).unwrap();
    let svg = std::fs::read_to_string(folder.path().join("confusion-1.svg")).unwrap();
    for text in [&page, &svg] {
        parsed(text);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "a control character is left");
        assert!(!text.contains("<script") && !text.contains('\u{202e}'));
    }
    let document = parsed(&svg);
    let number = |name: &str| document.root_element().attribute(name).unwrap().parse::<f64>().unwrap();
    let (width, height) = (number("width"), number("height"));
    assert!(height < 1000.0, "300 letters make no picture of {height} units");
    let texts = texts_of(&document);
    for (text, at) in &texts {
        assert!(
            at[0] >= 0.0 && at[1] >= 0.0 && at[2] <= width && at[3] <= height,
            "{text:?} {at:?} leaves the picture"
        );
    }
    assert_apart("confusion-1", &texts);
    // Every class is named on both sides; the two long names can still be told apart.
    let named = |wanted: &str| texts.iter().filter(|(text, _)| text == wanted).count();
    for name in &names[..6] {
        assert_eq!(named(name), 2, "{name}");
    }
    assert_eq!(named("\u{fffd}"), 2, "a name that cannot be seen");
    let ends = |end: &str| texts.iter().filter(|(text, _)| text.contains('\u{2026}') && text.ends_with(end)).count();
    assert_eq!((ends("one"), ends("two")), (2, 2));
    // In pixels each of them leaves ink, whatever the font has.
    let picture = image::open(folder.path().join("confusion-1.png")).unwrap().to_luma8();
    let scale = f64::from(picture.width()) / width;
    for (text, [left, top, right, bottom]) in &texts {
        let pixel = |value: f64| (value * scale) as u32;
        let dark = (pixel(*top)..pixel(*bottom))
            .flat_map(|y| (pixel(*left)..pixel(*right)).map(move |x| (x, y)))
            .filter(|&(x, y)| picture.get_pixel_checked(x, y).is_some_and(|value| value.0[0] < 128))
            .count();
        assert!(dark > 8, "{text:?} leaves {dark} dark pixels");
    }
}
