//! From single observations to one value per independent unit.

use std::collections::BTreeMap;

use serde::Serialize;

use super::mean;

/// What counts as an independent unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A random split of the classes: what follows holds for such splits.
    #[default]
    Split,
    /// A replicate on one fixed pair of tasks: what follows holds for that pair alone.
    Replicate,
}

impl Unit {
    /// The noun.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Replicate => "replicate",
        }
    }
}

/// One number with the keys by which it is averaged.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The class split.
    pub split: String,
    /// The seed replicate.
    pub replicate: u32,
    /// The target within the split.
    pub target: String,
    /// Copied layers; 0 where there are none.
    pub n: u32,
    /// Name of the run the number belongs to.
    pub run: String,
    /// The number.
    pub value: f64,
    /// Whether one of its runs ended at chance.
    pub at_chance: bool,
}

/// Observations, and what counts as a unit of them.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The independent unit.
    pub unit: Unit,
    /// The observations.
    pub seen: Vec<Observation>,
}

/// One value per unit, and how much they rest on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clusters {
    /// The units' names and values, by name.
    pub values: Vec<(String, f64)>,
    /// Targets over all splits.
    pub targets: usize,
    /// Observations over all targets.
    pub runs: usize,
}

impl Clusters {
    /// The values alone.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        self.values.iter().map(|(_, value)| *value).collect()
    }
}

/// The values of a unit: by split and target, then by n.
type OfUnit<'a> = BTreeMap<(&'a str, &'a str), BTreeMap<u32, Vec<f64>>>;

/// Averages replicates within (split, target, n), then the n within a target, then the targets of a split. Where
/// replicates are the units, the same within each replicate.
///
/// Each step is an unweighted mean, so that a target with more replicates does not count for more.
#[must_use]
pub fn aggregate(sample: &Sample) -> Clusters {
    let mut tree: BTreeMap<String, OfUnit<'_>> = BTreeMap::new();
    for o in &sample.seen {
        let unit = match sample.unit {
            Unit::Split => o.split.clone(),
            Unit::Replicate => o.replicate.to_string(),
        };
        let targets = tree.entry(unit).or_default();
        targets.entry((&o.split, &o.target)).or_default().entry(o.n).or_default().push(o.value);
    }
    let targets = tree.values().flat_map(BTreeMap::keys).collect::<std::collections::BTreeSet<_>>().len();
    let values = tree.into_iter().filter_map(|(unit, targets)| {
        let of_targets: Vec<f64> = targets
            .values()
            .filter_map(|by_n| mean(&by_n.values().filter_map(|replicates| mean(replicates)).collect::<Vec<_>>()))
            .collect();
        Some((unit, mean(&of_targets)?))
    });
    Clusters { values: values.collect(), targets, runs: sample.seen.len() }
}

impl Sample {
    /// One observation a unit, at one target and n.
    #[must_use]
    pub fn of_splits(values: &[f64]) -> Self {
        let seen = |(i, &value): (usize, &f64)| Observation {
            split: i.to_string(),
            replicate: 0,
            target: "A".into(),
            n: 1,
            run: String::new(),
            value,
            at_chance: false,
        };
        Self { unit: Unit::Split, seen: values.iter().enumerate().map(seen).collect() }
    }

    /// The mean of all observations, each counting once.
    #[must_use]
    pub fn pooled(&self) -> Option<f64> {
        mean(&self.seen.iter().map(|o| o.value).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(split: &str, target: &str, value: f64) -> Observation {
        let (split, target, run) = (split.into(), target.into(), String::new());
        Observation { split, replicate: 0, target, n: 3, run, value, at_chance: false }
    }

    fn of(unit: Unit, seen: Vec<Observation>) -> Clusters {
        aggregate(&Sample { unit, seen })
    }

    #[test]
    fn replicates_count_once_per_target_and_targets_once_per_split() {
        let seen = vec![seen("0", "A", 1.0), seen("0", "A", 3.0), seen("0", "B", 6.0), seen("1", "A", 10.0)];
        let clusters = of(Unit::Split, seen);
        assert_eq!(clusters.values, [("0".to_string(), 4.0), ("1".to_string(), 10.0)]);
        assert_eq!((clusters.targets, clusters.runs), (3, 4));
    }

    #[test]
    fn on_a_fixed_pair_each_replicate_is_a_unit_and_its_targets_are_averaged() {
        let on = |replicate, target, value| Observation { replicate, ..seen("0", target, value) };
        let seen = vec![on(0, "A", 1.0), on(0, "B", 2.0), on(1, "A", 5.0), on(1, "B", 6.0)];
        let clusters = of(Unit::Replicate, seen);
        assert_eq!(clusters.values, [("0".to_string(), 1.5), ("1".to_string(), 5.5)]);
        assert_eq!((clusters.targets, clusters.runs), (2, 4));
    }

    #[test]
    fn nothing_aggregates_to_no_units() {
        assert_eq!(of(Unit::Split, Vec::new()), Clusters::default());
    }
}
