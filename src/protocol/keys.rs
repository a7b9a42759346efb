//! The keys of an experiment file, and `--set key=value`.

use super::{ProtocolError, lengths};

/// All keys of an experiment file, with dots between a table and its keys.
const KEYS: [&str; 65] = [
    "name",
    "description",
    "seed",
    "data",
    "data.source",
    "data.path",
    "data.other_source",
    "data.other_path",
    "data.fit",
    "data.train_per_class",
    "data.held_out_per_class",
    "data.test_per_class",
    "data.evaluate_on",
    "data.mean",
    "data.std",
    "data.unequal_halves",
    "data.mean_of",
    "data.scale",
    "data.augmentation",
    "data.augment_padding",
    "data.views",
    "net",
    "net.name",
    "net.file",
    "net.description",
    "net.outputs",
    "protocol",
    "protocol.split",
    "protocol.sources",
    "protocol.split_file",
    "protocol.classes_per_half",
    "protocol.splits",
    "protocol.replicates",
    "protocol.base_draws",
    "protocol.layers",
    "protocol.arms",
    "protocol.train_sizes",
    "protocol.train_sizes_of",
    "protocol.similarity_images",
    "protocol.evaluations",
    "protocol.held_out_evaluations",
    "protocol.checkpoint_every",
    "solver",
    "solver.base_lr",
    "solver.lr_policy",
    "solver.gamma",
    "solver.stepsize",
    "solver.stepsize_epochs",
    "solver.stepvalue",
    "solver.stepvalue_epochs",
    "solver.warmup_iter",
    "solver.warmup_epochs",
    "solver.warmup_start_factor",
    "solver.max_iter",
    "solver.max_epochs",
    "solver.batch_size",
    "solver.batch_parts",
    "solver.momentum",
    "solver.nesterov",
    "solver.weight_decay",
    "solver.convention",
    "solver.precision",
    "solver.loss_scale",
    "report",
    "report.margin",
];

/// Refuses a key that no experiment has, with the nearest one that is there.
///
/// # Errors
/// [`ProtocolError::UnknownKey`].
pub(super) fn check(origin: &str, table: &toml::Table, prefix: &str) -> Result<(), ProtocolError> {
    for (key, value) in table {
        let full = format!("{prefix}{key}");
        if !KEYS.contains(&full.as_str()) {
            let distance = |known: &&&str| (strsim::jaro_winkler(known, &full) * -1e6) as i64;
            let nearest = KEYS.iter().min_by_key(distance).map_or("", |key| key).to_string();
            return Err(ProtocolError::UnknownKey { origin: origin.into(), key: full, nearest });
        }
        if let toml::Value::Table(inner) = value {
            check(origin, inner, &format!("{full}."))?;
        }
    }
    Ok(())
}

/// Removes from a file's table what overrides take the place of: a length in the other unit, and the keys of a policy
/// that is no longer the file's. An override cannot remove a key, so that it could not be given else.
pub(super) fn make_room(table: &mut toml::Table, overrides: &[String]) {
    let Some(toml::Value::Table(solver)) = table.get_mut("solver") else { return };
    for (key, value) in overrides.iter().filter_map(|assignment| assignment.split_once('=')) {
        let key = key.trim();
        for units in lengths::KEYS.iter().filter(|units| units.contains(&key)) {
            units.iter().for_each(|key| drop(solver.remove(lengths::in_table(key))));
        }
        let policy = value.trim().trim_matches(['"', '\'']);
        let before = solver.get("lr_policy").and_then(toml::Value::as_str).unwrap_or("step");
        if key == "solver.lr_policy" && policy != before {
            let drops = ["stepsize", "stepsize_epochs", "stepvalue", "stepvalue_epochs"];
            drops.iter().for_each(|key| drop(solver.remove(*key)));
            if policy == "cosine" {
                solver.remove("gamma");
            }
        }
    }
}

/// Whether a key holds a text that anyone may choose, such as a path: what looks like a number, a date or a list is a
/// text there, too.
fn is_text(key: &str) -> bool {
    let last = key.trim().rsplit('.').next().unwrap_or_default();
    ["name", "description", "source", "path", "file"].iter().any(|end| last.ends_with(end))
}

