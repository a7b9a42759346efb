//! Which random numbers a network draws.
//!
//! Comparisons are paired and fair: the new layers, the batch order and the dropout of the arms at one target
//! and n are drawn by (split, replicate, target, n, purpose) and shared by them; they are never the base's
//! own, because a new layer that started where the base's did would hide co-adaptation. The base of double length draws
//! what the base draws, so that the two differ by their schedules alone. The restarted base
//! has streams of its own, and so have random filters. Networks on reduced sets draw what their twins on the full
//! set draw, so that sizes are compared on equal terms. Of a study of distance all sources draw the same: their bases
//! start alike, and so do the new layers on any of them.

use super::{Arm, Node};
use crate::{host::Stream, train::trainer::Streams};

/// The common beginning of a network's stream names.
fn key(seed: u64, node: &Node) -> String {
    let place =
        format!("seed={seed}/split={}/replicate={}/target={}", node.split, node.replicate, node.target.letter());
    // The first draw has the name that it had when there was one.
    let draw = if node.draw == 0 { String::new() } else { format!("/draw={}", node.draw) };
    match (node.arm, node.n) {
        (Arm::Base | Arm::Base2x, _) => format!("{place}/base{draw}"),
        (Arm::Restart, _) => format!("{place}/restart{draw}"),
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
        Node::of(NodeKind { arm, n, split: 0, replicate: 0, target, source_task: None, train_size: None, draw: 0 })
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
    fn a_base_of_double_length_draws_what_the_base_of_its_target_draws() {
        for target in [Half::A, Half::B] {
            let [once, twice] = [Arm::Base, Arm::Base2x].map(|arm| node(arm, None, target));
            assert_eq!(new_layer(1, &once, "conv1.weight"), new_layer(1, &twice, "conv1.weight"));
            let [once, twice] = [once, twice].map(|node| training(1, &node));
            assert_eq!([once.order, once.crops, once.dropout], [twice.order, twice.crops, twice.dropout]);
        }
    }

    #[test]
    fn every_draw_of_a_base_and_its_restart_has_numbers_of_its_own() {
        for arm in [Arm::Base, Arm::Restart, Arm::Base2x] {
            let drawn = |draw| Node::of(NodeKind { draw, ..node(arm, None, Half::B).kind() });
            assert_ne!(new_layer(1, &drawn(0), "conv1.weight"), new_layer(1, &drawn(1), "conv1.weight"));
            assert_ne!(training(1, &drawn(0)).order, training(1, &drawn(1)).order);
            assert_ne!(training(1, &drawn(1)).dropout, training(1, &drawn(2)).dropout);
        }
    }

    #[test]
    fn all_sources_of_a_study_of_distance_draw_the_same() {
        use crate::protocol::SourceTask::{Noise, OtherClasses};
        let of = |arm, n, target, task| Node::of(NodeKind { source_task: task, ..node(arm, n, target).kind() });
        let bases = [OtherClasses, Noise].map(|task| of(Arm::Base, None, Half::A, Some(task)));
        assert_eq!(new_layer(1, &bases[0], "conv1.weight"), new_layer(1, &bases[1], "conv1.weight"));
        let own = of(Arm::Selffer, Some(3), Half::B, None);
        for task in [OtherClasses, Noise] {
            let transfer = of(Arm::Transfer, Some(3), Half::B, Some(task));
            assert_eq!(new_layer(1, &own, "fc8.weight"), new_layer(1, &transfer, "fc8.weight"));
            assert_eq!(training(1, &own).order, training(1, &transfer).order);
            assert_eq!(training(1, &own).dropout, training(1, &transfer).dropout);
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
