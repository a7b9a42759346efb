//! The plan of an experiment: every network, and which it derives from.

use super::{Arm, Experiment, Half, ProtocolError, RunDir};
use serde::{Deserialize, Serialize};

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
}

/// One network of the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// The name: split, replicate and network, such as `s0-r0-A3B+`.
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
    /// The half whose base gives its first layers.
    pub source: Option<Half>,
}

impl Node {
    /// The network of a kind: its name, source and parents follow.
    pub fn of(kind: NodeKind) -> Self {
        let NodeKind { arm, n, split, replicate, target } = kind;
        let name = |arm: Arm, target, n| format!("s{split}-r{replicate}-{}", arm.network(target, n));
        let source = arm.source(target);
        let parents = source.map(|half| name(Arm::Base, half, 0)).into_iter().collect();
        Self { name: name(arm, target, n.unwrap_or(0)), arm, n, parents, split, replicate, target, source }
    }

    /// What the network is.
    pub const fn kind(&self) -> NodeKind {
        NodeKind { arm: self.arm, n: self.n, split: self.split, replicate: self.replicate, target: self.target }
    }
}

/// All networks of an experiment, parents before children.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The networks.
    pub nodes: Vec<Node>,
}

impl Plan {
    /// The plan of an experiment: on every split and replicate both bases, then every arm on both targets.
    /// Replicate r derives from the base of replicate r.
    pub fn of(experiment: &Experiment) -> Self {
        let protocol = &experiment.protocol;
        let mut nodes = Vec::new();
        for &split in &protocol.splits {
            for replicate in 0..protocol.replicates {
                let mut push = |arm: Arm, target: Half, n: usize| {
                    let n = arm.has_n().then_some(n);
                    nodes.push(Node::of(NodeKind { arm, n, split, replicate, target }));
                };
                for target in [Half::A, Half::B] {
                    push(Arm::Base, target, 0);
                }
                for &arm in protocol.arms.iter().filter(|&&arm| arm != Arm::Base) {
                    for target in [Half::A, Half::B] {
                        let layers = if arm.has_n() { &protocol.layers[..] } else { &[0][..] };
                        layers.iter().for_each(|&n| push(arm, target, n));
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
        for node in runs.found()? {
            if !plan.nodes.iter().any(|planned| planned.name == node.name) {
                plan.nodes.push(node);
            }
        }
        Ok(plan)
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
