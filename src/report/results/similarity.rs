//! Linear centred kernel alignment between networks, averaged over splits like every other number.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{
    measured::{Estimator, Similarity},
    run::{Arm, Run},
    statistics::{Estimate, Observation, Sample, Unit, estimate},
    study::Study,
};

/// The similarity of two layers in one kind of pair.
#[derive(Clone, Debug, Serialize)]
pub struct SimilarityRow {
    /// What the pairs are, such as `bases of A and B`.
    pub pair: String,
    /// Layer of the first network.
    pub layer: String,
    /// Layer of the second.
    pub other_layer: String,
    /// The similarity, averaged by target and split.
    pub estimate: Estimate,
}

/// What the pairs of biased values end in: these are high for unlike layers where features outnumber images.
const BIASED: &str = ", biased";

/// What kind of pair two runs are; `None` for one that no row is made for.
fn pair(one: &Run, other: &Run) -> Option<String> {
    match (one.arm, other.arm) {
        (Arm::Base, Arm::Base) if one.target != other.target => Some("bases of A and B".to_string()),
        (Arm::Base, Arm::Base) => Some("bases of one half, two seeds".to_string()),
        (arm, Arm::Base) => Some(format!("{} before and after, n = {}", arm.name(), one.n?)),
        _ => None,
    }
}

/// One row for each kind of pair and each two layers that were compared; values that are not numbers are left out.
pub(super) fn rows(study: &Study) -> Vec<SimilarityRow> {
    let run = |name: &str| study.runs.iter().find(|run| run.name == name);
    let at = |name: &str| study.layers.iter().position(|layer| layer == name).unwrap_or(usize::MAX);
    // In order of n as a number: 10 comes after 9.
    let number = |run: &Run| run.n.unwrap_or(0);
    let kind = |pair: &str| pair.trim_end_matches(|c: char| c.is_ascii_digit()).to_string();
    let mut groups: BTreeMap<_, (String, &Similarity, Vec<Observation>)> = BTreeMap::new();
    for row in study.similarities.iter().filter(|row| row.value.is_finite()) {
        let (Some(one), Some(other)) = (run(&row.network), run(&row.other)) else { continue };
        let Some(mut pair) = pair(one, other) else { continue };
        if row.estimator == Estimator::Biased {
            pair.push_str(BIASED);
        }
        let (split, target) = (one.split.clone(), row.images.clone());
        let name = format!("{} and {}", row.network, row.other);
        let replicate = one.replicate;
        let seen = Observation { split, replicate, target, n: 0, run: name, value: row.value, at_chance: false };
        let key = (kind(&pair), number(one), at(&row.layer), at(&row.other_layer));
        groups.entry(key).or_insert_with(|| (pair, row, Vec::new())).2.push(seen);
    }
    let row = |(pair, row, seen): (String, &Similarity, Vec<Observation>)| {
        let (layer, other_layer) = (row.layer.clone(), row.other_layer.clone());
        Some(SimilarityRow { pair, layer, other_layer, estimate: estimate(&Sample { unit: Unit::Split, seen })? })
    };
    groups.into_values().filter_map(row).collect()
}
