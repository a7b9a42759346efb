//! What an advice says, from made records: the sentence, the tables, the figures, the page and the files.

use super::written::parsed;
use std::{collections::BTreeSet, path::Path};
use strata::{
    protocol::advice::{
        inference::{Interval, corrected_interval},
        record::{
            Advice, Candidate, Choice, ClassCount, CurvePoint, CurveValue, Data, Difference, DropReason, Dropped, Kind,
            Measure, Neighbours, Refit, Refitted, Source,
        },
    },
    report::advice::{Written, sentence, table, write},
};

const SPLITS: usize = 5;

/// How far candidates lie below the best, by kind.
fn level(kind: Kind) -> f64 {
    let frozen = [62.0, 66.5, 70.0, 72.4, 73.6, 73.0, 70.1];
    match kind {
        Kind::Scratch => 68.6,
        Kind::Frozen { n } => frozen[n - 1],
        Kind::FineTuned { n } => [69.4, 71.0, 72.6, 74.1, 74.7, 74.5, 73.2][n - 1],
        Kind::HeadFirst { n } => 73.0 + 0.1 * n as f64,
        Kind::LowRate { n, .. } => 72.4 + 0.2 * n as f64,
    }
}

/// Difficulty of a split, and what a candidate adds on it: small numbers that repeat.
fn score(kind: Kind, at: usize, split: usize) -> f64 {
    level(kind) + [0.8, -1.4, 0.3, 1.6, -1.3][split] + (((at * 7 + split * 5) % 11) as f64 - 5.0) * 0.12
}

fn kinds() -> Vec<(String, Kind)> {
    let mut all = vec![("scratch".to_string(), Kind::Scratch)];
    all.extend((1..8).map(|n| (format!("frozen-{n}"), Kind::Frozen { n })));
    all.extend((1..8).map(|n| (format!("fine-tuned-{n}"), Kind::FineTuned { n })));
    for n in [4, 7] {
        all.push((format!("head-first-{n}"), Kind::HeadFirst { n }));
        all.push((format!("low-rate-{n}"), Kind::LowRate { n, lr_mult: 0.1 }));
    }
    all
}

fn interval(mean: f64, low: f64, high: f64) -> Interval {
    Interval { mean, low, high }
}

fn place(advice: &Advice, name: &str) -> usize {
    advice.candidates.iter().position(|candidate| candidate.name == name).unwrap()
}

