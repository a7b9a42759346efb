//! One folder: `attributes.json` and the arrays that it names.

use super::{npy::Array, skipped};
use serde_json::{Map, Value};
use std::{cell::RefCell, collections::BTreeSet, fs, path::Path};
use strata::ops::OpsError;

/// Why a case ends without a verdict on its numbers.
#[derive(Debug)]
pub enum Stop {
    /// Not offered, by an entry of the table.
    Skip(&'static skipped::Skip),
    /// Wrong, or not understood.
    Fail(String),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Stop::Fail(message)
    }
}

impl From<&str> for Stop {
    fn from(message: &str) -> Self {
        Stop::Fail(message.into())
    }
}

impl From<OpsError> for Stop {
    fn from(error: OpsError) -> Self {
        Stop::Fail(error.to_string())
    }
}

/// Ends a case by an entry of the table.
pub fn skip(name: &str) -> Stop {
    skipped::entry(name)
        .map_or_else(|| Stop::Fail(format!("{name:?} is not in the table of what is skipped")), Stop::Skip)
}

/// The attributes of a case. What is never asked for was not understood, and fails the case.
#[derive(Debug, Default)]
pub struct Attributes {
    values: Map<String, Value>,
    asked: RefCell<BTreeSet<String>>,
}

impl Attributes {
    /// An attribute, if it is set.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.values.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(&self, name: &str, what: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, Stop> {
        let Some(value) = self.get(name) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| Stop::Fail(format!("attribute {name} is {value}, expected {what}")))
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<Option<i64>, Stop> {
        self.typed(name, "a whole number", Value::as_i64)
    }

    /// A number.
    pub fn float(&self, name: &str) -> Result<Option<f64>, Stop> {
        self.typed(name, "a number", Value::as_f64)
    }

    /// Yes or no, as a truth value or as 0 or 1.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Stop> {
        let read = |v: &Value| v.as_bool().or_else(|| v.as_i64().filter(|i| [0, 1].contains(i)).map(|i| i == 1));
        self.typed(name, "yes or no", read)
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<String>, Stop> {
        self.typed(name, "a text", |v| v.as_str().map(str::to_owned))
    }

    /// Whole numbers, none negative.
    pub fn sizes(&self, name: &str) -> Result<Option<Vec<usize>>, Stop> {
        let read = |v: &Value| v.as_array()?.iter().map(|v| v.as_u64().map(|v| v as usize)).collect();
        self.typed(name, "a list of sizes", read)
    }

    /// Numbers.
    pub fn floats(&self, name: &str) -> Result<Option<Vec<f64>>, Stop> {
        self.typed(name, "a list of numbers", |v| v.as_array()?.iter().map(Value::as_f64).collect())
    }

    /// The attributes within an attribute.
    pub fn inner(&self, name: &str) -> Result<Attributes, Stop> {
        let values = self.typed(name, "a group of attributes", |v| v.as_object().cloned())?;
        let values = values.ok_or_else(|| Stop::Fail(format!("attribute {name} is missing")))?;
        Ok(Attributes { values, asked: RefCell::default() })
    }

    /// Texts.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Stop> {
        let read = |v: &Value| v.as_array()?.iter().map(|v| v.as_str().map(str::to_owned)).collect();
        self.typed(name, "a list of texts", read)
    }

    /// The groups of attributes in a list.
    pub fn list(&self, name: &str) -> Result<Vec<Attributes>, Stop> {
        let read = |v: &Value| v.as_array()?.iter().map(|v| v.as_object().cloned()).collect::<Option<Vec<_>>>();
        let groups = self.typed(name, "a list of groups of attributes", read)?;
        let groups = groups.ok_or_else(|| Stop::Fail(format!("attribute {name} is missing")))?;
        Ok(groups.into_iter().map(|values| Attributes { values, asked: RefCell::default() }).collect())
    }

    /// Fails where an attribute has another value than the only one that is understood.
    pub fn must_be(&self, name: &str, value: &str) -> Result<(), Stop> {
        match self.text(name)? {
            Some(text) if text != value => Err(format!("attribute {name} is {text:?}, understood is {value:?}").into()),
            _ => Ok(()),
        }
    }

    /// Fails where an attribute was never asked for.
    pub fn all_understood(&self) -> Result<(), Stop> {
        let asked = self.asked.borrow();
        match self.values.keys().find(|key| !asked.contains(*key)) {
            Some(key) => Err(format!("attribute {key} is not understood").into()),
            None => Ok(()),
        }
    }
}

