//! The plan of an experiment: every network, and which it derives from.

use super::{Arm, Experiment, Half, Halving, Node, NodeKind, ProtocolError, RunDir, SourceTask, experiment::Protocol};
use std::collections::HashSet;

/// The halves that networks are compared on.
fn targets(protocol: &Protocol) -> &'static [Half] {
    if protocol.split == Halving::Distance { &[Half::B] } else { &[Half::A, Half::B] }
}

/// All networks of an experiment, parents before children.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The networks.
    pub nodes: Vec<Node>,
}

impl Plan {
    /// The plan of an experiment: on every split and replicate the bases, then every arm on both targets; then the
    /// same for each reduced set. Replicate r derives from the base of replicate r. In a study of distance all targets
    /// are B, there is a base of every source, and the arms that derive from A are there for each of them.
    pub fn of(experiment: &Experiment) -> Self {
        let protocol = &experiment.protocol;
        let sizes: Vec<Option<usize>> =
            [None].into_iter().chain(protocol.train_sizes.iter().copied().map(Some)).collect();
        let most = experiment.net.most_n();
        let mut nodes = Vec::new();
        for &split in &protocol.splits {
            for replicate in 0..protocol.replicates {
                let kind = |arm, target, source_task| NodeKind {
                    arm,
                    n: None,
                    split,
                    replicate,
                    target,
                    source_task,
                    train_size: None,
                    draw: 0,
                };
                let sources = protocol.sources.iter();
                nodes.extend(sources.map(|&task| Node::of(kind(Arm::Base, Half::A, Some(task)))));
                for &train_size in &sizes {
                    let arms =
                        [Arm::Base].into_iter().chain(protocol.arms.iter().copied().filter(|&arm| arm != Arm::Base));
                    for (arm, target) in arms.flat_map(|arm| targets(protocol).iter().map(move |&target| (arm, target)))
                    {
                        let from_a = target == Half::B && arm.source(target) == Some(Half::A);
                        let tasks: Vec<Option<SourceTask>> = match from_a && !protocol.sources.is_empty() {
                            true => protocol.sources.iter().copied().map(Some).collect(),
                            false => vec![None],
                        };
                        for task in tasks {
                            let kind = NodeKind { train_size, ..kind(arm, target, task) };
                            if arm.has_n() {
                                let ns = protocol.layers_of(arm).iter().filter(|&&n| experiment.copies(arm, n, most));
                                nodes.extend(ns.map(|&n| Node::of(NodeKind { n: Some(n), ..kind.clone() })));
                            } else {
                                let draws = 0..protocol.base_draws;
                                nodes.extend(draws.map(|draw| Node::of(NodeKind { draw, ..kind.clone() })));
                            }
                        }
                    }
                }
            }
        }
        Self { nodes }
    }

