//! What is written to disk: the page, the figures, the tables, and that they agree with each other.

use std::collections::{BTreeMap, BTreeSet};

use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};
use strata::report::{
    Arm, Confusion, Filters, ReportError, Reported, State, Study, analyse, published, published_text, report, runs_csv,
    summary_csv, text,
};

use super::synthetic::{balanced, several, study};

/// Writes the report of some studies.
pub fn write(studies: &[Study], folder: &std::path::Path) -> Result<strata::report::Written, ReportError> {
    strata::report::write(&report(studies)?, studies, folder)
}

/// The text of one study's report.
fn text_table(study: &Study) -> String {
    text(&report(std::slice::from_ref(study)).unwrap())
}

/// A balanced study with filters and one diverged run.
pub fn full() -> Study {
    let mut study = balanced(4, 2, 8);
    let wave = |i: usize| ((i % 121) as f32 * 0.13 + (i / 121) as f32).sin();
    study.filters = vec![
        Filters {
            title: "base A, conv1".into(),
            count: 24,
            channels: 3,
            height: 11,
            width: 11,
            values: (0..24 * 363).map(wave).collect(),
        },
        Filters {
            title: "base A, gray".into(),
            count: 8,
            channels: 1,
            height: 5,
            width: 5,
            values: (0..200).map(wave).collect(),
        },
    ];
    study.confusions = vec![Confusion {
        run: "s0-r0-base-A".into(),
        classes: (0..5).map(|i| format!("class <{i}>")).collect(),
        counts: (0..5).map(|i| (0..6).map(|j| if i == j { 80 } else { 3 + i + j }).collect()).collect(),
    }];
    let broken = study.runs.iter_mut().find(|run| run.arm == Arm::Transfer && run.n == Some(5)).unwrap();
    broken.state = State::Diverged;
    broken.message = Some("loss is NaN at step 40 <here>".into());
    study
}

/// Reads a page or a picture as strict XML.
pub fn parsed(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).unwrap_or_else(|error| panic!("not well-formed: {error}"))
}

#[test]
fn the_page_is_well_formed_and_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let several = [vec![full()], published().unwrap(), vec![balanced(1, 1, 3)], vec![study(Vec::new())], Vec::new()];
    for (at, studies) in several.iter().enumerate() {
        let written = write(studies, &folder.path().join(at.to_string())).unwrap();
        let text = std::fs::read_to_string(&written.page).unwrap();
        for node in parsed(&text).descendants() {
            for attribute in node.attributes() {
                if matches!(attribute.name(), "href" | "src" | "srcset" | "data" | "action") {
                    let value = attribute.value();
                    assert!(
                        value.starts_with('#') || value.starts_with("data:"),
                        "{} loads {value}",
                        node.tag_name().name()
                    );
                }
            }
            assert_ne!(node.tag_name().name(), "script");
        }
        assert!(!text.contains("url(") && !text.contains("@import") && !text.contains("http://"));
    }
}

#[test]
fn what_a_reader_needs_to_know_stands_before_what_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&[full()], folder.path()).unwrap();
    let page = std::fs::read_to_string(written.page).unwrap();
    let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("no {words}"));
    for term in
        ["<strong>base</strong>", "<strong>BnB</strong>", "<strong>AnB</strong>", "<strong>+ (", "n is the number"]
    {
        assert!(place(term) < place("<figure"), "{term} is explained after the first figure");
    }
    // The numbers of the claims begin at 2: why is said before, and the paper is named.
    assert!(place("these compare two studies") < place("<table class=\"verdicts\""));
    assert!(place("Yosinski et al. 2014") < place("<table class=\"verdicts\""));
    let before = &page[..place("Yosinski et al. 2014")];
    assert!(
        !before[place("<main>")..].contains("the paper\u{2019}s") && !before.contains("the paper's"),
        "named too late"
    );
    assert!(page.contains("a cost of 2 points is \u{2212}2 here"));
}

