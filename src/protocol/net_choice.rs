//! The net of an experiment: one that comes with strata, by name, or anyone's, by file.

use super::ProtocolError;
use crate::nn::{Block, NetDef, NnError, net_file, zoo};
use serde::{Deserialize, Serialize};
use std::path::Path;
use toml::{Table, Value};

/// The keys that each say which net it is.
const CHOICES: [&str; 3] = ["name", "file", "description"];

/// The net of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetChoice {
    /// The name of a net that comes with strata (`strata net list`); else that of the net of the file.
    #[serde(default)]
    pub name: String,
    /// A net file, relative to the experiment's; `--set net.file=FILE` is relative to the current directory. It is
    /// read once: a run directory keeps what it said as `net.description`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The text of a net file, in place of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// A weights file whose net and weights are the source: A of a study of distance, whose base is the file. Relative
    /// to the experiment's file, as `file` is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pretrained: String,
    /// The digest of that file when the experiment was resolved; not to be given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pretrained_digest: String,
    /// Outputs of the last layer; 0 means as many as the half has classes. The authors ran 1000 on every half.
    pub outputs: usize,
}

impl NetChoice {
    /// The net.
    ///
    /// # Errors
    /// A net that is missing or invalid.
    pub fn def(&self) -> Result<NetDef, NnError> {
        match self.description.is_empty() {
            true => zoo::named(&self.name),
            false => net_file::parse(&format!("net.description of {}", self.name), &self.description),
        }
    }

    /// The net's blocks, which n counts.
    ///
    /// # Errors
    /// As [`Self::def`].
    pub fn blocks(&self) -> Result<Vec<Block>, NnError> {
        self.def()?.blocks()
    }

    /// The largest n; 0 where the net is not there.
    pub fn most_n(&self) -> usize {
        self.def().map_or(0, |def| def.most_n())
    }

    /// The digest of the net's description, where networks' settings name it: not for a net that still is what it was
    /// while they named none.
    pub fn digest(&self) -> Option<String> {
        let def = self.def().ok()?;
        (!zoo::is_as_before_digests(&def)).then(|| def.digest())
    }
}

fn net_of(table: &mut Table) -> Option<&mut Table> {
    table.get_mut("net").and_then(Value::as_table_mut)
}

/// Takes away what an override of one choice replaces: the others.
pub(super) fn override_others(table: &mut Table, assignment: &str) {
    let key = assignment.split('=').next().unwrap_or_default().trim();
    let Some(chosen) = key.strip_prefix("net.").filter(|key| CHOICES.contains(key)) else { return };
    if let Some(net) = net_of(table) {
        CHOICES.iter().filter(|&&choice| choice != chosen).for_each(|choice| drop(net.remove(*choice)));
    }
}

/// Reads the net's file, and puts its text and name in the place of it.
///
/// # Errors
/// Two choices at once; a file that cannot be read or meant.
pub(super) fn resolve(table: &mut Table, experiment: &str) -> Result<(), ProtocolError> {
    let Some(net) = net_of(table) else { return Ok(()) };
    let text = |key: &str| net.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(String::from);
    let (name, file, description) = (text("name"), text("file"), text("description"));
    let refuse = |key, expected: &str, got: String| {
        let (experiment, expected) = (experiment.to_string(), expected.to_string());
        Err(ProtocolError::Value { experiment, key, expected, got })
    };
    let def = match (&file, &description) {
        (Some(_), Some(_)) => return refuse("net.file", "left out beside net.description", "there, too".into()),
        (Some(file), None) if name.is_some() => {
            return refuse("net.file", "left out beside net.name, or net.name left out", format!("{file:?}"));
        }
        (Some(file), None) => net_file::read(Path::new(file))?,
        (None, Some(text)) => net_file::parse("net.description", text)?,
        (None, None) if name.is_none() => {
            let known = zoo::names().collect::<Vec<_>>().join(", ");
            return refuse("net.name", &format!("one of {known}, or net.file"), "missing".into());
        }
        (None, None) => return Ok(()),
    };
    if let Some(name) = name.filter(|name| *name != def.name) {
        return refuse("net.name", &format!("{:?}, as its description says", def.name), format!("{name:?}"));
    }
    net.remove("file");
    net.insert("name".into(), Value::String(def.name.clone()));
    net.insert("description".into(), Value::String(def.to_toml()));
    Ok(())
}
