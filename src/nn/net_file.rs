//! Net files: a net as TOML, read under limits and written back in one way only.
//!
//! They are untrusted input: a file may be refused, but never makes a net whose sizes overflow or fill the memory.
//! `docs/nets.md` is the description for users.

use super::{
    Filler, Init, Kind, Layer, NetDef, NnError,
    def::{DECAY_MULT, LR_MULT, RESERVED},
    graph::Graph,
    keys::{self, nearest},
};
use crate::host::{bounded, digest};
use serde::{Deserialize, Serialize};
use std::path::Path;
use toml::{Table, Value};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;
/// The most layers of a net.
pub const MAX_LAYERS: usize = 2000;
/// The largest whole number of a file: of channels, features, sides and paddings.
pub const MAX_NUMBER: i64 = 1 << 16;
/// The longest name.
const MAX_NAME: usize = 64;

/// What every layer of a file may have.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    /// Letters, digits, `_`, `-` and `.`.
    name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    block: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    init: Option<Filler>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    init_bias: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lr_mult: Option<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decay_mult: Option<[f64; 2]>,
}

/// Reads a file.
///
/// # Errors
/// A file that cannot be read; those of [`parse`].
pub fn read(path: &Path) -> Result<NetDef, NnError> {
    let text = bounded::read_text(path, MAX_BYTES).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => {
            let reason =
                "there is no such net file; a path in an experiment is relative to the experiment's file".into();
            NnError::File { origin: path.display().to_string(), reason }
        }
        _ => NnError::Io { path: path.into(), source },
    })?;
    parse(&path.display().to_string(), &text)
}

/// Reads a net; `origin` names it in messages.
///
/// # Errors
/// [`NnError::File`]: text that is not TOML, keys and types that do not exist, with the nearest valid ones, and values
/// out of their limits. Names, shapes and blocks that do not fit, as [`super::Net::build`] and [`NetDef::blocks`]
/// report them; a layer that nothing reads.
pub fn parse(origin: &str, text: &str) -> Result<NetDef, NnError> {
    let refuse = |reason: String| NnError::File { origin: origin.into(), reason };
    if text.len() as u64 > MAX_BYTES {
        return Err(refuse(format!("has {} bytes, above the limit of {MAX_BYTES}", text.len())));
    }
    let mut table: Table = text.parse().map_err(|e: toml::de::Error| refuse(e.to_string()))?;
    const KEYS: [&str; 3] = ["name", "input", "layer"];
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let nearest = nearest(key, KEYS.into_iter());
        return Err(refuse(format!("unknown key {key:?}; the nearest valid key is {nearest:?}")));
    }
    let mut take = |key: &str| table.remove(key).ok_or_else(|| refuse(format!("the key {key:?} is missing")));
    let (name, input, layers) = (take("name")?, take("input")?, take("layer")?);
    let name: String = name.try_into().map_err(|_| refuse("name: expected a text".into()))?;
    check_name(&name).map_err(|e| refuse(format!("name: {e}")))?;
    let input: [usize; 3] =
        input.try_into().map_err(|_| refuse("input: expected three numbers: channels, height and width".into()))?;
    if input.iter().any(|&side| side == 0 || side as i64 > MAX_NUMBER) {
        return Err(refuse(format!("input: is {input:?}, expected numbers from 1 to {MAX_NUMBER}")));
    }
    if input[1] != input[2] {
        return Err(refuse(format!(
            "input: is {input:?}, expected equal height and width: images are cropped to squares"
        )));
    }
    let layers: Vec<Table> =
        layers.try_into().map_err(|_| refuse("layer: expected tables that begin with [[layer]]".into()))?;
    if layers.is_empty() || layers.len() > MAX_LAYERS {
        return Err(refuse(format!("has {} layers, expected 1 to {MAX_LAYERS}", layers.len())));
    }
    let named = |(place, table): (usize, Table)| {
        let name = table.get("name").and_then(Value::as_str).map_or(String::new(), |name| format!(" ({name:?})"));
        layer(table).map_err(|reason| refuse(format!("layer {}{name}: {reason}", place + 1)))
    };
    let layers = layers.into_iter().enumerate().map(named).collect::<Result<_, _>>()?;
    let def = NetDef { name, input, layers };
    check(&def)?;
    Ok(def)
}