#[test]
fn identifiers_are_unique_and_links_lead_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    for studies in [vec![full()], several()] {
        let text = std::fs::read_to_string(write(&studies, folder.path()).unwrap().page).unwrap();
        let page = parsed(&text);
        let mut ids = BTreeMap::new();
        for id in page.descendants().filter_map(|node| node.attribute("id")) {
            *ids.entry(id).or_insert(0) += 1;
        }
        assert!(ids.values().all(|count| *count == 1), "{ids:?}");
        for node in page.descendants() {
            let wanted = node.attribute("aria-labelledby").into_iter().flat_map(str::split_whitespace);
            for id in wanted.chain(node.attribute("href").and_then(|href| href.strip_prefix('#'))) {
                assert!(ids.contains_key(id), "nothing is called {id}");
            }
        }
    }
}

#[test]
fn numbers_of_the_page_stand_in_the_json() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&published().unwrap()[..1], folder.path()).unwrap();
    let page = std::fs::read_to_string(written.page).unwrap();
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(written.results).unwrap()).unwrap();
    let json = &json["studies"][0];
    let row = json["paired"].as_array().unwrap().iter().find(|row| row["arm"] == "AnB" && row["n"] == 7).unwrap();
    let text = format!("\u{2212}{:.2}", -row["estimate"]["mean"].as_f64().unwrap());
    assert_eq!(text, "\u{2212}8.26");
    assert!(page.contains(&text) && page.contains("62.51 %"));
    for boost in json["boosts"].as_array().unwrap() {
        let value = boost["transfer_runs"].as_f64().unwrap();
        assert!(page.contains(&format!("+{value:.2}")), "{value}");
    }
}

/// The decimal numbers in a text, without sign: digits, a point, digits.
fn decimals(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.'));
    words.filter(|word| word.contains('.')).collect()
}

/// Every number of a JSON value as it may be printed: with two to four decimals; numbers in its strings as they are.
fn printable(value: &serde_json::Value, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Number(number) => {
            let number = number.as_f64().unwrap().abs();
            into.extend([
                format!("{number:.1}"),
                format!("{number:.2}"),
                format!("{number:.3}"),
                format!("{number:.4}"),
            ]);
            // Small ps are printed with two digits.
            into.extend(decimals(&format!("{number:.1e}")).into_iter().map(String::from));
        }
        serde_json::Value::String(text) => into.extend(decimals(text).into_iter().map(String::from)),
        serde_json::Value::Array(items) => items.iter().for_each(|item| printable(item, into)),
        serde_json::Value::Object(items) => items.values().for_each(|item| printable(item, into)),
        _ => {}
    }
}

#[test]
fn no_number_stands_on_the_page_alone() {
    for studies in [vec![full()], vec![balanced(10, 1, 8)], several(), published().unwrap()] {
        let folder = tempfile::tempdir().unwrap();
        let written = write(&studies, folder.path()).unwrap();
        let mut known = BTreeSet::from(["0.5".to_string(), "0.2".to_string()]);
        let json = std::fs::read_to_string(written.results).unwrap();
        printable(&serde_json::from_str(&json).unwrap(), &mut known);
        let text = std::fs::read_to_string(written.page).unwrap();
        let drawn = |node: &Node| node.ancestors().any(|a| matches!(a.tag_name().name(), "svg" | "style"));
        let mut seen = 0;
        for node in parsed(&text).descendants().filter(|node| node.is_text() && !drawn(node)) {
            for number in decimals(node.text().unwrap()) {
                assert!(known.contains(number), "{number} is not in results.json");
                seen += 1;
            }
        }
        assert!(seen > 300, "only {seen} numbers were found");
    }
}

