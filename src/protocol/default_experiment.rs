//! The default experiment with overrides, for the tests of this room.

use super::Experiment;

/// The built-in experiment `default` with `key=value` overrides.
pub fn experiment(overrides: &[&str]) -> Experiment {
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    Experiment::find("default", &overrides).unwrap()
}