/// Reads one layer, or says what is wrong with it.
fn layer(mut table: Table) -> Result<Layer, String> {
    let kind = table.get("type").ok_or("the key \"type\" is missing")?;
    let kind = kind.as_str().ok_or("type: expected a text")?.to_string();
    let Some(own) = Kind::keys(&kind) else {
        let nearest = nearest(&kind, Kind::TYPES.iter().copied());
        return Err(format!("unknown type {kind:?}; the nearest valid type is {nearest:?}"));
    };
    let common = keys::of::<Common>();
    let valid = || common.iter().chain(own).copied().chain(["type"]);
    if let Some(key) = table.keys().find(|key| !valid().any(|valid| valid == key.as_str())) {
        let nearest = nearest(key, valid());
        return Err(format!("unknown key {key:?} of a {kind} layer; the nearest valid key is {nearest:?}"));
    }
    for (key, value) in &table {
        numbers(value).map_err(|reason| format!("{key}: {reason}"))?;
    }
    let mut shared = Table::new();
    for key in common {
        shared.extend(table.remove_entry(*key));
    }
    let shared: Common = shared.try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
    check_name(&shared.name)?;
    if RESERVED.contains(&shared.name.as_str()) {
        return Err(format!("{:?} cannot be the name of a layer: every net has one of that name", shared.name));
    }
    let kind: Kind = Value::Table(table).try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
    let of_weights = [
        ("init", shared.init.is_some()),
        ("init_bias", shared.init_bias.is_some()),
        ("lr_mult", shared.lr_mult.is_some()),
        ("decay_mult", shared.decay_mult.is_some()),
    ];
    match (kind.layer().has_params(), kind.layer().is_filled()) {
        (_, true) if shared.init.is_none() => {
            return Err("the key \"init\" is missing: \"he\", or { gaussian = DEVIATION }".into());
        }
        (true, true) => {}
        (true, false) => {
            if let Some((key, _)) = of_weights[..2].iter().find(|(_, given)| *given) {
                let kind = kind.type_name();
                return Err(format!("{key}: no filler draws the weights of a {kind} layer; remove it"));
            }
        }
        (false, _) => {
            if let Some((key, _)) = of_weights.into_iter().find(|(_, given)| *given) {
                return Err(format!("{key}: a {} layer has no weights; remove it", kind.type_name()));
            }
        }
    }
    let init = shared.init.map(|weight| Init { weight, bias: shared.init_bias.unwrap_or(0.0) });
    Ok(Layer {
        name: shared.name,
        kind,
        inputs: shared.inputs,
        block: shared.block,
        init,
        trainable: true,
        lr_mult: shared.lr_mult.unwrap_or(LR_MULT),
        decay_mult: shared.decay_mult.unwrap_or(DECAY_MULT),
    })
}

/// Whether all numbers of a value are finite and within the limits.
fn numbers(value: &Value) -> Result<(), String> {
    match value {
        Value::Integer(number) if !(0..=MAX_NUMBER).contains(number) => {
            Err(format!("is {number}, expected 0 to {MAX_NUMBER}"))
        }
        Value::Float(number) if !number.is_finite() || number.abs() > 1e6 => {
            Err(format!("is {number}, expected a number from -1e6 to 1e6"))
        }
        Value::Array(values) => values.iter().try_for_each(numbers),
        Value::Table(table) => table.values().try_for_each(numbers),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(valid) || name.starts_with('.') {
        let expected = "1 to 64 letters, digits, '_', '-' and '.', not beginning with '.'";
        return Err(format!("{name:?} is not a valid name, expected {expected}"));
    }
    Ok(())
}

/// Whether a net makes sense as a whole.
fn check(def: &NetDef) -> Result<(), NnError> {
    let graph = Graph::of(def, 1)?;
    let inner = &graph.values[1..graph.values.len() - 1];
    if let Some(value) = inner.iter().find(|value| value.readers.is_empty()) {
        return Err(NnError::Unread { net: def.name.clone(), layer: value.name.into() });
    }
    def.blocks()?;
    Ok(())
}

impl NetDef {
    fn table(&self) -> Table {
        let layer = |layer: &Layer| {
            let common = Common {
                name: layer.name.clone(),
                inputs: layer.inputs.clone(),
                block: layer.block,
                init: layer.init.map(|init| init.weight),
                init_bias: layer.init.map(|init| init.bias).filter(|bias| *bias != 0.0),
                lr_mult: Some(layer.lr_mult).filter(|mult| layer.has_params() && *mult != LR_MULT),
                decay_mult: Some(layer.decay_mult).filter(|mult| layer.has_params() && *mult != DECAY_MULT),
            };
            // Plain structs of numbers and texts always become tables.
            let mut table = Table::try_from(common).unwrap_or_default();
            table.extend(Table::try_from(&layer.kind).unwrap_or_default());
            Value::Table(table)
        };
        let mut table = Table::new();
        table.insert("name".into(), Value::String(self.name.clone()));
        table.insert("input".into(), Value::Array(self.input.map(|side| Value::Integer(side as i64)).into()));
        table.insert("layer".into(), Value::Array(self.layers.iter().map(layer).collect()));
        table
    }

    /// The net as a file: what [`parse`] reads back, without comments.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.table()).unwrap_or_default()
    }

    /// The digest of the description, apart from how many classes it ends in, which a data set decides.
    pub fn digest(&self) -> String {
        let of = |def: &Self| digest::hex(serde_json::to_string(&def.table()).unwrap_or_default().as_bytes());
        self.clone().with_classes(1).map_or_else(|_| of(self), |def| of(&def))
    }
}
