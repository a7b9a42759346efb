//! Which random numbers a network draws.
//!
//! Comparisons are paired and fair: the new layers, the batch order and the dropout of the arms at one target
//! and n are drawn by (split, replicate, target, n, purpose) and shared by them; they are never the base's
//! own, because a new layer that started where the base's did would hide co-adaptation. The restarted base
//! has streams of its own, and so have random filters. Networks on reduced sets draw what their twins on the full
//! set draw, so that sizes are compared on equal terms.

use super::{Arm, Node};
use crate::{host::Stream, train::trainer::Streams};

/// The common beginning of a network's stream names.
fn key(seed: u64, node: &Node) -> String {
    let place =
        format!("seed={seed}/split={}/replicate={}/target={}", node.split, node.replicate, node.target.letter());
    match (node.arm, node.n) {
        (Arm::Base, _) => format!("{place}/base"),
        (Arm::Restart, _) => format!("{place}/restart"),
        (_, n) => format!("{place}/n={}", n.unwrap_or(0)),
    }
}

/// The streams of a network's training.
pub fn training(seed: u64, node: &Node) -> Streams {
    let key = key(seed, node);
    let stream = |purpose: &str| Stream::named(&format!("{key}/{purpose}"));
    Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") }
}

/// The stream of a parameter that starts anew: in a base all, else those above the cut.
pub fn new_layer(seed: u64, node: &Node, parameter: &str) -> Stream {
    Stream::named(&format!("{}/weights/{parameter}", key(seed, node)))
}

/// The stream of a random filter, shared by all fillers, whose means and deviations alone then differ.
pub fn random_filter(seed: u64, node: &Node, parameter: &str) -> Stream {
    Stream::named(&format!("{}/random/{parameter}", key(seed, node)))
}

/// The stream that draws the images of a reduced set, shared by all networks of one split, replicate and target.
pub fn kept(seed: u64, node: &Node) -> Stream {
    let Node { split, replicate, target, .. } = node;
    Stream::named(&format!("seed={seed}/split={split}/replicate={replicate}/target={}/kept", target.letter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Half, NodeKind};

    fn node(arm: Arm, n: Option<usize>, target: Half) -> Node {
        Node::of(NodeKind { arm, n, split: 0, replicate: 0, target, train_size: None })
    }

    #[test]
    fn the_arms_at_one_target_and_n_share_their_streams() {
        let reference = node(Arm::Selffer, Some(3), Half::B);
        for arm in Arm::WITH_N {
            let other = node(arm, Some(3), Half::B);
            assert_eq!(new_layer(1, &reference, "fc8.weight"), new_layer(1, &other, "fc8.weight"));
            assert_eq!(training(1, &reference).order, training(1, &other).order);
            assert_eq!(training(1, &reference).dropout, training(1, &other).dropout);
        }
    }

    #[test]
    fn no_new_layer_starts_where_its_base_did() {
        for target in [Half::A, Half::B] {
            for base in [Half::A, Half::B] {
                let base = node(Arm::Base, None, base);
                for n in 1..=7 {
                    let arm = node(Arm::Transfer, Some(n), target);
                    assert_ne!(new_layer(1, &arm, "fc8.weight"), new_layer(1, &base, "fc8.weight"));
                    assert_ne!(training(1, &arm).order, training(1, &base).order);
                }
            }
        }
        let (restart, base) = (node(Arm::Restart, None, Half::A), node(Arm::Base, None, Half::A));
        assert_ne!(training(1, &restart).order, training(1, &base).order);
    }

    #[test]
    fn the_two_halves_of_a_split_draw_numbers_of_their_own() {
        for (arm, n) in [(Arm::Base, None), (Arm::Restart, None), (Arm::Selffer, Some(3))] {
            let [a, b] = [Half::A, Half::B].map(|target| node(arm, n, target));
            assert_ne!(new_layer(1, &a, "fc8.weight"), new_layer(1, &b, "fc8.weight"));
            assert_ne!(training(1, &a).order, training(1, &b).order);
            assert_ne!(training(1, &a).dropout, training(1, &b).dropout);
            assert_ne!(kept(1, &a), kept(1, &b));
        }
    }
}
