//! The figures, read back from their SVG: every mark stands for one number of the results.

use std::collections::BTreeMap;

use strata::report::{Arm, Figure, analyse, figures, write};

use super::written::{full, parsed};

fn figure<'a>(figures: &'a [Figure], name: &str) -> &'a Figure {
    figures.iter().find(|figure| figure.name == name).unwrap_or_else(|| panic!("no figure {name}"))
}

#[test]
fn plotted_points_equal_the_data() {
    let study = full();
    let results = analyse(&study).unwrap();
    let figures = figures(&study, &results).unwrap();
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
                || (!delta && arm == Arm::Base)
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
    let figures = figures(&study, &results).unwrap();
    let page = parsed(&figure(&figures, "decomposition").svg);
    let plotted: BTreeMap<&str, f64> = page
        .descendants()
        .filter_map(|n| Some((n.attribute("data-run")?, n.attribute("data-value")?.parse().unwrap())))
        .collect();
    // 4 splits x 2 targets x 2 replicates x 7 n, twice; one AnB run has diverged.
    assert_eq!(plotted.len(), 2 * 112 - 1);
    for difference in &results.differences {
        assert_eq!(plotted[difference.run.as_str()], difference.value);
        let find = |name: &str| results.runs.iter().find(|row| row.run == name).unwrap().top1.unwrap();
        let by_hand = find(&difference.run) - find(&difference.run.replace("AnB", "BnB"));
        approx::assert_abs_diff_eq!(difference.value, by_hand, epsilon = 1e-9);
    }
}

#[test]
fn points_are_drawn_at_the_place_of_their_value() {
    let study = full();
    let figures = figures(&study, &analyse(&study).unwrap()).unwrap();
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
    assert_eq!(places.len(), 4);
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
    let written = write(&full(), folder.path()).unwrap();
    let names: Vec<String> =
        written.figures.iter().map(|path| path.file_name().unwrap().to_string_lossy().to_string()).collect();
    for stem in
        ["figure2", "figure2-paired", "decomposition", "random-filters", "training-curves", "filters-1", "filters-2"]
    {
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
