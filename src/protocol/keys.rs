//! The keys of an experiment file, and `--set key=value`.

use super::{
    Arm, ProtocolError,
    key_list::{KEYS, Key, Kind},
    lengths,
};
use crate::data::Source;

/// The table whose keys are names of arms.
const BY_ARM: &str = "protocol.layers_of";

/// Refuses a name that no arm has.
fn check_arms(origin: &str, table: &toml::Table) -> Result<(), ProtocolError> {
    let Some(key) = table.keys().find(|key| Arm::named(key).is_none()) else { return Ok(()) };
    let near = |arm: &Arm| strsim::damerau_levenshtein(arm.name(), key);
    let nearest = Arm::WITH_N.into_iter().min_by_key(near).map_or("", Arm::name);
    let (key, nearest) = (format!("{BY_ARM}.{key}"), format!("{BY_ARM}.{nearest}"));
    Err(ProtocolError::UnknownKey { origin: origin.into(), key, nearest })
}

/// Refuses a key that no experiment has, with the nearest one that is there.
///
/// # Errors
/// [`ProtocolError::UnknownKey`].
pub(super) fn check(origin: &str, table: &toml::Table, prefix: &str) -> Result<(), ProtocolError> {
    for (key, value) in table {
        let full = format!("{prefix}{key}");
        if Key::find(&full).is_none() {
            let nearest = nearest(&full).to_string();
            return Err(ProtocolError::UnknownKey { origin: origin.into(), key: full, nearest });
        }
        match value {
            toml::Value::Table(inner) if full == BY_ARM => check_arms(origin, inner)?,
            toml::Value::Table(inner) => check(origin, inner, &format!("{full}."))?,
            _ => {}
        }
    }
    Ok(())
}

/// The key that is most like a name: as a whole, or by its last part, which may stand in the wrong table or in none.
fn nearest(name: &str) -> &'static str {
    let last = name.rsplit('.').next().unwrap_or(name);
    let likeness = |key: &Key| {
        let whole = strsim::jaro_winkler(key.name, name);
        whole.max(strsim::jaro_winkler(key.last(), last))
    };
    let best = KEYS.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)).then(b.name.len().cmp(&a.name.len())));
    best.map_or("", |key| key.name)
}

/// Refuses values of another type than their keys have.
///
/// # Errors
/// [`ProtocolError::Value`] with the type in words.
pub(super) fn check_types(experiment: &str, table: &toml::Table) -> Result<(), ProtocolError> {
    for key in &KEYS {
        let Some(value) = at(table, key.name) else { continue };
        if !fits(key.kind, value) {
            let (experiment, expected) = (experiment.to_string(), key.kind.words());
            return Err(ProtocolError::Value { experiment, key: key.name, expected, got: value.to_string() });
        }
    }
    Ok(())
}

/// The value of a key with dots.
pub(super) fn at<'a>(table: &'a toml::Table, name: &str) -> Option<&'a toml::Value> {
    match name.split_once('.') {
        None => table.get(name),
        Some((first, rest)) => table.get(first)?.as_table().and_then(|inner| at(inner, rest)),
    }
}

fn fits(kind: Kind, value: &toml::Value) -> bool {
    use toml::Value;
    let whole = |value: &Value| value.as_integer().is_some_and(|number| number >= 0);
    let is_number = |value: &Value| value.is_integer() || value.is_float();
    let all_of =
        |list: &Value, fits: &dyn Fn(&Value) -> bool| list.as_array().is_some_and(|list| list.iter().all(fits));
    let all = |fits: &dyn Fn(&Value) -> bool| all_of(value, fits);
    let among = |names: &[&str], value: &Value| value.as_str().is_some_and(|name| names.contains(&name));
    match kind {
        Kind::Table => value.is_table(),
        Kind::Text | Kind::Path => value.is_str(),
        Kind::Whole => whole(value),
        Kind::Small => value.as_integer().is_some_and(|number| u32::try_from(number).is_ok()),
        Kind::Number => is_number(value),
        Kind::Flag => value.is_bool(),
        Kind::Wholes => all(&whole),
        Kind::OneOf(names) => among(names, value),
        Kind::SomeOf(names) => all(&|value| among(names, value)),
        Kind::Source => among(&Source::ALL.map(Source::name), value),
        Kind::OptionalSource => value.as_str() == Some("") || among(&Source::ALL.map(Source::name), value),
        Kind::Arms => all(&|value| among(&Arm::ALL.map(Arm::name), value)),
        Kind::WholesByArm => value.as_table().is_some_and(|table| table.values().all(|value| all_of(value, &whole))),
        Kind::Statistic => value.is_str() || all(&is_number),
        Kind::Pair => all(&is_number) && value.as_array().is_some_and(|list| list.len() == 2),
    }
}

