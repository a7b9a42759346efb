//! The plan of an experiment: every network, and which it derives from.

use super::{Arm, Experiment, Half, ProtocolError, RunDir};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What a network is within its experiment: everything but its name and what follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeKind {
    /// The arm.
    pub arm: Arm,
    /// Layers copied or random; none for a base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<usize>,
    /// The seed of the split.
    pub split: u32,
    /// The replicate.
    pub replicate: u32,
    /// The half it is trained and tested on.
    pub target: Half,
    /// Training images of each class, where they are fewer than the experiment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_size: Option<usize>,
}

/// One network of the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// The name: split, replicate, images of each class where they are reduced, and network, such as `s0-r0-A3B+`
    /// and `s0-r0-k50-A3B+`.
    pub name: String,
    /// The arm.
    pub arm: Arm,
    /// Layers copied or random; none for a base.
    pub n: Option<usize>,
    /// The networks that must be trained first.
    pub parents: Vec<String>,
    /// The seed of the split.
    pub split: u32,
    /// The replicate.
    pub replicate: u32,
    /// The half it is trained and tested on.
    pub target: Half,
    /// The half whose base it derives from.
    pub source: Option<Half>,
    /// Training images of each class, where they are fewer than the experiment's.
    pub train_size: Option<usize>,
}

impl Node {
    /// The network of a kind: its name, source and parents follow.
    ///
    /// On a reduced target set, what derives from its own half derives from the base of the same reduced set; what
    /// derives from the other half, from that half's full base: what is scarce is the target.
    pub fn of(kind: NodeKind) -> Self {
        let NodeKind { arm, n, split, replicate, target, train_size } = kind;
        let name = |arm: Arm, target, n, size: Option<usize>| {
            let size = size.map_or(String::new(), |k| format!("k{k}-"));
            format!("s{split}-r{replicate}-{size}{}", arm.network(target, n))
        };
        let source = arm.source(target);
        let parent = |half| name(Arm::Base, half, 0, train_size.filter(|_| half == target));
        let parents = source.map(parent).into_iter().collect();
        let name = name(arm, target, n.unwrap_or(0), train_size);
        Self { name, arm, n, parents, split, replicate, target, source, train_size }
    }

    /// What the network is.
    pub const fn kind(&self) -> NodeKind {
        let Self { arm, n, split, replicate, target, train_size, .. } = *self;
        NodeKind { arm, n, split, replicate, target, train_size }
    }
}

/// All networks of an experiment, parents before children.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The networks.
    pub nodes: Vec<Node>,
}

impl Plan {
    /// The plan of an experiment: on every split and replicate both bases, then every arm on both targets; then the
    /// same for each reduced set. Replicate r derives from the base of replicate r.
    pub fn of(experiment: &Experiment) -> Self {
        let protocol = &experiment.protocol;
        let sizes: Vec<Option<usize>> =
            [None].into_iter().chain(protocol.train_sizes.iter().copied().map(Some)).collect();
        let most = experiment.net.most_n();
        let mut nodes = Vec::new();
        for &split in &protocol.splits {
            for replicate in 0..protocol.replicates {
                for &train_size in &sizes {
                    let mut push = |arm: Arm, target: Half, n: Option<usize>| {
                        nodes.push(Node::of(NodeKind { arm, n, split, replicate, target, train_size }));
                    };
                    for target in [Half::A, Half::B] {
                        push(Arm::Base, target, None);
                    }
                    for &arm in protocol.arms.iter().filter(|&&arm| arm != Arm::Base) {
                        for target in [Half::A, Half::B] {
                            if !arm.has_n() {
                                push(arm, target, None);
                                continue;
                            }
                            let fits = |n: &&usize| experiment.copies(arm, **n, most);
                            protocol.layers.iter().filter(fits).for_each(|&n| push(arm, target, Some(n)));
                        }
                    }
                }
            }
        }
        Self { nodes }
    }

