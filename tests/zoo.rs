//! The zoo against the published architecture.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use strata::{
    host::Layout,
    nn::{BuildOptions, EVAL, Filler, Input, Kind, Net, NetDef, zoo},
    ops::{TensorShape, storage},
};

fn build(def: &NetDef) -> Net {
    let options = BuildOptions { weight_decay: 0.0, keep_gradients: true, ..BuildOptions::of(1) };
    Net::build(def, options).unwrap()
}

fn parameters(net: &Net) -> usize {
    net.params.iter().map(|param| param.shape.iter().product::<usize>()).sum()
}

fn output(net: &Net, layer: &str) -> [usize; 3] {
    let (id, _) = net.outputs[layer];
    match net.program.tensors[id.0].shape {
        TensorShape::Activation(d) => [d.c, d.h, d.w],
        _ => panic!("an activation"),
    }
}

/// The figures are those of Caffe's `models/bvlc_reference_caffenet/train_val.prototxt`.
#[test]
fn caffenet_has_the_published_shapes_parameters_and_multiply_adds() {
    let net = build(&zoo::caffenet(1000));
    assert_eq!(parameters(&net), 60_965_224);
    assert_eq!(net.program.macs(EVAL), 724_406_816);
    assert_eq!(parameters(&build(&zoo::caffenet(500))), 58_916_724);
    for (layer, shape) in [
        ("conv1", [96, 55, 55]),
        ("pool1", [96, 27, 27]),
        ("norm1", [96, 27, 27]),
        ("conv2", [256, 27, 27]),
        ("norm2", [256, 13, 13]),
        ("conv3", [384, 13, 13]),
        ("conv4", [384, 13, 13]),
        ("conv5", [256, 13, 13]),
        ("pool5", [256, 6, 6]),
        ("fc6", [4096, 1, 1]),
        ("fc8", [1000, 1, 1]),
    ] {
        assert_eq!(output(&net, layer), shape, "{layer}");
    }
}

