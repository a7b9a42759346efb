//! Lengths of a schedule in epochs, which become steps once the number of training images is known.
//!
//! e epochs are the first step after which every image was seen e times: `ceil(e * images / batch_size)`. Batches go on
//! from one epoch into the next, so that no step is smaller than the others.

use super::ProtocolError;
use toml::{Table, Value};

/// The keys of `[solver]` that hold steps, and those that hold the same in epochs.
pub(super) const KEYS: [[&str; 2]; 4] = [
    ["solver.max_iter", "solver.max_epochs"],
    ["solver.stepsize", "solver.stepsize_epochs"],
    ["solver.stepvalue", "solver.stepvalue_epochs"],
    ["solver.warmup_iter", "solver.warmup_epochs"],
];

/// One length, taken out of a table.
#[derive(Clone, Debug, PartialEq)]
struct Length {
    in_steps: &'static str,
    in_epochs: &'static str,
    epochs: Vec<u32>,
    is_list: bool,
}

/// The lengths of an experiment that are given in epochs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lengths(Vec<Length>);

/// A key without its table's name.
pub(super) fn in_table(key: &'static str) -> &'static str {
    key.strip_prefix("solver.").unwrap_or(key)
}

impl Lengths {
    /// Takes the lengths in epochs out of a table.
    ///
    /// # Errors
    /// A length that is given twice, or whose epochs are no whole numbers above 0; no length of the whole.
    pub fn take(experiment: &str, table: &mut Table) -> Result<Self, ProtocolError> {
        let bad = |key, expected: String, got: String| {
            Err(ProtocolError::Value { experiment: experiment.into(), key, expected, got })
        };
        let Some(Value::Table(solver)) = table.get_mut("solver") else { return Ok(Self(Vec::new())) };
        let mut lengths = Vec::new();
        for [in_steps, in_epochs] in KEYS {
            let there = solver.contains_key(in_table(in_steps));
            let Some(value) = solver.remove(in_table(in_epochs)) else {
                if !there && in_steps == KEYS[0][0] {
                    return bad(in_steps, format!("a number of steps, or {in_epochs} in its place"), "missing".into());
                }
                continue;
            };
            if there {
                return bad(
                    in_epochs,
                    format!("left out where {in_steps} is given: exactly one of the two"),
                    value.to_string(),
                );
            }
            let (values, is_list) = match &value {
                Value::Array(values) => (&values[..], true),
                value => (std::slice::from_ref(value), false),
            };
            let whole = |value: &Value| value.as_integer().and_then(|e| u32::try_from(e).ok()).filter(|&e| e > 0);
            let epochs: Option<Vec<u32>> = values.iter().map(whole).collect();
            match epochs.filter(|_| is_list == (in_steps == "solver.stepvalue")) {
                Some(epochs) => lengths.push(Length { in_steps, in_epochs, epochs, is_list }),
                None if in_steps == "solver.stepvalue" => {
                    return bad(in_epochs, "a list of whole numbers above 0".into(), value.to_string());
                }
                None => return bad(in_epochs, "a whole number above 0".into(), value.to_string()),
            }
        }
        Ok(Self(lengths))
    }

    /// The first key in epochs and its value; none where all lengths are in steps.
    pub fn first(&self) -> Option<(&'static str, String)> {
        self.0.first().map(|length| {
            let words: Vec<String> = length.epochs.iter().map(u32::to_string).collect();
            (length.in_epochs, words.join(", "))
        })
    }

    /// Puts steps in their place, of `batch_size` images each, where an epoch has so many images.
    pub fn put(&self, table: &mut Table, images: usize, batch_size: usize) {
        let Some(Value::Table(solver)) = table.get_mut("solver") else { return };
        let steps = |&epochs: &u32| {
            let seen = u128::from(epochs) * images as u128;
            Value::Integer(i64::try_from(seen.div_ceil(batch_size.max(1) as u128)).unwrap_or(i64::MAX))
        };
        for length in &self.0 {
            let mut values: Vec<Value> = length.epochs.iter().map(steps).collect();
            let value = if length.is_list { Value::Array(values) } else { values.remove(0) };
            solver.insert(in_table(length.in_steps).into(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> Result<(Lengths, Table), ProtocolError> {
        let mut table: Table = format!("[solver]\n{text}").parse().unwrap();
        Ok((Lengths::take("x", &mut table)?, table))
    }

    #[test]
    fn epochs_become_the_steps_after_which_every_image_was_seen_as_often() {
        let (lengths, mut table) = taken("max_epochs = 3\nstepvalue_epochs = [1, 2]\nwarmup_epochs = 1").unwrap();
        assert_eq!(lengths.first().unwrap(), ("solver.max_epochs", "3".to_string()));
        // 50 images in batches of 16: 3.125, 6.25 and 9.375 steps.
        lengths.put(&mut table, 50, 16);
        let expected: Table = "[solver]\nmax_iter = 10\nstepvalue = [4, 7]\nwarmup_iter = 4".parse().unwrap();
        assert_eq!(table, expected);
        lengths.put(&mut table, 48, 16);
        assert_eq!(table["solver"]["max_iter"], Value::Integer(9));
    }

    #[test]
    fn steps_stay_as_they_are() {
        let (lengths, mut table) = taken("max_iter = 7\nstepsize = 3").unwrap();
        assert!(lengths.first().is_none());
        let before = table.clone();
        lengths.put(&mut table, 50, 16);
        assert_eq!(table, before);
    }

    #[test]
    fn a_length_is_given_once_and_in_whole_numbers_above_0() {
        for (text, key) in [
            ("max_iter = 3\nmax_epochs = 3", "solver.max_epochs"),
            ("max_epochs = 0", "solver.max_epochs"),
            ("max_epochs = 1.5", "solver.max_epochs"),
            ("max_epochs = [3]", "solver.max_epochs"),
            ("max_epochs = 3\nstepvalue_epochs = 3", "solver.stepvalue_epochs"),
            ("max_epochs = 3\nstepsize = 3\nstepsize_epochs = 3", "solver.stepsize_epochs"),
            ("stepsize = 3", "solver.max_iter"),
        ] {
            let error = taken(text).unwrap_err();
            assert!(matches!(&error, ProtocolError::Value { key: of, .. } if *of == key), "{text}: {error}");
        }
    }
}