/// An advice that copies five of seven blocks and fine-tunes them, as one of `alexnet32` on a thousand images would be.
pub fn advice() -> Advice {
    let kinds = kinds();
    let leader = kinds.iter().position(|(name, _)| name == "fine-tuned-5").unwrap();
    let candidate = |(at, (name, kind)): (usize, &(String, Kind))| {
        let dropped = match kind {
            Kind::Scratch => Some(Dropped { after_splits: 2, reason: DropReason::Worse }),
            Kind::LowRate { n: 4, .. } => Some(Dropped { after_splits: 0, reason: DropReason::Budget }),
            _ => None,
        };
        let most = dropped.as_ref().map_or(SPLITS, |dropped| dropped.after_splits);
        let accuracy: Vec<Option<f64>> =
            (0..SPLITS).map(|split| (split < most).then(|| score(*kind, at, split))).collect();
        let values: Vec<f64> = accuracy.iter().flatten().copied().collect();
        let less: Vec<f64> =
            values.iter().enumerate().map(|(split, value)| value - score(kinds[leader].1, leader, split)).collect();
        let cost = match kind {
            Kind::Scratch | Kind::FineTuned { .. } | Kind::LowRate { .. } => 1.9,
            Kind::Frozen { n } => 1.9 - 0.22 * *n as f64,
            Kind::HeadFirst { n } => 1.9 - 0.11 * *n as f64,
        };
        Candidate {
            name: name.clone(),
            kind: *kind,
            accuracy,
            balanced: Vec::new(),
            mean: corrected_interval(&values, 0.25, 0.95),
            to_leader: corrected_interval(&less, 0.25, 0.95).filter(|_| at != leader),
            seconds: if most == 0 { 0.0 } else { cost * 4.3 },
            multiply_adds: (cost * 1e12) as u64,
            dropped,
        }
    };
    let candidates: Vec<Candidate> = kinds.iter().enumerate().map(candidate).collect();
    let at = |name: &str| kinds.iter().position(|(other, _)| other == name).unwrap();
    let (all, scratch) = (at("fine-tuned-7"), at("scratch"));
    let refitted = |candidate: usize, accuracy: [f64; 3]| {
        let mean = accuracy.iter().sum::<f64>() / 3.0;
        Refitted {
            candidate,
            accuracy: accuracy.to_vec(),
            balanced: Vec::new(),
            mean: interval(mean, mean - 3.1, mean + 3.0),
        }
    };
    let curve = [(0.25, 160, [61.0, 60.2, 49.5]), (0.5, 320, [68.3, 67.0, 59.8]), (1.0, 640, [74.7, 73.2, 68.6])];
    let point = |(share, images, levels): (f64, usize, [f64; 3])| CurvePoint {
        share,
        images,
        values: [leader, all, scratch]
            .into_iter()
            .zip(levels)
            .map(|(candidate, level)| CurveValue {
                candidate,
                scores: (0..3).map(|s| level + [0.8, -1.4, 0.3][s] + ((candidate + s) % 3) as f64 * 0.2).collect(),
            })
            .collect(),
    };
    Advice {
        version: "0.1.0".into(),
        device: "cpu, 2 threads".into(),
        numerics: Some(3),
        seed: 1,
        source: Source {
            path: "runs/cifar100/base.safetensors".into(),
            digest: "3f".repeat(32),
            net: "alexnet32".into(),
            most_n: 7,
            input: [3, 32, 32],
            classes: Vec::new(),
        },
        data: Data {
            name: "photographs".into(),
            digest: "a0".repeat(32),
            classes: ["beetle", "bee & wasp", "moth <large>", "fly"]
                .map(|name| ClassCount { name: name.into(), images: 250 })
                .to_vec(),
            images: 1000,
            test_images: 200,
            training_images: 640,
            validation_images: 160,
        },
        steps: 400,
        batch_size: 32,
        splits: SPLITS,
        measure: Measure::Accuracy,
        level: 0.95,
        margin: 0.5,
        candidates,
        neighbours: (1..8)
            .map(|n| Neighbours { n, knn: [48.0, 53.1, 57.8, 60.2, 62.5, 62.9, 60.0][n - 1], k: 5, ridge: Some(64.0) })
            .collect(),
        choice: Choice {
            leader,
            set: ["fine-tuned-4", "fine-tuned-5", "fine-tuned-6"].map(at).to_vec(),
            recommended: leader,
            cannot_tell: false,
            reason: "fine-tuned-5 has the highest mean and is the cheapest of 3 that are not shown to be worse.".into(),
        },
        refit: Some(Refit {
            networks: vec![
                refitted(leader, [75.5, 74.0, 75.0]),
                refitted(all, [74.5, 74.0, 75.1]),
                refitted(scratch, [68.5, 69.0, 68.7]),
            ],
            differences: vec![
                Difference { against: all, difference: interval(0.3, -0.4, 1.0) },
                Difference { against: scratch, difference: interval(6.1, 4.8, 7.3) },
            ],
            draws: 2000,
            weights: "recommended.safetensors".into(),
        }),
        curve: curve.map(point).to_vec(),
        remarks: vec!["The budget had no room for 1 candidate: low-rate-4.".into()],
        seconds: 812.0,
        budget_minutes: Some(15.0),
    }
}

fn written(advice: &Advice, folder: &Path) -> (Written, String) {
    let written = write(advice, folder).unwrap();
    let page = std::fs::read_to_string(&written.page).unwrap();
    (written, page)
}

#[test]
fn the_sentence_says_what_to_copy_what_is_as_good_and_what_it_gains() {
    assert_eq!(
        sentence(&advice()),
        "Copy 5 of 7 blocks and fine-tune. Not distinguishable: 4+, 5+, 6+. Against fine-tuning all +0.3 points [-0.4, +1.0], \
         against scratch +6.1 [+4.8, +7.3]."
    );
}

#[test]
fn one_candidate_alone_is_said_to_be_better_than_all_others() {
    let mut advice = advice();
    advice.choice.set = vec![advice.choice.recommended];
    assert!(sentence(&advice).starts_with("Copy 5 of 7 blocks and fine-tune. All others are shown to be worse. "));
}

