//! One network of a plan: what it is, and what follows from that.

use super::{Arm, Half, SourceTask, half_key::HalfKey};
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
    /// What A is, of a base on it and of what derives from that, where A is several things in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_task: Option<SourceTask>,
    /// Training images of each class, where they are fewer than the experiment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_size: Option<usize>,
    /// Which of several bases, restarts or bases of double length; 0 of all other networks.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub draw: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(draw: &u32) -> bool {
    *draw == 0
}

/// One network of the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// The name: split, replicate, what A is where it is several things in turn, images of each class where they are
    /// reduced, each draw after the first, and network: `s0-r0-A3B+`, `s0-r0-noise-A3B`, `s0-r0-k50-A3B+`,
    /// `s0-r0-d1-baseB`.
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
    /// What A is, of a base on it and of what derives from that, where A is several things in turn.
    pub source_task: Option<SourceTask>,
    /// Training images of each class, where they are fewer than the experiment's.
    pub train_size: Option<usize>,
    /// Which of several bases, restarts or bases of double length.
    pub draw: u32,
}

impl Node {
    /// The network of a kind: its name, source and parents follow.
    ///
    /// On a reduced target set, what derives from its own half derives from the base of the same reduced set; what
    /// derives from the other half, from that half's full base: what is scarce is the target. A restart derives from
    /// the base of its own draw.
    pub fn of(kind: NodeKind) -> Self {
        let NodeKind { arm, n, split, replicate, target, source_task, train_size, draw } = kind;
        let name = |arm: Arm, half, n, size: Option<usize>| {
            // A base on B has nothing to do with what A is.
            let task = source_task.filter(|_| arm != Arm::Base || half == Half::A);
            let task = task.map_or(String::new(), |task| format!("{}-", task.name()));
            let size = size.map_or(String::new(), |k| format!("k{k}-"));
            let draw = if draw == 0 { String::new() } else { format!("d{draw}-") };
            format!("s{split}-r{replicate}-{task}{size}{draw}{}", arm.network(half, n))
        };
        let source = arm.source(target);
        let parent = |half| name(Arm::Base, half, 0, train_size.filter(|_| half == target));
        let parents = source.map(parent).into_iter().collect();
        let name = name(arm, target, n.unwrap_or(0), train_size);
        Self { name, arm, n, parents, split, replicate, target, source, source_task, train_size, draw }
    }

    /// The name of the base on the same half, of the same replicate and training set: what a network is compared with.
    pub fn base_of(node: &Self) -> String {
        Self::of(NodeKind { arm: Arm::Base, n: None, draw: 0, ..node.kind() }).name
    }

    /// What the network is.
    pub const fn kind(&self) -> NodeKind {
        let Self { arm, n, split, replicate, target, source_task, train_size, draw, .. } = *self;
        NodeKind { arm, n, split, replicate, target, source_task, train_size, draw }
    }

    /// One of the halves of its split, as this network has to do with them.
    pub fn key_of(&self, half: Half) -> HalfKey {
        HalfKey { split: self.split, half, source_task: self.source_task.filter(|_| half == Half::A) }
    }
}