/// Removes from a file's table what overrides take the place of: a length in the other unit, and the keys of a policy
/// that is no longer the file's. An override cannot remove a key, so that it could not be given else.
pub(super) fn make_room(table: &mut toml::Table, overrides: &[String]) {
    make_room_in_protocol(table, overrides);
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

/// The same of `[protocol]`: the n of single arms where every arm has others now or the experiment no longer has the
/// arm, and evaluations on images that are no longer held out.
fn make_room_in_protocol(table: &mut toml::Table, overrides: &[String]) {
    let Some(toml::Value::Table(protocol)) = table.get_mut("protocol") else { return };
    for (key, value) in overrides.iter().filter_map(|assignment| assignment.split_once('=')) {
        let key = key.trim();
        if key == "protocol.layers" {
            protocol.remove("layers_of");
        }
        // Without held-out images there is nothing to look for a plateau on.
        if key == "data.held_out_per_class" && value.trim() == "0" {
            protocol.remove("held_out_evaluations");
        }
        if let ("protocol.arms", toml::Value::Array(arms)) = (key, value_of(key, value))
            && let Some(toml::Value::Table(layers_of)) = protocol.get_mut("layers_of")
        {
            layers_of.retain(|name, _| arms.iter().any(|arm| arm.as_str() == Some(name)));
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
    // Names of arms may stand in quotes, as in a file: `protocol.layers_of."BnB+"`.
    let mut parts = key.trim().split('.').map(|part| part.trim_matches('"')).peekable();
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
    let key = key.trim();
    let arm = key.strip_prefix(BY_ARM).and_then(|rest| rest.strip_prefix('.'));
    let text = match arm.filter(|arm| !arm.contains('"')) {
        Some(arm) => format!("{BY_ARM}.{arm:?} = 0"),
        None => format!("{key} = 0"),
    };
    let reason = || format!("{assignment:?} does not begin with a key");
    let table = text.parse().map_err(|_| ProtocolError::Experiment { origin: "--set".into(), reason: reason() })?;
    Ok(Box::new(table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::key_list::Usual;

    fn path_of(assignment: &str) -> String {
        let mut table = toml::Table::new();
        set(&mut table, assignment).unwrap();
        table["data"]["path"].as_str().unwrap().to_string()
    }

    #[test]
    fn the_nearest_key_is_found_by_the_whole_name_or_by_its_last_part() {
        for (name, expected) in [
            ("max_iter", "solver.max_iter"),
            ("solver.maxiter", "solver.max_iter"),
            ("layers", "protocol.layers"),
            ("protocol.batch_size", "solver.batch_size"),
            ("nam", "name"),
            ("data.pth", "data.path"),
            ("arms", "protocol.arms"),
        ] {
            assert_eq!(nearest(name), expected, "{name}");
        }
    }

    #[test]
    fn every_example_and_default_is_of_its_keys_type() {
        for key in &KEYS {
            let texts = [Some(key.example), if let Usual::Put(text) = key.usual { Some(text) } else { None }];
            for text in texts.into_iter().flatten().filter(|text| !text.is_empty()) {
                let value: toml::Value = format!("v = {text}").parse::<toml::Table>().unwrap().remove("v").unwrap();
                assert!(fits(key.kind, &value), "{}: {text}", key.name);
            }
        }
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