    /// The plan of an experiment, and behind it every other network that its directory holds: what earlier
    /// commands with other splits, replicates, arms or layers left there belongs to the same study.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn with_found(experiment: &Experiment, runs: &RunDir) -> Result<Self, ProtocolError> {
        let mut plan = Self::of(experiment);
        let planned: HashSet<String> = plan.nodes.iter().map(|node| node.name.clone()).collect();
        plan.nodes.extend(runs.found()?.into_iter().filter(|node| !planned.contains(&node.name)));
        Ok(plan)
    }

    /// The networks in an order in which those that share a frozen prefix follow each other, so that its activations
    /// need not be kept for long.
    pub fn in_sharing_order(&self) -> Vec<&Node> {
        let mut nodes: Vec<&Node> = self.nodes.iter().collect();
        nodes.sort_by_key(|node| {
            let shared = node.arm.freezes() && !node.arm.is_random();
            (node.split, node.replicate, node.train_size, node.n, node.target, node.source, !shared)
        });
        nodes
    }

    /// A network by its name.
    ///
    /// # Errors
    /// No such network, with the nearest name.
    pub fn node(&self, experiment: &str, name: &str) -> Result<&Node, ProtocolError> {
        self.nodes.iter().find(|node| node.name == name).ok_or_else(|| {
            let distance = |node: &&Node| strsim::damerau_levenshtein(&node.name, name);
            let nearest = self.nodes.iter().min_by_key(distance).map_or(String::new(), |node| node.name.clone());
            ProtocolError::UnknownNode { experiment: experiment.into(), node: name.into(), nearest }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(overrides: &[&str]) -> Plan {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        Plan::of(&Experiment::find("default", &overrides).unwrap())
    }

    fn names(plan: &Plan, arm: Arm) -> Vec<String> {
        plan.nodes.iter().filter(|node| node.arm == arm).map(|node| node.name.clone()).collect()
    }

    #[test]
    fn the_last_layer_is_preserved_for_its_own_half_and_for_the_other_where_outputs_are_fixed() {
        let arms = "protocol.arms=[\"BnB-preserve1\", \"BnB-preserve2\", \"AnB-preserve1\", \"AnB-preserve2\"]";
        let counts = |plan: &Plan| {
            let arms = [Arm::SelfferPreserve1, Arm::SelfferPreserve2, Arm::TransferPreserve1, Arm::TransferPreserve2];
            arms.map(|arm| names(plan, arm).len() / 4)
        };
        assert_eq!(counts(&plan(&[arms])), [7, 6, 6, 5]);
        assert_eq!(counts(&plan(&[arms, "net.outputs=10"])), [7, 6, 7, 6]);
    }

    #[test]
    fn networks_on_reduced_sets_derive_from_their_own_reduced_base_and_from_the_others_full_one() {
        let arms = "protocol.arms=[\"BnB\", \"AnB\", \"random-he\", \"random-moments\", \"restart\", \"AnB-probe\"]";
        let plan = plan(&["protocol.splits=[3]", "protocol.train_sizes=[10, 50]", arms]);
        assert_eq!(plan.nodes.len(), 3 * (2 + 2 + 5 * 2 * 7));
        let parents = |name: &str| plan.node("x", name).unwrap().parents.clone();
        assert_eq!(parents("s3-r0-k10-B3B"), ["s3-r0-k10-baseB"]);
        assert_eq!(parents("s3-r0-k10-A3B"), ["s3-r0-baseA"]);
        assert_eq!(parents("s3-r0-k50-A3B-probe"), ["s3-r0-baseA"]);
        assert_eq!(parents("s3-r0-k50-restartA"), ["s3-r0-k50-baseA"]);
        assert_eq!(parents("s3-r0-k50-random-moments3A"), ["s3-r0-k50-baseA"]);
        assert!(parents("s3-r0-k50-baseA").is_empty() && parents("s3-r0-k50-random-he3A").is_empty());
        // Parents come before children.
        for (place, node) in plan.nodes.iter().enumerate() {
            assert!(node.parents.iter().all(|name| plan.nodes[..place].iter().any(|other| other.name == *name)));
        }
    }

    #[test]
    fn a_network_is_found_again_from_what_its_manifest_keeps() {
        let plan = plan(&["protocol.train_sizes=[10]", "protocol.arms=[\"AnB-preserve1\", \"random-caffe\"]"]);
        for node in plan.nodes {
            let text = toml::to_string(&node.kind()).unwrap();
            assert_eq!(Node::of(toml::from_str(&text).unwrap()), node);
        }
    }
}
