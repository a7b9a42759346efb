//! What an experiment's file may leave out, and what it must not.
//!
//! Files of run directories are whole: nothing is filled in there, so that a default may change.

use super::{
    NetChoice, ProtocolError,
    key_list::{KEYS, Key, Kind, Usual},
    keys,
};
use std::path::Path;
use toml::{Table, Value};

/// The factor of pixels that are not divided by a deviation: their deviation about the mean is near 80.
const USUAL_SCALE: f64 = 0.0125;
/// What a rate is multiplied with at its drops.
const USUAL_GAMMA: f64 = 0.1;

/// Fills in the keys that have a usual value; `origin` is the file or the name of the experiment.
///
/// # Errors
/// [`ProtocolError::MissingKeys`] with all keys that have none.
pub(super) fn fill_in(table: &mut Table, origin: &str) -> Result<(), ProtocolError> {
    for key in KEYS.iter().filter(|key| matches!(key.kind, Kind::Table) && key.name != "report") {
        table.entry(key.name).or_insert_with(|| Value::Table(Table::new()));
    }
    let name = Path::new(origin).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    put(table, "name", || name.map(Value::String));
    for key in &KEYS {
        if let Usual::Put(text) = key.usual {
            put(table, key.name, || format!("v = {text}").parse::<Table>().ok()?.remove("v"));
        }
    }
    let divided = keys::at(table, "data.std").is_some_and(|std| std.as_str() != Some("none"));
    put(table, "data.scale", || Some(Value::Float(if divided { 1.0 } else { USUAL_SCALE })));
    let policy = keys::at(table, "solver.lr_policy").and_then(Value::as_str).unwrap_or("step").to_string();
    if policy != "cosine" {
        put(table, "solver.gamma", || Some(Value::Float(USUAL_GAMMA)));
    }
    let missing = missing(table, &policy);
    if missing.is_empty() {
        return Ok(());
    }
    let line = |key: &Key| match key.usual {
        Usual::NeededUnless(other) => format!("{} = {}   # {}; or {other}", key.name, key.example, key.about),
        _ => format!("{} = {}   # {}", key.name, key.example, key.about),
    };
    let (origin, keys) = (origin.to_string(), missing.into_iter().map(line).collect::<Vec<_>>().join("\n  "));
    Err(ProtocolError::MissingKeys { origin, keys })
}

/// Puts a value where a key is not given.
fn put(table: &mut Table, name: &str, value: impl FnOnce() -> Option<Value>) {
    let (inner, last) = match name.split_once('.') {
        None => (Some(table), name),
        Some((first, last)) => (table.get_mut(first).and_then(Value::as_table_mut), last),
    };
    if let Some(inner) = inner.filter(|inner| !inner.contains_key(last))
        && let Some(value) = value()
    {
        inner.insert(last.into(), value);
    }
}

/// The keys that must be given and are not.
fn missing(table: &Table, policy: &str) -> Vec<&'static Key> {
    let there = |name: &str| keys::at(table, name).is_some();
    let needed = |key: &&Key| match (key.name, key.usual) {
        (_, _) if matches!(key.kind, Kind::Table) || there(key.name) => false,
        ("net.name", _) => !there("net.file") && !there("net.description"),
        ("solver.stepsize", _) => policy == "step" && !there("solver.stepsize_epochs"),
        ("solver.stepvalue", _) => policy == "multistep" && !there("solver.stepvalue_epochs"),
        (_, Usual::Needed) => true,
        (_, Usual::NeededUnless(other)) => !there(other),
        (_, Usual::Put(_) | Usual::Is(_)) => false,
    };
    KEYS.iter().filter(needed).collect()
}

/// Fills in every n of the net, once it is known which net that is.
pub(super) fn fill_in_layers(table: &mut Table) {
    let choice = table.get("net").cloned().and_then(|net| net.try_into::<NetChoice>().ok());
    let most = choice.map_or(0, |choice| choice.most_n());
    put(table, "protocol.layers", || Some(Value::Array((1..=most as i64).map(Value::Integer).collect())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Experiment;

    const SHORT: &str = "[data]\nsource = \"fashion-mnist\"\n[net]\nname = \"lenet5\"\n[solver]\nbase_lr = 0.01\n\
                         max_iter = 10\nlr_policy = \"cosine\"\n";

    fn read(text: &str) -> Result<Experiment, ProtocolError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.toml");
        std::fs::write(&file, text).unwrap();
        Experiment::find(file.to_str().unwrap(), &[])
    }

    #[test]
    fn a_short_file_is_an_experiment_with_the_usual_values() {
        let experiment = read(SHORT).unwrap();
        assert_eq!((experiment.name.as_str(), experiment.seed, experiment.data.scale), ("mine", 1, 0.0125));
        assert_eq!(experiment.protocol.layers, (1..=experiment.net.most_n()).collect::<Vec<_>>());
        assert_eq!((experiment.protocol.splits.as_slice(), experiment.protocol.arms.len()), (&[0][..], 4));
        assert_eq!((experiment.solver.batch_size, experiment.solver.momentum), (64, 0.9));
        let divided = read(&SHORT.replace("\n[net]", "\nmean = \"channel\"\nstd = \"channel\"\n[net]")).unwrap();
        assert_eq!(divided.data.scale, 1.0);
    }

    #[test]
    fn all_missing_keys_are_named_at_once() {
        let message = read("").unwrap_err().to_string();
        for key in ["data.source", "net.name", "solver.base_lr", "solver.stepsize", "solver.max_iter"] {
            assert!(message.contains(&format!("\n  {key} = ")), "{key} is missing in {message}");
        }
        assert!(message.contains("or net.file") && message.contains("or solver.max_epochs"), "{message}");
        let without = SHORT.replace("base_lr = 0.01\n", "");
        assert_eq!(read(&without).unwrap_err().to_string().matches("\n  ").count(), 1);
    }

    #[test]
    fn values_of_another_type_are_refused_in_words_that_people_use() {
        for (from, to, words) in [
            ("max_iter = 10", "max_iter = \"many\"", "solver.max_iter is \"many\", expected a whole number"),
            ("max_iter = 10", "max_iter = -1", "expected a whole number of at least 0"),
            ("base_lr = 0.01", "base_lr = true", "solver.base_lr is true, expected a number"),
            ("\"cosine\"", "\"cosin\"", "expected one of \"step\", \"multistep\", \"cosine\""),
        ] {
            let message = read(&SHORT.replace(from, to)).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}