/// The value of an assignment: TOML, or else a plain string; where the key holds a text, a string in TOML's quotes or
/// else a plain one.
fn value_of(key: &str, text: &str) -> toml::Value {
    let table = format!("v = {text}").parse::<toml::Table>().ok().filter(|table| table.len() == 1);
    let parsed = table.and_then(|mut table| table.remove("v"));
    // What follows the closing quote would be a comment, which no shell argument is meant to have.
    let quoted = text.trim_end().ends_with(['"', '\'']);
    let parsed = parsed.filter(|value| !is_text(key) || value.is_str() && quoted);
    parsed.unwrap_or_else(|| toml::Value::String(text.into()))
}

/// Applies one `key=value`, as [`value_of`] reads it.
///
/// # Errors
/// Text of another form, an unknown key.
pub(super) fn set(table: &mut toml::Table, assignment: &str) -> Result<(), ProtocolError> {
    let origin = || "--set".to_string();
    let Some((key, value)) = assignment.split_once('=') else {
        let reason = format!("{assignment:?} is not of the form key=value");
        return Err(ProtocolError::Experiment { origin: origin(), reason });
    };
    let value = value_of(key, value);
    let mut at = table;
    let mut parts = key.trim().split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            at.insert(part.into(), value);
            break;
        }
        let next = at.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        let toml::Value::Table(inner) = next else {
            let reason = format!("{part:?} in {key:?} is a value, not a table");
            return Err(ProtocolError::Experiment { origin: origin(), reason });
        };
        at = inner;
    }
    check(&origin(), table_of(key, assignment)?.as_ref(), "")
}

/// The key alone as a table, so that an unknown key is blamed on `--set` and not on the file.
fn table_of(key: &str, assignment: &str) -> Result<Box<toml::Table>, ProtocolError> {
    let text = format!("{} = 0", key.trim());
    let reason = || format!("{assignment:?} does not begin with a key");
    let table = text.parse().map_err(|_| ProtocolError::Experiment { origin: "--set".into(), reason: reason() })?;
    Ok(Box::new(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(assignment: &str) -> String {
        let mut table = toml::Table::new();
        set(&mut table, assignment).unwrap();
        table["data"]["path"].as_str().unwrap().to_string()
    }

    /// Names that files have had: decomposed accents, spaces of several kinds, quotes, and what TOML reads otherwise.
    const ODD: [&str; 24] = [
        "r\u{301}",
        "a\u{a0}b",
        "4.42\u{202f}PM",
        "zero\u{200b}width",
        "\u{2764}\u{fe0f}",
        "sp ace",
        " edge ",
        "it's",
        "q\"uote",
        "back\\slash",
        "\u{fc}n\u{ef}",
        "line\nbreak",
        "1\nname = 2",
        "-dash",
        "2024",
        "1.5",
        "1e5",
        "0x10",
        "true",
        "2024-01-01",
        "[1]",
        "{a=1}",
        "2024#x",
        "inf",
    ];

    #[test]
    fn a_path_is_taken_as_it_stands_whatever_it_looks_like() {
        for name in ODD {
            assert_eq!(path_of(&format!("data.path={name}")), name);
        }
        assert_eq!(path_of("data.path=\"in quotes\""), "in quotes");
        assert_eq!(path_of("data.path=\"a\"#b"), "\"a\"#b");
    }

    #[test]
    fn other_keys_are_toml_and_one_value_only() {
        let mut table = toml::Table::new();
        for assignment in ["seed=7", "protocol.layers=[1, 2]", "data.fit=resize", "name=2024"] {
            set(&mut table, assignment).unwrap();
        }
        assert_eq!((table["seed"].as_integer(), table["name"].as_str()), (Some(7), Some("2024")));
        assert_eq!(table["protocol"]["layers"].as_array().map(Vec::len), Some(2));
        assert_eq!(table["data"]["fit"].as_str(), Some("resize"));
        set(&mut table, "seed=7\nname = 3").unwrap();
        assert!(table["seed"].is_str(), "two lines are no number");
    }
}
