//! The figures, read back from their SVG: every mark stands for one number of the results.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use resvg::usvg::roxmltree::{Document, Node};

use strata::report::{Arm, Drawn, Figure, Report, analyse, draw, figures, published, report};

use super::{
    synthetic::several,
    written::{full, parsed, write},
};

fn figure<'a>(figures: &'a [Figure], name: &str) -> &'a Figure {
    figures.iter().find(|figure| figure.name == name).unwrap_or_else(|| panic!("no figure {name}"))
}

#[test]
fn plotted_points_equal_the_data() {
    let study = full();
    let results = analyse(&study).unwrap();
    let figures = figures(&study, &results, "").unwrap();
    for (name, delta) in [("figure2", false), ("figure2-paired", true)] {
        let svg = parsed(&figure(&figures, name).svg).descendants().filter(|n| n.has_attribute("data-run")).fold(
            BTreeMap::new(),
            |mut all, node| {
                let read = |key| node.attribute(key).unwrap().to_string();
                all.insert(read("data-run"), (read("data-n"), read("data-value").parse::<f64>().unwrap()));
                all
            },
        );
        let shown = |arm| {
            matches!(arm, Arm::Selffer | Arm::SelfferPlus | Arm::Transfer | Arm::TransferPlus)
                || arm == if delta { Arm::Continue } else { Arm::Base }
        };
        let expected: BTreeMap<String, (String, f64)> = results
            .runs
            .iter()
            .filter(|row| shown(row.arm))
            .filter_map(|row| {
                Some((row.run.clone(), (row.n.unwrap_or(0).to_string(), if delta { row.delta? } else { row.top1? })))
            })
            .collect();
        assert_eq!(svg, expected, "{name}");
        assert!(expected.len() > 200);
    }
}

#[test]
fn the_decomposition_plots_every_matched_difference() {
    let study = full();
    let results = analyse(&study).unwrap();
    let figures = figures(&study, &results, "").unwrap();
    let page = parsed(&figure(&figures, "decomposition").svg);
    let plotted: BTreeMap<&str, f64> = page
        .descendants()
        .filter_map(|n| Some((n.attribute("data-run")?, n.attribute("data-value")?.parse().unwrap())))
        .collect();
    // 4 splits x 2 targets x 2 replicates x 7 n, twice; one AnB run has diverged.
    assert_eq!(plotted.len(), 2 * 112 - 1);
    let parts = [(&results.specificity_runs, "AnB", "BnB"), (&results.co_adaptation_runs, "BnB", "continue")];
    for (runs, arm, control) in parts {
        for difference in runs {
            assert_eq!(plotted[difference.run.as_str()], difference.value);
            let find = |name: &str| results.runs.iter().find(|row| row.run == name).unwrap().top1.unwrap();
            let by_hand = find(&difference.run) - find(&difference.run.replace(arm, control));
            approx::assert_abs_diff_eq!(difference.value, by_hand, epsilon = 1e-9);
        }
    }
    assert!(page.descendants().any(|n| n.text().is_some_and(|text| text.contains("BnB \u{2212} continue-n"))));
}

/// Reports with their figures, made once: a study alone, several together, the published runs.
fn cases() -> &'static [(Report, Drawn)] {
    static CASES: OnceLock<Vec<(Report, Drawn)>> = OnceLock::new();
    CASES.get_or_init(|| {
        let own = [vec![full()], several()].map(|studies| (report(&studies).unwrap(), studies));
        let authors = (Report::published().unwrap(), published().unwrap());
        let drawn = |(report, studies): (Report, Vec<_>)| {
            let drawn = draw(&report, &studies).unwrap();
            (report, drawn)
        };
        own.into_iter().chain([authors]).map(drawn).collect()
    })
}

/// Every number in a JSON value, bit by bit.
fn numbers(value: &serde_json::Value, into: &mut BTreeSet<u64>) {
    match value {
        serde_json::Value::Number(number) => {
            into.insert(number.as_f64().unwrap().to_bits());
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| numbers(item, into)),
        serde_json::Value::Object(items) => items.values().for_each(|item| numbers(item, into)),
        _ => {}
    }
}