#[test]
fn where_it_cannot_be_told_the_sentence_begins_with_that() {
    let mut advice = advice();
    advice.choice.cannot_tell = true;
    advice.choice.set = (1..15).collect();
    advice.choice.recommended = place(&advice, "frozen-7");
    let text = sentence(&advice);
    assert!(
        text.starts_with(
            "Cannot tell: of 18 candidates 14 are not distinguishable on 5 splits (1 to 7, 1+ to 7+). The cheapest of them: copy \
             7 of 7 blocks and freeze them."
        ),
        "{text}"
    );
    let mut all = advice.clone();
    all.choice.set = (0..advice.candidates.len()).filter(|&at| advice.candidates[at].mean.is_some()).collect();
    assert!(
        sentence(&all)
            .starts_with("Cannot tell whether copying helps: all 18 candidates are not distinguishable on 5 splits. ")
    );
    advice.choice.set.insert(0, 0);
    assert!(sentence(&advice).starts_with("Cannot tell whether copying helps: of 18 candidates 15 are not"));
    // The procedure may recommend what is not in the set, where validation says that this is better.
    advice.choice.set.clear();
    assert!(sentence(&advice).contains("Recommended all the same: copy 7 of 7"));
}

#[test]
fn without_test_images_the_sentence_compares_on_the_splits_and_says_so() {
    let mut advice = advice();
    advice.refit = None;
    let text = sentence(&advice);
    assert!(text.contains(" Against fine-tuning all +1.") && text.contains(", against scratch +"), "{text}");
    assert!(text.ends_with(" (validation images; the test images were not opened)."), "{text}");
}

#[test]
fn unequal_classes_are_compared_by_balanced_accuracy_and_every_form_says_so() {
    let mut advice = advice();
    advice.measure = Measure::BalancedAccuracy;
    for candidate in &mut advice.candidates {
        candidate.balanced = candidate.accuracy.iter().map(|score| score.map(|score| score - 3.0)).collect();
    }
    assert!(sentence(&advice).contains("+0.3 points of balanced accuracy [-0.4, +1.0], against scratch +6.1 [+4.8"));
    assert!(table(&advice).contains("balanced accuracy (%)"));
    let folder = tempfile::tempdir().unwrap();
    assert!(written(&advice, folder.path()).1.contains(">balanced accuracy (%)</text>"));
}

#[test]
fn the_table_names_every_candidate_with_what_became_of_it() {
    let text = table(&advice());
    assert!(text.is_ascii(), "{text}");
    let row =
        |name: &str| text.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{text}"));
    assert!(row("scratch ").ends_with("worse, dropped after 2 splits"), "{text}");
    assert!(row("5+ ").contains("the leader") && row("5+ ").ends_with("recommended"), "{text}");
    assert!(row("4+ ").ends_with("not distinguishable"), "{text}");
    assert!(row("4 low rate").ends_with("left out for the budget"), "{text}");
    assert!(row("7 head first").ends_with("worse"), "{text}");
    // The nearest neighbours of its n stand beside each candidate.
    assert!(row("6+ ").contains(" 62.90 ") && row("6 ").contains(" 62.90 "), "{text}");
    assert!(text.contains("The budget had no room for 1 candidate: low-rate-4."));
}