    /// The plan of an experiment, followed by every other network that its directory holds: what earlier
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
            let place = (node.split, node.replicate, node.train_size, node.n);
            (place, node.target, node.source, node.source_task, !shared)
        });
        nodes
    }

    /// A network by its name; `arguments` are those with which `strata plan` lists this plan.
    ///
    /// # Errors
    /// No such network, with the nearest name.
    pub fn node(&self, experiment: &str, arguments: &str, name: &str) -> Result<&Node, ProtocolError> {
        self.nodes.iter().find(|node| node.name == name).ok_or_else(|| {
            let distance = |node: &&Node| strsim::damerau_levenshtein(&node.name, name);
            let nearest = self.nodes.iter().min_by_key(distance).map_or(String::new(), |node| node.name.clone());
            let (experiment, arguments, node) = (experiment.into(), arguments.into(), name.into());
            ProtocolError::UnknownNode { experiment, arguments, node, nearest }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::default_experiment::experiment;

    fn plan(overrides: &[&str]) -> Plan {
        Plan::of(&experiment(overrides))
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
        let splits = "protocol.splits=[0, 1]";
        assert_eq!(counts(&plan(&[arms, splits])), [7, 6, 6, 5]);
        assert_eq!(counts(&plan(&[arms, splits, "net.outputs=10"])), [7, 6, 7, 6]);
    }

    #[test]
    fn networks_on_reduced_sets_derive_from_their_own_reduced_base_and_from_the_others_full_one() {
        let arms = "protocol.arms=[\"BnB\", \"AnB\", \"random-he\", \"random-moments\", \"restart\", \"AnB-probe\"]";
        let layers = "protocol.layers=[1, 2, 3, 4, 5, 6, 7]";
        let plan = plan(&["protocol.splits=[3]", "protocol.train_sizes=[10, 50]", layers, arms]);
        assert_eq!(plan.nodes.len(), 3 * (2 + 2 + 5 * 2 * 7));
        let parents = |name: &str| plan.node("x", "x", name).unwrap().parents.clone();
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
    fn draws_are_there_of_bases_and_of_what_has_no_n_and_everything_else_derives_from_the_first() {
        let arms = "protocol.arms=[\"BnB\", \"AnB\", \"continue\", \"restart\", \"base-2x\"]";
        let plan = plan(&["protocol.splits=[0]", "protocol.base_draws=3", "protocol.layers=[2]", arms]);
        assert_eq!(plan.nodes.len(), 2 * (3 * 3 + 3));
        let parents = |name: &str| plan.node("x", "x", name).unwrap().parents.clone();
        assert_eq!(parents("s0-r0-d2-restartB"), ["s0-r0-d2-baseB"]);
        assert_eq!(parents("s0-r0-restartB"), ["s0-r0-baseB"]);
        assert!(parents("s0-r0-d1-base-2xB").is_empty());
        for (name, parent) in [("A2B", "baseA"), ("B2B", "baseB"), ("continue2B", "baseB")] {
            assert_eq!(parents(&format!("s0-r0-{name}")), [format!("s0-r0-{parent}")]);
        }
    }

    fn ns(plan: &Plan, arm: Arm) -> Vec<usize> {
        let of_one = |node: &&Node| node.arm == arm && node.target == Half::B && node.split == 0;
        plan.nodes.iter().filter(of_one).filter_map(|node| node.n).collect()
    }

    #[test]
    fn an_arm_has_the_n_that_are_its_own_and_else_those_of_all() {
        let arms = "protocol.arms=[\"BnB\", \"AnB\", \"AnB+\"]";
        let own = ["protocol.layers=[1, 2, 3]", "protocol.layers_of.AnB+=[2]", "protocol.layers_of.\"BnB\"=[3, 1]"];
        let plan = plan(&[&own[..], &[arms]].concat());
        assert_eq!(
            [Arm::Selffer, Arm::Transfer, Arm::TransferPlus].map(|arm| ns(&plan, arm)),
            [vec![3, 1], vec![1, 2, 3], vec![2]]
        );
    }

    #[test]
    fn overrides_of_layers_and_arms_are_of_every_arm_also_of_one_with_n_of_its_own() {
        let text = include_str!("../../experiments/default.toml");
        assert!(text.contains("layers_of"), "the experiment has arms with n of their own");
        let layers = plan(&["protocol.layers=[2, 4]"]);
        assert_eq!([Arm::Transfer, Arm::TransferPlus].map(|arm| ns(&layers, arm)), [[2, 4], [2, 4]]);
        let arms = plan(&["protocol.arms=[\"AnB\"]"]);
        assert_eq!(ns(&arms, Arm::Transfer), [1, 2, 3, 4, 5, 6, 7]);
        assert!(arms.nodes.iter().all(|node| [Arm::Base, Arm::Transfer].contains(&node.arm)));
    }

    #[test]
    fn n_of_an_arm_that_has_none_is_not_there_or_goes_beyond_the_net_are_refused_with_what_is_valid() {
        let refused = |value: &str| {
            let arms = "protocol.arms=[\"BnB\", \"restart\"]".to_string();
            Experiment::find("default", &[arms, format!("protocol.layers_of={value}")]).unwrap_err().to_string()
        };
        for (value, words) in [
            ("{AnB=[1]}", ["\"AnB\"", "arms of protocol.arms, which has BnB, restart"]),
            ("{restart=[1]}", ["\"restart\"", "arms that have an n: BnB, "]),
            ("{BnB=[8]}", ["\"BnB\" = 8", "numbers from 1 to 7"]),
            ("{BnB=[0]}", ["\"BnB\" = 0", "numbers from 1 to 7"]),
            ("{BnB=[2, 3, 2]}", ["\"BnB\" = 2 twice", "numbers that differ"]),
            ("{BnC=[2]}", ["protocol.layers_of.BnC", "protocol.layers_of.BnB"]),
        ] {
            let message = refused(value);
            assert!(words.iter().all(|word| message.contains(word)), "{value}: {message}");
        }
    }

    #[test]
    fn a_study_of_distance_trains_one_target_on_every_source() {
        let sources = "protocol.sources=[\"other-classes\", \"noise\"]";
        let arms = "protocol.arms=[\"BnB\", \"AnB\", \"restart\", \"random-he\"]";
        let sets = ["protocol.split=distance", sources, "protocol.classes_per_half=4", "protocol.layers=[1, 3]"];
        let plan = plan(&[&sets[..], &["protocol.splits=[7]", "protocol.train_sizes=[10]", arms]].concat());
        // Two bases of sources; on the whole target and on the reduced one, base and restart, two of BnB and of random
        // filters, and two of AnB on each source.
        assert_eq!(plan.nodes.len(), 2 + 2 * (2 + 2 + 2 + 2 * 2));
        assert!(plan.nodes.iter().all(|node| node.target == Half::B || node.arm == Arm::Base));
        let parents = |name: &str| plan.node("x", "x", name).unwrap().parents.clone();
        assert_eq!(parents("s7-r0-noise-A3B"), ["s7-r0-noise-baseA"]);
        assert_eq!(parents("s7-r0-noise-k10-A3B"), ["s7-r0-noise-baseA"]);
        assert_eq!(parents("s7-r0-other-classes-A1B"), ["s7-r0-other-classes-baseA"]);
        assert_eq!(parents("s7-r0-k10-B1B"), ["s7-r0-k10-baseB"]);
        for (place, node) in plan.nodes.iter().enumerate() {
            assert!(node.parents.iter().all(|name| plan.nodes[..place].iter().any(|other| other.name == *name)));
            let text = toml::to_string(&node.kind()).unwrap();
            assert_eq!(Node::of(toml::from_str(&text).unwrap()), *node);
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