#[test]
fn every_plotted_number_is_a_number_of_the_results() {
    for (report, drawn) in cases() {
        let mut known = BTreeSet::new();
        let json = serde_json::to_string(&report).unwrap();
        numbers(&serde_json::from_str(&json).unwrap(), &mut known);
        let mut plotted = BTreeMap::new();
        for figure in drawn.together.iter().chain(drawn.studies.iter().flatten()) {
            let pictures: Vec<_> = figure.pictures().iter().map(|svg| parsed(svg)).collect();
            for node in pictures.iter().flat_map(|picture| picture.descendants()) {
                let single = ["data-value", "data-mean", "data-cell"].into_iter().filter_map(|key| node.attribute(key));
                let pairs = node.attribute("data-values").unwrap_or("").split_whitespace();
                for text in single.chain(pairs.filter_map(|pair| pair.split(':').nth(1))) {
                    let value: f64 = text.parse().unwrap();
                    assert!(known.contains(&value.to_bits()), "{}: {text} is not in results.json", figure.name);
                    *plotted.entry(figure.name.clone()).or_insert(0) += 1;
                }
            }
        }
        let unread: Vec<&String> = (drawn.together.iter().chain(drawn.studies.iter().flatten()))
            .map(|figure| &figure.name)
            .filter(|name| !plotted.contains_key(*name) && !name.contains("filters-"))
            .collect();
        assert!(unread.is_empty(), "nothing could be read back from {unread:?}");
    }
}

#[test]
fn every_figure_that_is_written_stands_on_the_page() {
    for (report, drawn) in cases() {
        let text = strata::report::page(report, drawn);
        let page = parsed(&text);
        let shown: BTreeSet<&str> =
            page.descendants().filter(|n| n.has_tag_name("figure")).filter_map(|n| n.attribute("id")).collect();
        let figures: Vec<&Figure> = drawn.together.iter().chain(drawn.studies.iter().flatten()).collect();
        let made: BTreeSet<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
        assert_eq!(shown, made);
        assert_eq!(made.len(), figures.len(), "two figures have one name");
        let pictures: usize = figures.iter().map(|figure| figure.pictures().len()).sum();
        assert_eq!(text.matches("role=\"img\"").count(), pictures);
    }
}

/// The numbers of an attribute that holds several, such as a path.
fn places(text: &str) -> Vec<f64> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '-');
    words.filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn marks_stand_where_their_axis_says() {
    // The labels of the y ticks give the scale; every mark of a mean must stand at its own value on it.
    for (_, drawn) in &cases()[1..] {
        let mut checked = 0;
        let figures = drawn.together.iter().chain(drawn.studies.iter().flatten());
        for (figure, picture) in figures.flat_map(|figure| figure.pictures().iter().map(move |svg| (figure, svg))) {
            let svg = parsed(picture);
            let marks: Vec<_> = svg.descendants().filter(|n| n.has_attribute("data-mean")).collect();
            if marks.is_empty() {
                continue;
            }
            let ticks: Vec<(f64, f64)> = svg
                .descendants()
                .filter(|n| n.attribute("text-anchor") == Some("end") && n.attribute("x") == Some("56"))
                .filter_map(|n| {
                    Some((n.text()?.replace('\u{2212}', "-").parse().ok()?, n.attribute("y")?.parse().ok()?))
                })
                .collect();
            let ((low, bottom), (high, top)) = (ticks[0], ticks[ticks.len() - 1]);
            for mark in marks {
                let value: f64 = mark.attribute("data-mean").unwrap().parse().unwrap();
                // A mark is as high above its middle as below, or a triangle of known shape: its box holds the middle.
                let ys: Vec<f64> = places(mark.attribute("d").unwrap()).into_iter().skip(1).step_by(2).collect();
                // Text stands 0.36 of its size below the line that it labels.
                let expected = bottom + (value - low) / (high - low) * (top - bottom) - 0.36 * 15.0;
                let circle = mark.attribute("d").unwrap().contains('a');
                let (least, most) = ys.iter().fold((f64::MAX, f64::MIN), |(a, b), y| (a.min(*y), b.max(*y)));
                let (least, most) = if circle { (ys[0] - 0.1, ys[0] + 0.1) } else { (least, most) };
                assert!(
                    least - 0.1 <= expected && expected <= most + 0.1,
                    "{}: {value} at {ys:?}, not {expected}",
                    figure.name
                );
                checked += 1;
            }
        }
        assert!(checked > 100, "{checked}");
    }
}

