//! Nets with branches: gradients are those of the whole net, what one reader changes no other reader sees, and only
//! what is needed is computed.

use super::made::{build, guarded, images, losses, software, trained, trainer};
use strata::{
    data::Normalisation,
    host::Stream,
    nn::{
        Filler, Init, Kind, Layer, NetDef, Tape,
        gradcheck::gradcheck,
        layers::{Add, Conv2d, Dense, Dropout, Relu},
        net_file,
    },
    ops::{Device, Executor, Step},
    train::checkpoint,
};

const RESIDUAL: &str = include_str!("../nets/residual.toml");

pub fn residual() -> NetDef {
    net_file::parse("residual", RESIDUAL).unwrap()
}

fn he(name: &str, kind: impl Into<Kind>) -> Layer {
    Layer::new(name, kind, Some(Init { weight: Filler::He, bias: 0.0 }))
}

fn conv(name: &str, from: &str) -> Layer {
    let kind = Conv2d {
        out_channels: 4,
        kernel_size: [3; 2],
        stride: [1; 2],
        padding: [1; 2],
        dilation: [1; 2],
        groups: 1,
        bias: true,
    };
    Layer { inputs: vec![from.into()], ..he(name, kind) }
}

fn reading(name: &str, kind: impl Into<Kind>, inputs: &[&str]) -> Layer {
    Layer { inputs: inputs.iter().map(ToString::to_string).collect(), ..Layer::new(name, kind, None) }
}

/// Every layer that could work in place has something beside it that reads the same tensor, one tensor has three
/// readers, one is added to itself, and a gradient goes through a rectifier on one of two ways that share it.
fn tangled() -> NetDef {
    let layers = vec![
        reading("relu0", Relu {}, &["input"]),
        conv("a", "relu0"),
        reading("relu_a", Relu {}, &["a"]),
        reading("drop_a", Dropout { ratio: 0.25 }, &["a"]),
        reading("b", Add {}, &["relu_a", "drop_a"]),
        reading("c", Add {}, &["b", "a"]),
        reading("twice", Add {}, &["c", "c"]),
        conv("left", "twice"),
        reading("relu_left", Relu {}, &["left"]),
        conv("right", "twice"),
        reading("relu_right", Relu {}, &["right"]),
        reading("join", Add {}, &["relu_left", "relu_right"]),
        reading("relu_join", Relu {}, &["join"]),
        reading("drop_join", Dropout { ratio: 0.5 }, &["relu_join"]),
        he("scores", Dense { out_features: 3 }),
    ];
    NetDef { name: "tangled".into(), input: [1, 6, 5], layers }
}

#[test]
fn the_gradients_of_nets_with_branches_are_those_of_the_reference_and_of_central_differences() {
    for device in [Device::Cpu, software(), guarded(false)] {
        for def in [residual(), tangled()] {
            let mut wrong = Vec::new();
            let summary = gradcheck(&def, 3, &device, |line| {
                println!("{line}");
                wrong.extend(line.complaint.clone());
            });
            assert!(summary.unwrap().ok(), "{}, {}: {wrong:#?}", def.name, device.describe());
        }
    }
}

#[test]
fn what_works_in_place_leaves_alone_what_others_read() {
    let def = tangled();
    for device in [Device::Cpu, software()] {
        let net = build(&def, 2);
        let mut executor = Executor::load(&device, net.program.clone()).unwrap();
        net.initialise(&mut executor, Stream::named).unwrap();
        let x = Stream::named("x").normal(2 * 30, 1.0);
        executor.write(net.x, &x).unwrap();
        for tape in [Tape::Train, Tape::Evaluate] {
            executor.run(tape, &Step { iteration: 0, rate: 0.0, dropout: Stream::named("d"), first_image: 0 }).unwrap();
            assert_eq!(executor.read(net.x).unwrap(), x, "the input is read by whoever wrote it");
            let [a, rectified, dropped] =
                ["a", "relu_a", "drop_a"].map(|layer| executor.read(net.output(layer).unwrap()).unwrap());
            assert!(a.iter().any(|&a| a < 0.0), "{}: a rectifier has changed what others read", device.describe());
            assert!(rectified.iter().zip(&a).all(|(y, a)| *y == a.max(0.0)));
            let drops = tape == Tape::Train;
            let same =
                |(y, a): (&f32, &f32)| *y == *a || drops && (*y == 0.0 || (*y - a / 0.75).abs() <= 1e-6 * y.abs());
            assert!(dropped.iter().zip(&a).all(same), "{}, {tape:?}", device.describe());
            assert_eq!(dropped == a, !drops, "{}, {tape:?}", device.describe());
        }
    }
}