#[test]
fn small_nets_are_counted_in_smaller_units_and_intervals_end_at_one_hundred() {
    let mut advice = advice();
    advice.neighbours.clear();
    for candidate in &mut advice.candidates {
        candidate.multiply_adds /= 1000;
        candidate.mean = candidate.mean.map(|mean| interval(mean.mean, -3.0, 104.5));
    }
    let text = table(&advice);
    assert!(text.contains("10^9 madds") && text.contains(" 1.900 ") && !text.contains("k-NN"), "{text}");
    assert!(text.contains(" [0.00, 100.00] ") && !text.contains("104.50"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let (files, page) = written(&advice, folder.path());
    assert!(page.contains("10\u{2079} multiply-adds"));
    let svg = std::fs::read_to_string(&files.figures[0]).unwrap();
    assert!(svg.contains("10\u{2079} multiply-adds per network"), "{svg}");
}

#[test]
fn more_images_are_judged_by_the_lead_over_the_others() {
    let lines = |advice: &Advice| table(advice);
    let same = lines(&advice());
    assert!(same.contains("From half of the training images to all of them the recommendation gains +6.4 ["), "{same}");
    assert!(same.contains("Twice the images would not change the advice if that goes on: "), "{same}");
    let mut overtaken = advice();
    // Scratch gains so much from twice the images that it would be ahead with twice as many again.
    for value in &mut overtaken.curve[2].values {
        let level = [74.7, 73.2, 72.0][if value.candidate == 0 { 2 } else { 0 }];
        value.scores = [0.8, -1.4, 0.3].map(|split| level + split).to_vec();
    }
    let text = lines(&overtaken);
    assert!(text.contains("Twice the images would change the advice if that goes on: -"), "{text}");
    assert!(text.contains("against scratch."), "{text}");
    let mut unclear = advice();
    unclear.curve[2].values[1].scores = vec![80.0, 66.0, 74.0];
    assert!(lines(&unclear).contains("It cannot be told whether twice the images would change the advice"));
    unclear.curve.clear();
    assert!(!lines(&unclear).contains("images would"));
}

#[test]
fn a_score_without_training_is_held_against_the_set() {
    let mut advice = advice();
    assert!(table(&advice).contains(
        "5 nearest neighbours score n = 6 best (62.9 %). Of 6 and 6+ only 6+ is among the best: the score gives the n, not \
         what to do with it."
    ));
    advice.choice.set = vec![place(&advice, "frozen-6"), place(&advice, "fine-tuned-6")];
    assert!(table(&advice).contains("6 and 6+ are both among the best, so this score alone would have done."));
    advice.choice.set = vec![place(&advice, "fine-tuned-5")];
    assert!(table(&advice).contains("Neither 6 nor 6+ is among the best, so this score alone would have misled."));
}

#[test]
fn the_page_is_well_formed_loads_nothing_and_has_every_part() {
    let folder = tempfile::tempdir().unwrap();
    let (files, page) = written(&advice(), folder.path());
    let document = parsed(&page);
    for node in document.descendants() {
        assert_ne!(node.tag_name().name(), "script");
        for attribute in node.attributes().filter(|a| matches!(a.name(), "href" | "src")) {
            assert!(attribute.value().starts_with('#') || attribute.value().starts_with("data:"));
        }
    }
    let ids: BTreeSet<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    for id in ["advice", "advice-curve", "test", "candidates", "more", "cheap", "run"] {
        assert!(ids.contains(id), "{id} is missing");
    }
    let answer = document.descendants().find(|node| node.attribute("class") == Some("answer")).unwrap();
    assert_eq!(answer.text().unwrap().replace('\u{2212}', "-"), sentence(&advice()));
    let names: Vec<String> =
        files.figures.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["advice.svg", "advice.png", "advice-curve.svg", "advice-curve.png"]);
    for path in &files.figures {
        let bytes = std::fs::read(path).unwrap();
        assert!(bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"<svg xmlns"), "{}", path.display());
    }
}

#[test]
fn the_figure_has_every_candidate_at_its_accuracy_and_fills_only_the_set() {
    let folder = tempfile::tempdir().unwrap();
    let advice = advice();
    let (files, _) = written(&advice, folder.path());
    let svg = std::fs::read_to_string(&files.figures[0]).unwrap();
    let document = parsed(&svg);
    let marks: Vec<_> = document.descendants().filter(|node| node.has_attribute("data-mean")).collect();
    let run = advice.candidates.iter().filter(|candidate| candidate.mean.is_some()).count();
    // Accuracies, nearest neighbours, and the cost of each candidate.
    assert_eq!(marks.len(), run + 7 + advice.candidates.len());
    let filled: Vec<(&str, &str)> = marks
        .iter()
        .filter(|mark| mark.attribute("fill") != Some("none") && mark.attribute("data-arm") == Some("fine-tuned"))
        .map(|mark| (mark.attribute("data-arm").unwrap(), mark.attribute("data-at").unwrap()))
        .take(3)
        .collect();
    assert_eq!(filled, [("fine-tuned", "4"), ("fine-tuned", "5"), ("fine-tuned", "6")]);
    let leader = advice.candidates[advice.choice.leader].mean.unwrap().mean;
    assert!(marks.iter().any(|mark| mark.attribute("data-mean") == Some(&leader.to_string())));
}

#[test]
fn the_json_is_the_record_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = written(&advice(), folder.path());
    let text = std::fs::read_to_string(&files.json).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((json["schema"].as_str(), json["schema_version"].as_u64()), (Some("advise"), Some(1)));
    assert_eq!(serde_json::from_str::<Advice>(&text).unwrap(), advice());
}

#[test]
fn a_record_of_which_little_has_ended_is_written_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut little = advice();
    for (at, candidate) in little.candidates.iter_mut().enumerate() {
        candidate.accuracy.iter_mut().skip(usize::from(at < 3)).for_each(|score| *score = None);
        (candidate.mean, candidate.to_leader, candidate.dropped) = (None, None, None);
    }
    little.choice.set = vec![0, 1, 2];
    (little.refit, little.curve, little.neighbours, little.remarks) = (None, Vec::new(), Vec::new(), Vec::new());
    let (files, page) = written(&little, folder.path());
    parsed(&page);
    assert_eq!(files.figures.len(), 2);
    little.candidates.clear();
    assert_eq!(sentence(&little), "No candidate has finished, so there is no answer yet.");
    let (files, page) = written(&little, folder.path());
    parsed(&page);
    assert!(files.figures.is_empty());
}