#[test]
fn an_axis_of_percentages_ends_at_100_and_0_and_intervals_beyond_are_drawn_open() {
    let mut high = super::synthetic::balanced(2, 1, 5);
    for run in &mut high.runs {
        let last = run.curve.last_mut().unwrap();
        last.top1 = (last.top1 + 0.38).min(0.999) - if run.split == "1" { 0.004 } else { 0.0 };
    }
    let results = analyse(&high).unwrap();
    assert!(results.paper.iter().any(|row| row.level.high.unwrap() > 100.0), "an interval leaves the percentages");
    let figures = figures(&high, &results, "").unwrap();
    let means = figure(&figures, "figure2-means");
    let svg = parsed(&means.svg);
    let labels = svg.descendants().filter(|n| n.attribute("text-anchor") == Some("end")).filter_map(|n| n.text());
    let labels: Vec<f64> = labels.filter_map(|text| text.parse().ok()).collect();
    assert!(labels.len() > 1 && labels.iter().all(|label| (0.0..=100.0).contains(label)), "{labels:?}");
    let count = |class: &str| svg.descendants().filter(|n| n.attribute("class") == Some(class)).count();
    assert!(count("cap") < 2 * count("whisker"), "a cut end has no cap");
    assert!(means.caption.contains("continues beyond the frame"));
    let frame = |n: &Node| n.attribute("y2").map(|y| y.parse::<f64>().unwrap());
    for whisker in svg.descendants().filter(|n| n.attribute("class") == Some("whisker")) {
        assert!(frame(&whisker).unwrap() >= 12.0 - 1e-9, "a whisker leaves the frame");
    }
}

#[test]
fn points_are_drawn_at_the_place_of_their_value() {
    let study = full();
    let figures = figures(&study, &analyse(&study).unwrap(), "").unwrap();
    let svg = &figure(&figures, "figure2-paired").svg;
    let page = parsed(svg);
    // Large marks of means are paths whose first point lies a fixed distance from the centre; two of one arm
    // give the scale, and every other must obey it.
    let mut places: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for node in page.descendants().filter(|n| n.has_attribute("data-mean")) {
        let value: f64 = node.attribute("data-mean").unwrap().parse().unwrap();
        let path = node.attribute("d").unwrap().trim_start_matches('M');
        let y: f64 = path.split(['L', 'Z']).next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        places.entry(node.attribute("data-arm").unwrap()).or_default().push((value, y));
    }
    assert_eq!(places.len(), 5);
    let transfer = &places["AnB"];
    let slope = (transfer[6].1 - transfer[0].1) / (transfer[6].0 - transfer[0].0);
    assert!(slope < 0.0, "larger values must stand higher");
    for of_arm in places.values() {
        for pair in of_arm.windows(2) {
            approx::assert_abs_diff_eq!(pair[1].1 - pair[0].1, slope * (pair[1].0 - pair[0].0), epsilon = 0.05);
        }
    }
}

#[test]
fn every_figure_is_written_as_readable_svg_and_png() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&[full()], folder.path()).unwrap();
    let names: Vec<String> =
        written.figures.iter().map(|path| path.file_name().unwrap().to_string_lossy().to_string()).collect();
    for stem in [
        "answer",
        "figure2",
        "figure2-means",
        "figure2-paired",
        "decomposition",
        "random-filters",
        "training-curves",
        "training-loss",
        "confusion-1",
        "filters-1",
        "filters-2",
    ] {
        assert!(
            names.contains(&format!("{stem}.svg")) && names.contains(&format!("{stem}.png")),
            "{stem} in {names:?}"
        );
        let picture = image::open(folder.path().join(format!("{stem}.png"))).unwrap();
        assert!(picture.width() >= 900, "{stem} is {} pixels wide", picture.width());
    }
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().to_string();
        assert!(!name.ends_with(".tmp"), "{name} was left behind");
    }
}

/// A study of a residual net: twenty blocks with long names and the scores.
fn of_many_blocks() -> strata::report::Study {
    let mut study = super::synthetic::balanced(2, 1, 21);
    study.layers =
        (0..21).map(|i| if i < 20 { format!("stage{}.block{}", i / 5 + 1, i % 5 + 1) } else { "fc".into() }).collect();
    for split in 0..2 {
        for (i, layer) in study.layers.iter().enumerate() {
            for (j, other_layer) in study.layers.iter().enumerate() {
                study.similarities.push(strata::report::Similarity {
                    network: format!("s{split}-r0-base-A"),
                    other: format!("s{split}-r0-base-B"),
                    images: "A".into(),
                    count: 100,
                    layer: layer.clone(),
                    other_layer: other_layer.clone(),
                    estimator: strata::report::Estimator::Debiased,
                    value: 0.95 - 0.02 * i as f64 - 0.03 * i.abs_diff(j) as f64,
                });
            }
        }
    }
    study
}