#[test]
fn a_rectifier_within_a_sum_or_a_gradient_that_is_added_is_no_operation_of_its_own() {
    let net = build(&residual(), 4);
    let rectifiers = net.program.tape(Tape::Train).iter().filter(|entry| entry.op.stem() == "relu").count();
    assert_eq!(rectifiers, 0, "every rectifier of a residual net follows something that can do it");
}

#[test]
fn a_branch_of_which_nothing_learns_is_not_computed_backward_beside_one_that_learns() {
    let mut def = tangled();
    def.layers
        .iter_mut()
        .filter(|layer| ["a", "right"].contains(&layer.name.as_str()))
        .for_each(|l| l.trainable = false);
    let net = build(&def, 2);
    let backward = net.program.tape(Tape::Train).iter().filter(|entry| entry.op.pass().starts_with("backward"));
    let layers: Vec<&str> = backward.map(|entry| entry.layer.as_str()).collect();
    assert!(layers.contains(&"left") && layers.contains(&"scores"), "{layers:?}");
    assert!(!layers.iter().any(|layer| ["a", "right", "relu_right", "twice", "c", "b"].contains(layer)), "{layers:?}");
    let gradcheck = gradcheck(&def, 2, &Device::Cpu, |_| {});
    assert!(gradcheck.is_ok(), "what does not learn has no gradient");
}

#[test]
fn frozen_blocks_of_a_residual_net_keep_their_bits_and_their_activations_may_be_kept() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    for n in 1..=4 {
        let mut def = residual().with_classes(5).unwrap();
        def.freeze(n).unwrap();
        let frozen = def.prefix(n).unwrap();
        let (before, after) = trained(&def, 2);
        for (name, (_, values)) in &after {
            let layer = name.rsplit_once('.').unwrap().0.to_string();
            assert_eq!(*values == before[name].1, frozen.contains(&layer), "n = {n}, {name}");
        }
        let made = || trainer(&def, &set, &normalisation, 3, 16);
        let (mut cached, mut plain) = (made(), made().without_cache());
        assert!(cached.net.boundary.is_some(), "n = {n}");
        assert_eq!(losses(&mut cached, 3), losses(&mut plain, 3), "n = {n}");
        assert!(checkpoint::weights_of(&mut cached).unwrap() == checkpoint::weights_of(&mut plain).unwrap());
    }
}

#[test]
fn where_layers_above_read_two_frozen_tensors_the_prefix_ends_lower() {
    let mut def = residual();
    // Frozen up to the middle of the second block: its shortcut and its convolution cross the border.
    def.layers.iter_mut().take(3).for_each(|layer| layer.trainable = false);
    let net = build(&def, 2);
    assert_eq!(net.boundary, Some(net.output("relu1").unwrap()));
}

#[test]
fn blocks_are_named_after_their_layers_and_compared_by_what_their_last_rectifier_leaves() {
    let blocks = residual().blocks().unwrap();
    let words: Vec<(&str, &str)> = blocks.iter().map(|b| (b.name.as_str(), b.features.as_str())).collect();
    let expected = [("conv1", "relu1"), ("b2", "b2.relu2"), ("b3", "b3.relu2"), ("fc4", "relu4"), ("fc5", "fc5")];
    assert_eq!(words, expected);
    let probe = residual().probe(2).unwrap();
    let layers: Vec<&str> = probe.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(layers, ["conv1", "relu1", "b2.conv1", "b2.relu1", "b2.conv2", "b2.add", "b2.relu2", "fc5"]);
    assert_eq!(build(&probe, 2).params.last().unwrap().shape, [10]);
    assert_eq!(probe.prefix(2).unwrap(), residual().prefix(2).unwrap(), "the scores are a block of their own");
}
