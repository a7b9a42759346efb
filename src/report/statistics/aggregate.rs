//! From single observations to one value per cluster.

use std::collections::BTreeMap;

use super::mean;

/// One number with the keys by which it is averaged.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The cluster.
    pub split: String,
    /// The target within the cluster.
    pub target: String,
    /// Copied layers; 0 where there are none.
    pub n: u32,
    /// Name of the run the number belongs to.
    pub run: String,
    /// The number.
    pub value: f64,
}

/// One value per cluster, and how much stands behind them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clusters {
    /// The clusters' names and values, by name.
    pub values: Vec<(String, f64)>,
    /// Targets over all clusters.
    pub targets: usize,
    /// Observations over all targets.
    pub runs: usize,
}

/// Averages replicates within (split, target, n), then the n within a target, then the targets of a split.
///
/// Each step is an unweighted mean, so that a target with more replicates does not count for more.
#[must_use]
pub fn aggregate(observations: &[Observation]) -> Clusters {
    let mut tree: BTreeMap<&str, BTreeMap<&str, BTreeMap<u32, Vec<f64>>>> = BTreeMap::new();
    for o in observations {
        tree.entry(&o.split).or_default().entry(&o.target).or_default().entry(o.n).or_default().push(o.value);
    }
    let targets = tree.values().map(BTreeMap::len).sum();
    let values = tree.into_iter().filter_map(|(split, targets)| {
        let of_targets: Vec<f64> = targets
            .values()
            .filter_map(|by_n| mean(&by_n.values().filter_map(|replicates| mean(replicates)).collect::<Vec<_>>()))
            .collect();
        Some((split.to_string(), mean(&of_targets)?))
    });
    Clusters { values: values.collect(), targets, runs: observations.len() }
}

#[cfg(test)]
impl Observation {
    /// One observation a split, at one target and n.
    pub fn of_splits(values: &[f64]) -> Vec<Self> {
        let seen = |(i, &value): (usize, &f64)| Self {
            split: i.to_string(),
            target: "A".into(),
            n: 1,
            run: String::new(),
            value,
        };
        values.iter().enumerate().map(seen).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(split: &str, target: &str, value: f64) -> Observation {
        Observation { split: split.into(), target: target.into(), n: 3, run: String::new(), value }
    }

    #[test]
    fn replicates_count_once_per_target_and_targets_once_per_split() {
        let clusters =
            aggregate(&[seen("0", "A", 1.0), seen("0", "A", 3.0), seen("0", "B", 6.0), seen("1", "A", 10.0)]);
        assert_eq!(clusters.values, [("0".to_string(), 4.0), ("1".to_string(), 10.0)]);
        assert_eq!((clusters.targets, clusters.runs), (3, 4));
    }

    #[test]
    fn nothing_aggregates_to_no_clusters() {
        assert_eq!(aggregate(&[]), Clusters::default());
    }
}