/// The box of a text: DejaVu Sans averages 0.6 em a character, and its capitals are 0.73 em high.
fn extent(node: Node<'_, '_>) -> Option<[f64; 4]> {
    let number = |key: &str| node.attribute(key).and_then(|value| value.parse::<f64>().ok());
    let size = number("font-size")?;
    let (long, high) = (node.text()?.chars().count() as f64 * size * 0.6, size * 0.73);
    let anchor = match node.attribute("text-anchor") {
        Some("middle") => 0.5,
        Some("end") => 1.0,
        _ => 0.0,
    };
    if let Some(transform) = node.attribute("transform") {
        let numbers: Vec<f64> = transform
            .split(|c: char| !(c.is_ascii_digit() || "-.".contains(c)))
            .filter_map(|n| n.parse().ok())
            .collect();
        let (x, y) = (numbers[0], numbers[1] + anchor * long);
        return Some([x - high, y - long, x, y]);
    }
    let (x, y) = (number("x")? - anchor * long, number("y")?);
    Some([x, y - high, x + long, y])
}

/// The texts of a figure, with where they lie.
pub fn texts_of(page: &Document<'_>) -> Vec<(String, [f64; 4])> {
    page.descendants()
        .filter(|node| node.has_tag_name("text"))
        .filter_map(|node| Some((node.text()?.to_string(), extent(node)?)))
        .collect()
}

/// No two texts touch.
pub fn assert_apart(name: &str, texts: &[(String, [f64; 4])]) {
    for (i, (one, a)) in texts.iter().enumerate() {
        for (other, b) in &texts[i + 1..] {
            let apart = a[2] <= b[0] + 0.5 || b[2] <= a[0] + 0.5 || a[3] <= b[1] + 0.5 || b[3] <= a[1] + 0.5;
            assert!(apart, "{name}: {one:?} {a:?} lies over {other:?} {b:?}");
        }
    }
}

#[test]
fn figures_of_twenty_one_blocks_have_texts_that_do_not_touch_and_every_block_is_named() {
    let study = of_many_blocks();
    let results = analyse(&study).unwrap();
    let figures = figures(&study, &results, "").unwrap();
    for name in ["figure2-means", "figure2-paired", "decomposition", "random-filters", "similarity", "similarity-map"] {
        let page = parsed(&figure(&figures, name).svg);
        let mut texts = texts_of(&page);
        texts.retain(|(text, _)| !text.is_empty());
        assert!(texts.len() > 10, "{name}: {} texts", texts.len());
        assert_apart(name, &texts);
        if name.starts_with("similarity") {
            for layer in &study.layers {
                assert!(texts.iter().any(|(text, _)| text == layer), "{name}: {layer} has no name");
            }
        }
    }
}

#[test]
fn the_level_of_chance_is_a_line_of_every_accuracy_or_named_where_it_lies_outside() {
    let mut study = full();
    study.runs.iter_mut().for_each(|run| run.chance = Some(0.01));
    let drawn = |study: &strata::report::Study| {
        let results = analyse(study).unwrap();
        figures(study, &results, "").unwrap()
    };
    let above = drawn(&study);
    for name in ["figure2", "figure2-means"] {
        let one = figure(&above, name);
        assert!(one.caption.contains("Chance, 1 %, lies below the axis."), "{name}: {}", one.caption);
        assert!(!one.svg.contains("class=\"chance\""), "{name}");
    }
    for run in study.runs.iter_mut().filter(|run| run.arm == Arm::Transfer && run.n == Some(7)) {
        run.curve.iter_mut().for_each(|at| at.top1 = 0.012);
    }
    let below = drawn(&study);
    for name in ["figure2", "figure2-means", "random-filters", "training-curves"] {
        let one = figure(&below, name);
        let page = parsed(&one.svg);
        let line = page.descendants().find(|node| node.attribute("class") == Some("chance"));
        assert_eq!(line.and_then(|line| line.attribute("data-value")), Some("1"), "{name}");
        let text = |node: &Node<'_, '_>| node.has_tag_name("text") && node.text() == Some("chance, 1 %");
        assert!(page.descendants().any(|node| text(&node)) && !one.caption.contains("Chance,"), "{name}");
    }
    assert!(!figure(&below, "answer").svg.contains("chance"), "a difference has no level of chance");
}
