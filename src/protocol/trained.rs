//! The experiment that a directory holds, which grows from command to command: the networks that were begun, whatever
//! the last command asked for.

use super::{Arm, Experiment, Node};
use std::collections::BTreeSet;

/// What is there of a key, in the order of the experiment, then what else was begun, rising.
fn there<T: Ord + Copy>(asked: &[T], begun: &BTreeSet<T>) -> Vec<T> {
    let mut kept: Vec<T> = asked.iter().copied().filter(|one| begun.contains(one)).collect();
    kept.extend(begun.iter().filter(|one| !asked.contains(one)));
    kept
}

impl Experiment {
    /// The same experiment with the splits, sources, replicates, draws, sizes, arms and n of these networks. Without
    /// any network it stays as it is.
    #[must_use]
    pub fn of_networks<'a>(&self, networks: impl Iterator<Item = &'a Node> + Clone) -> Self {
        let mut trained = self.clone();
        if networks.clone().next().is_none() {
            return trained;
        }
        let protocol = &mut trained.protocol;
        let all = || networks.clone();
        protocol.splits = there(&self.protocol.splits, &all().map(|node| node.split).collect());
        protocol.sources = there(&self.protocol.sources, &all().filter_map(|node| node.source_task).collect());
        protocol.train_sizes = there(&self.protocol.train_sizes, &all().filter_map(|node| node.train_size).collect());
        protocol.replicates = all().map(|node| node.replicate + 1).max().unwrap_or(1);
        protocol.base_draws = all().map(|node| node.draw + 1).max().unwrap_or(1);
        let arms = all().map(|node| node.arm).filter(|arm| *arm != Arm::Base).collect();
        protocol.arms = there(&self.protocol.arms, &arms);
        let of = |arm: Option<Arm>| -> BTreeSet<usize> {
            all().filter(|node| arm.is_none_or(|arm| node.arm == arm)).filter_map(|node| node.n).collect()
        };
        protocol.layers = of(None).into_iter().collect();
        protocol.layers_of.clear();
        let most = self.net.most_n();
        for arm in protocol.arms.clone().into_iter().filter(|arm| arm.has_n()) {
            let own: Vec<usize> = of(Some(arm)).into_iter().collect();
            let usual = protocol.layers.iter().copied().filter(|&n| self.copies(arm, n, most));
            if !usual.eq(own.iter().copied()) {
                protocol.layers_of.insert(arm, own);
            }
        }
        trained
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Plan, default_experiment::experiment};

    #[test]
    fn an_experiment_is_found_again_from_its_networks_whatever_was_asked_for_last() {
        let asked = experiment(&["protocol.splits=[9]", "protocol.arms=[\"AnB\"]", "protocol.layers=[2]"]);
        for trained in [
            experiment(&[]),
            experiment(&["protocol.replicates=2", "protocol.base_draws=3", "protocol.train_sizes=[10, 20]"]),
            experiment(&["protocol.arms=[\"AnB-preserve1\", \"BnB\", \"restart\"]", "protocol.layers=[5, 6, 7]"]),
        ] {
            let plan = Plan::of(&trained);
            let found = asked.of_networks(plan.nodes.iter());
            let mut names: Vec<String> = Plan::of(&found).nodes.into_iter().map(|node| node.name).collect();
            let mut expected: Vec<String> = plan.nodes.into_iter().map(|node| node.name).collect();
            names.sort();
            expected.sort();
            assert_eq!(names, expected);
            assert_eq!(Experiment::parse("found", &found.to_toml(), &[]).unwrap(), found);
        }
    }

    #[test]
    fn an_experiment_keeps_its_order_and_stays_as_it_is_without_networks() {
        let asked = experiment(&["protocol.splits=[4, 1]"]);
        assert_eq!(asked.of_networks([].iter()), asked);
        let plan = Plan::of(&experiment(&["protocol.splits=[0, 1, 4]"]));
        assert_eq!(asked.of_networks(plan.nodes.iter()).protocol.splits, [4, 1, 0]);
    }
}
