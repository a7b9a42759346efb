//! What was trained on what: the line below the answer, and the classes of each half.

use super::super::{
    format::{self, plain, short},
    results::{Count, Results},
    run::Kind,
    statistics::Unit,
    study::HalfClasses,
};
use super::html::{Cell, table};

/// Class names of a half that are written out.
const NAMES: usize = 12;

/// The accuracies' images, in a word.
pub(super) const fn images(results: &Results) -> &'static str {
    if results.on_held_out { "held-out" } else { "test" }
}

fn count(count: Count) -> String {
    if count.least == count.most { count.most.to_string() } else { format!("{} to {}", count.least, count.most) }
}

/// Images, steps and epochs of a network.
pub(super) fn training(results: &Results) -> Option<String> {
    let trained = results.trained.as_ref()?;
    let train = trained.train.map_or_else(String::new, |train| format!("{} training and ", count(train)));
    let batch = trained.batch_size.map_or_else(String::new, |batch| format!(" of {batch} images"));
    let epochs = trained.epochs.map_or_else(String::new, |epochs| format!(" ({} epochs)", short(epochs)));
    Some(format!(
        "{train}{} {} images per half; {} steps{batch}{epochs}",
        count(trained.evaluated),
        images(results),
        trained.steps
    ))
}

/// What an answer that never changes scores.
pub(super) fn chance(results: &Results) -> Option<String> {
    results.chance.map(format::chance)
}

/// How many splits of what kind, with the number of classes where it is known.
fn splits(results: &Results) -> String {
    let of = |half: &str| results.halves.iter().find(|one| one.half == half).map(|one| one.classes.len());
    let classes = match (of("A"), of("B")) {
        (Some(a), Some(b)) => format!(" ({a} + {b} classes)"),
        _ => String::new(),
    };
    let units = results.base.as_ref().map_or(0, |base| base.estimate.units);
    let many = if units == 1 { "" } else { "s" };
    match (results.kind, results.unit) {
        (Kind::Random, _) => format!("{units} random split{many} into halves{classes}"),
        (kind, Unit::Split) => format!("{}{classes}, {units} split{many}", kind.words()),
        (kind, Unit::Replicate) => format!("{}{classes}, {units} replicate{many}", kind.words()),
    }
}

/// The study in a line.
pub(super) fn line(results: &Results) -> String {
    let mut parts = vec![format!("{} on {}", results.net, results.dataset), splits(results)];
    parts.extend(training(results));
    parts.extend(chance(results).map(|chance| format!("chance is {chance}")));
    if let Some(base) = &results.base {
        parts.push(format!("the bases reach {} %", plain(base.estimate.mean)));
    }
    format!("{}.", parts.join("; "))
}

fn names(half: &HalfClasses) -> String {
    let shown: Vec<&str> = half.classes.iter().take(NAMES).map(String::as_str).collect();
    let rest = half.classes.len().saturating_sub(NAMES);
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}

/// The classes of both halves of each split.
pub(super) fn halves(results: &Results) -> String {
    let mut splits: Vec<&str> = results.halves.iter().map(|half| half.split.as_str()).collect();
    splits.dedup();
    if splits.is_empty() {
        return String::new();
    }
    let of = |split: &str, letter: &str| {
        let found: Vec<String> =
            results.halves.iter().filter(|half| half.split == split && half.half == letter).map(names).collect();
        Cell::text(if found.is_empty() { "\u{2013}".to_string() } else { found.join("; ") })
    };
    let head = ["split", "A", "B"].map(Cell::text);
    let rows: Vec<Vec<Cell>> =
        splits.into_iter().map(|split| vec![Cell::text(split), of(split, "A"), of(split, "B")]).collect();
    table("Classes of the halves", &head, &rows).replacen("<table", "<table class=\"words\"", 1)
}
