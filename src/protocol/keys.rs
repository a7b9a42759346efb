//! The keys of an experiment file, and `--set key=value`.

use super::ProtocolError;

/// All keys of an experiment file, with dots between a table and its keys.
const KEYS: [&str; 46] = [
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
    "data.scale",
    "data.augmentation",
    "data.views",
    "net",
    "net.name",
    "net.outputs",
    "protocol",
    "protocol.split",
    "protocol.split_file",
    "protocol.classes_per_half",
    "protocol.splits",
    "protocol.replicates",
    "protocol.layers",
    "protocol.arms",
    "protocol.train_sizes",
    "protocol.train_sizes_of",
    "protocol.similarity_images",
    "protocol.evaluations",
    "protocol.checkpoint_every",
    "solver",
    "solver.base_lr",
    "solver.gamma",
    "solver.stepsize",
    "solver.max_iter",
    "solver.batch_size",
    "solver.batch_parts",
    "solver.momentum",
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

/// Applies one `key=value`; the value is read as TOML, and as a plain string where it is none.
///
/// # Errors
/// Text of another form, an unknown key.
pub(super) fn set(table: &mut toml::Table, assignment: &str) -> Result<(), ProtocolError> {
    let origin = || "--set".to_string();
    let Some((key, value)) = assignment.split_once('=') else {
        let reason = format!("{assignment:?} is not of the form key=value");
        return Err(ProtocolError::Experiment { origin: origin(), reason });
    };
    let parsed: Option<toml::Value> =
        format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
    let value = parsed.unwrap_or_else(|| toml::Value::String(value.into()));
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