#[test]
fn a_study_without_finished_runs_still_gets_its_page() {
    let mut waiting = balanced(2, 1, 3);
    for run in &mut waiting.runs {
        run.state = State::Pending;
        run.curve.clear();
    }
    let folder = tempfile::tempdir().unwrap();
    let written = write(std::slice::from_ref(&waiting), folder.path()).unwrap();
    let page = std::fs::read_to_string(written.page).unwrap();
    assert!(page.contains("No run has finished yet"));
    assert!(page.contains("68 pending") && written.figures.is_empty());
    assert!(text_table(&waiting).contains("no base has finished"));
}

#[test]
fn the_text_table_shows_both_ways_and_who_was_left_out() {
    let text = text_table(&full());
    assert!(text.is_ascii(), "{text}");
    for part in [
        "paired: each run minus its own base",
        "the paper's way",
        "restart gain: +0.",
        "base-2x gain: +0.",
        "plateau ",
        "left out (1;",
        "diverged: loss is NaN",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    for part in ["claim 4: holds (4 splits)", "Figure 3: not tested here", "akbargumbira/PretrainedFeatureExtraction"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let published = text_table(&published().unwrap()[0]);
    assert!(published.contains("base: 62.51 %") && published.contains("no restarted base was trained"), "{published}");
}

#[test]
fn the_csv_files_have_one_width_and_one_row_per_run() {
    let report = report(&published().unwrap()).unwrap();
    let runs: usize = report.studies.iter().map(|results| results.runs.len()).sum();
    let arms: usize = report.studies.iter().map(|r| r.paper.len() + usize::from(r.base.is_some())).sum();
    for (csv, rows) in [(runs_csv(&report), runs), (summary_csv(&report), arms)] {
        let columns: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
        assert!(columns.iter().all(|c| *c == columns[0]), "{csv}");
        assert_eq!(columns.len(), rows + 1);
    }
}

#[test]
fn a_report_that_cannot_be_written_names_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    std::fs::write(&file, "").unwrap();
    let error = write(&[study(Vec::new())], &file).unwrap_err();
    assert!(matches!(&error, ReportError::Write { .. }) && error.to_string().contains("taken"), "{error}");
}

#[test]
fn the_ten_highest_of_short_curves_are_refused_everywhere() {
    let mut short = balanced(1, 1, 3);
    short.reported = Reported::BestTen;
    assert!(matches!(analyse(&short), Err(ReportError::TooFewEvaluations { found: 12, .. })));
    assert!(report(&[short]).is_err());
}

#[test]
fn a_study_survives_json() {
    let study = full();
    let back: Study = serde_json::from_str(&serde_json::to_string(&study).unwrap()).unwrap();
    assert_eq!(text_table(&study), text_table(&back));
    let published = &published().unwrap()[0];
    let back: Study = serde_json::from_str(&serde_json::to_string(published).unwrap()).unwrap();
    assert_eq!(text_table(published), text_table(&back));
}

#[test]
fn the_published_runs_are_reported_in_plain_words_and_numbers() {
    let text = published_text(super::published::report());
    assert!(text.is_ascii());
    for part in [
        "The 148 published runs",
        "layers 1-7: 1.6 / 1.4 ",
        "layers 3-7: 1.8 / 1.4 ",
        "layers 5-7: 2.1 / 1.7 ",
        "layers 1-7: AnB+ +0.97 (10 runs), BnB+ +0.97 (10 runs)",
        "AnB at n = 7: -8.26 (8 runs)",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

/// Writes the reports that are looked at by eye: `STRATA_REPORT_FOLDER=folder cargo test --release --test suite
/// report::written::look`.
#[test]
fn look_at_the_pages_if_a_folder_is_named() {
    let Some(folder) = std::env::var_os("STRATA_REPORT_FOLDER").map(std::path::PathBuf::from) else { return };
    write(&[full()], &folder.join("full")).unwrap();
    write(&[balanced(10, 1, 8)], &folder.join("ten")).unwrap();
    write(&several(), &folder.join("several")).unwrap();
    println!("{}", text_table(&full()));
}