#[test]
fn caffenet_starts_from_the_papers_fillers_and_biases() {
    let def = zoo::caffenet(1000);
    let found: Vec<(String, f64, f64)> = def
        .weighted()
        .map(|layer| match layer.init.unwrap() {
            strata::nn::Init { weight: Filler::Gaussian(std), bias } => (layer.name.clone(), std, bias),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        ("conv1", 0.01, 0.0),
        ("conv2", 0.01, 1.0),
        ("conv3", 0.01, 0.0),
        ("conv4", 0.01, 1.0),
        ("conv5", 0.01, 1.0),
        ("fc6", 0.005, 1.0),
        ("fc7", 0.005, 1.0),
        ("fc8", 0.01, 0.0),
    ];
    assert_eq!(found, expected.map(|(name, std, bias)| (name.to_string(), std, bias)));
    assert!(def.weighted().all(|layer| layer.lr_mult == [1.0, 2.0] && layer.decay_mult == [1.0, 0.0]));
}

#[test]
fn caffenet_pools_before_it_normalises_and_alexnet_after() {
    let order = |def: &NetDef| def.layers[2..4].iter().map(|l| l.name.clone()).collect::<Vec<_>>();
    assert_eq!(order(&zoo::caffenet(2)), ["pool1", "norm1"]);
    assert_eq!(order(&zoo::alexnet(2)), ["norm1", "pool1"]);
}

#[test]
fn every_net_has_eight_layers_with_weights_and_the_papers_sequence() {
    for name in zoo::NAMES {
        let def = zoo::net(name, 7).unwrap();
        let weighted: Vec<&str> = def.weighted().map(|layer| layer.name.as_str()).collect();
        assert_eq!(weighted, ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"], "{name}");
        assert_eq!(def.most_n(), 7);
        assert_eq!(def.layers.iter().filter(|l| matches!(l.kind, Kind::Dropout { .. })).count(), 2);
        assert_eq!(output(&build(&def), "fc8"), [7, 1, 1]);
    }
}

#[test]
fn the_small_relatives_have_the_described_shapes() {
    let net = build(&zoo::alexnet32(10));
    assert_eq!(output(&net, "pool1"), [32, 16, 16]);
    assert_eq!(output(&net, "pool2"), [64, 8, 8]);
    assert_eq!(output(&net, "pool5"), [64, 4, 4]);
    let small = build(&zoo::alexnet28(5));
    assert_eq!(output(&small, "pool5"), [32, 3, 3]);
    assert!((2_800_000..3_400_000).contains(&small.program.macs(EVAL)), "{}", small.program.macs(EVAL));
}

#[test]
fn a_probe_is_the_frozen_first_layers_and_one_softmax_layer_on_all_that_follows_them() {
    let names = |n: usize| {
        let def = zoo::alexnet28(5).probe(n).unwrap();
        let last = def.layers.last().unwrap();
        assert!(last.learns() && def.layers.iter().filter(|layer| layer.learns()).count() == 1);
        def.layers.iter().map(|layer| layer.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(1), ["conv1", "relu1", "pool1", "norm1", "fc8"]);
    assert_eq!(names(3)[6..], ["pool2", "norm2", "conv3", "relu3", "fc8"]);
    assert_eq!(names(5)[12..], ["conv5", "relu5", "pool5", "fc8"]);
    // A linear probe draws no dropout.
    assert_eq!(names(7)[14..], ["pool5", "fc6", "relu6", "fc7", "relu7", "fc8"]);
    let net = build(&zoo::alexnet28(5).probe(5).unwrap());
    let weight = net.params.iter().find(|param| param.name == "fc8.weight").unwrap();
    assert_eq!(weight.shape, [5, 32 * 3 * 3]);
    assert!(zoo::alexnet28(5).probe(8).is_err() && zoo::alexnet28(5).probe(0).is_err());
}

#[test]
fn an_unknown_net_and_a_bad_prefix_are_named_with_what_would_be_right() {
    let message = zoo::net("cafenet", 2).unwrap_err().to_string();
    assert!(message.contains("cafenet") && message.contains("\"caffenet\""), "{message}");
    for n in [0, 9] {
        let message = zoo::caffenet(2).freeze(n).unwrap_err().to_string();
        assert!(message.contains("1 to 7"), "{message}");
    }
}

#[test]
fn a_layer_that_does_not_fit_is_named_with_its_input() {
    let mut def = zoo::alexnet28(5);
    def.input = [1, 5, 5];
    let error = Net::build(&def, BuildOptions { weight_decay: 0.0, keep_gradients: true, ..BuildOptions::of(1) });
    let message = error.unwrap_err().to_string();
    assert!(message.contains("pool5") && message.contains("[32, 1, 1]"), "{message}");
}

/// What a step needs beside its tensors, such as partial sums, is at most 64 MiB an operation.
#[test]
fn caffenet_of_256_images_fits_8_gib_of_a_gpu_and_6_gib_of_a_cpu() {
    for (keep_gradients, layout, gib) in [(false, Layout::VEC4, 8), (true, Layout::VEC4, 8), (false, Layout::NATIVE, 6)]
    {
        let options = BuildOptions {
            input: Input::Images { stored: [256, 256], padding: 0 },
            keep_gradients,
            ..BuildOptions::of(256)
        };
        let net = Net::build(&zoo::caffenet(1000), options).unwrap();
        let bytes = storage::bytes(&net.program, layout, |_| true);
        println!("{layout:?}, gradients kept {keep_gradients}: {bytes} bytes");
        assert!(bytes + (64 << 20) <= gib << 30, "{layout:?}, gradients kept {keep_gradients}: {bytes} bytes");
        assert!(bytes > 1 << 30, "weights and activations alone take more than {bytes} bytes");
    }
}
