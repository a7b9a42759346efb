//! Frozen layers keep their bits, and nothing is computed for them that nobody needs.

use super::made::{bits, build, software, trained, two_steps};
use strata::nn::{Tape, zoo};

#[test]
fn frozen_layers_are_bit_identical_after_training_and_all_others_change() {
    for n in 1..=7 {
        let mut def = zoo::net("alexnet28", 5).unwrap();
        def.freeze(n).unwrap();
        let frozen = def.prefix(n).unwrap();
        let (before, after) = trained(&def, 2);
        for (name, (_, values)) in &after {
            let layer = name.split('.').next().unwrap().to_string();
            let same = bits(values) == bits(&before[name].1);
            assert_eq!(same, frozen.contains(&layer), "n = {n}, {name}");
        }
    }
}

#[test]
fn on_the_wgsl_kernels_frozen_layers_keep_their_bits_and_two_runs_give_the_same() {
    let device = software();
    let (losses, before, after) = two_steps(&device, 3);
    for (name, (_, values)) in &after {
        let frozen = ["conv1", "conv2", "conv3"].iter().any(|layer| name.starts_with(layer));
        assert_eq!(bits(values) == bits(&before[name].1), frozen, "{name}");
    }
    let (again, _, same) = two_steps(&device, 3);
    assert_eq!(again, losses);
    for (name, (_, values)) in &after {
        assert_eq!(bits(values), bits(&same[name].1), "{name}");
    }
}

#[test]
fn a_net_of_which_nothing_is_trainable_runs_no_backward_pass() {
    let mut def = zoo::net("alexnet28", 5).unwrap();
    def.freeze(8).unwrap();
    let net = build(&def, 4);
    assert!(net.program.tape(Tape::Train).iter().all(|entry| ["forward", "apply"].contains(&entry.op.pass())));
    assert!(net.params.iter().all(|param| param.g.is_none() && param.h.is_none()));
}

#[test]
fn nothing_below_the_lowest_trainable_layer_is_computed_backward() {
    let mut def = zoo::net("alexnet28", 5).unwrap();
    def.freeze(3).unwrap();
    let net = build(&def, 4);
    let backward: Vec<(String, &str)> = net
        .program
        .tape(Tape::Train)
        .iter()
        .filter(|entry| entry.op.pass().starts_with("backward"))
        .map(|entry| (entry.layer.clone(), entry.op.pass()))
        .collect();
    let frozen = ["conv1", "pool1", "norm1", "conv2", "pool2", "norm2", "conv3", "relu1", "relu2", "relu3"];
    assert!(backward.iter().all(|(layer, _)| !frozen.contains(&layer.as_str())), "{backward:?}");
    assert!(backward.contains(&("conv4".into(), "backward_weight_update")));
    assert!(!backward.contains(&("conv4".into(), "backward_input")));
    for param in &net.params {
        let learns = !frozen.contains(&param.layer.as_str());
        assert_eq!(param.h.is_some(), learns, "only what learns has a momentum: {}", param.name);
        assert!(learns || param.g.is_none(), "{} has a gradient", param.name);
    }
}