/// An array of a case.
#[derive(Debug)]
pub struct Named {
    pub name: String,
    pub slot: usize,
    pub array: Array,
    pub bound: Option<Array>,
}

/// A case.
#[derive(Debug)]
pub struct Case {
    pub op: String,
    pub opset: Option<i64>,
    pub note: String,
    pub attributes: Attributes,
    pub inputs: Vec<Named>,
    pub outputs: Vec<Named>,
    pub rtol: Option<f64>,
    pub atol: Option<f64>,
    used: RefCell<BTreeSet<usize>>,
}

impl Case {
    /// Reads a folder.
    pub fn read(folder: &Path) -> Result<Self, Stop> {
        let path = folder.join("attributes.json");
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let json: Value = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        let op = json["op"].as_str().ok_or("attributes.json has no op")?.to_owned();
        let values = json["attributes"].as_object().cloned().ok_or("attributes.json has no attributes")?;
        Ok(Self {
            op,
            opset: json["opset"]["ai.onnx"].as_i64(),
            note: json["note"].as_str().unwrap_or_default().to_owned(),
            attributes: Attributes { values, asked: RefCell::default() },
            inputs: arrays(folder, &json["inputs"])?,
            outputs: arrays(folder, &json["outputs"])?,
            rtol: json["rtol"].as_f64(),
            atol: json["atol"].as_f64(),
            used: RefCell::default(),
        })
    }

    fn used(&self, index: usize) -> &Array {
        self.used.borrow_mut().insert(index);
        &self.inputs[index].array
    }

    /// The input of a name, if there is one.
    pub fn input(&self, name: &str) -> Option<&Array> {
        self.inputs.iter().position(|input| input.name == name).map(|index| self.used(index))
    }

    /// The input of a name.
    pub fn given(&self, name: &str) -> Result<&Array, Stop> {
        self.input(name).ok_or_else(|| Stop::Fail(format!("the case has no input {name}")))
    }

    /// The input of a slot, if there is one.
    pub fn slot(&self, slot: usize) -> Option<&Array> {
        self.inputs.iter().position(|input| input.slot == slot).map(|index| self.used(index))
    }

    /// The input of a slot.
    pub fn required(&self, slot: usize) -> Result<&Array, Stop> {
        self.slot(slot).ok_or_else(|| Stop::Fail(format!("the case has no input {slot}")))
    }

    /// Fails where an attribute or an input was never asked for.
    pub fn all_understood(&self) -> Result<(), Stop> {
        let used = self.used.borrow();
        if let Some(index) = (0..self.inputs.len()).find(|index| !used.contains(index)) {
            return Err(format!("input {} is not understood", self.inputs[index].name).into());
        }
        self.attributes.all_understood()
    }
}

fn arrays(folder: &Path, list: &Value) -> Result<Vec<Named>, Stop> {
    let list = list.as_array().ok_or("attributes.json has no list of inputs or outputs")?;
    list.iter().enumerate().map(|(place, entry)| array(folder, place, entry)).collect()
}

fn array(folder: &Path, place: usize, entry: &Value) -> Result<Named, Stop> {
    let name = entry["name"].as_str().ok_or("an array has no name")?.to_owned();
    let file = entry["file_f64"].as_str().or(entry["file"].as_str()).ok_or(format!("{name} has no file"))?;
    let array = Array::read(&folder.join(file))?;
    let stated: Option<Vec<usize>> =
        entry["shape"].as_array().map(|s| s.iter().filter_map(Value::as_u64).map(|v| v as usize).collect());
    if stated.is_some_and(|stated| stated != array.shape) {
        return Err(format!("{file} has shape {:?}, attributes.json says {}", array.shape, entry["shape"]).into());
    }
    if entry["dtype"].as_str().is_some_and(|dtype| dtype != array.dtype()) {
        return Err(format!("{file} holds {}, attributes.json says {}", array.dtype(), entry["dtype"]).into());
    }
    let bound = entry["file_bound"].as_str().map(|file| Array::read(&folder.join(file))).transpose()?;
    if bound.as_ref().is_some_and(|bound| bound.shape != array.shape) {
        return Err(format!("the bound of {name} has another shape").into());
    }
    Ok(Named { name, slot: entry["slot"].as_u64().map_or(place, |slot| slot as usize), array, bound })
}
