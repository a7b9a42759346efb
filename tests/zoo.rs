//! The zoo against the published architecture.

use strata::{
    host::Layout,
    nn::{BuildOptions, Filler, Input, Kind, Net, NetDef, Tape, zoo},
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
    let net = build(&zoo::net("caffenet", 1000).unwrap());
    assert_eq!(parameters(&net), 60_965_224);
    assert_eq!(net.program.macs(Tape::Evaluate), 724_406_816);
    assert_eq!(parameters(&build(&zoo::net("caffenet", 500).unwrap())), 58_916_724);
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
    let def = zoo::net("caffenet", 1000).unwrap();
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
    assert_eq!(order(&zoo::net("caffenet", 2).unwrap()), ["pool1", "norm1"]);
    assert_eq!(order(&zoo::net("alexnet", 2).unwrap()), ["norm1", "pool1"]);
}

#[test]
fn every_relative_of_alexnet_has_eight_layers_with_weights_and_the_papers_sequence() {
    for name in ["caffenet", "alexnet", "alexnet32", "alexnet28"] {
        let def = zoo::net(name, 7).unwrap();
        let weighted: Vec<&str> = def.weighted().map(|layer| layer.name.as_str()).collect();
        assert_eq!(weighted, ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"], "{name}");
        assert_eq!(def.most_n(), 7);
        assert_eq!(def.layers.iter().filter(|l| matches!(l.kind, Kind::Dropout(_))).count(), 2);
        assert_eq!(output(&build(&def), "fc8"), [7, 1, 1]);
    }
}

#[test]
fn the_small_relatives_have_the_described_shapes() {
    let net = build(&zoo::net("alexnet32", 10).unwrap());
    assert_eq!(output(&net, "pool1"), [32, 16, 16]);
    assert_eq!(output(&net, "pool2"), [64, 8, 8]);
    assert_eq!(output(&net, "pool5"), [64, 4, 4]);
    let small = build(&zoo::net("alexnet28", 5).unwrap());
    assert_eq!(output(&small, "pool5"), [32, 3, 3]);
    assert!(
        (2_800_000..3_400_000).contains(&small.program.macs(Tape::Evaluate)),
        "{}",
        small.program.macs(Tape::Evaluate)
    );
}

#[test]
fn a_probe_is_the_frozen_first_layers_and_one_softmax_layer_on_all_that_follows_them() {
    let names = |n: usize| {
        let def = zoo::net("alexnet28", 5).unwrap().probe(n).unwrap();
        let last = def.layers.last().unwrap();
        assert!(last.learns() && def.layers.iter().filter(|layer| layer.learns()).count() == 1);
        def.layers.iter().map(|layer| layer.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(1), ["conv1", "relu1", "pool1", "norm1", "fc8"]);
    assert_eq!(names(3)[6..], ["pool2", "norm2", "conv3", "relu3", "fc8"]);
    assert_eq!(names(5)[12..], ["conv5", "relu5", "pool5", "fc8"]);
    // A linear probe draws no dropout.
    assert_eq!(names(7)[14..], ["pool5", "fc6", "relu6", "fc7", "relu7", "fc8"]);
    let net = build(&zoo::net("alexnet28", 5).unwrap().probe(5).unwrap());
    let weight = net.params.iter().find(|param| param.name == "fc8.weight").unwrap();
    assert_eq!(weight.shape, [5, 32 * 3 * 3]);
    assert!(zoo::net("alexnet28", 5).unwrap().probe(8).is_err() && zoo::net("alexnet28", 5).unwrap().probe(0).is_err());
}

#[test]
fn an_unknown_net_and_a_bad_prefix_are_named_with_what_would_be_right() {
    let message = zoo::net("cafenet", 2).unwrap_err().to_string();
    assert!(message.contains("cafenet") && message.contains("\"caffenet\""), "{message}");
    for n in [0, 9] {
        let message = zoo::net("caffenet", 2).unwrap().freeze(n).unwrap_err().to_string();
        assert!(message.contains("1 to 7"), "{message}");
    }
}

#[test]
fn a_layer_that_does_not_fit_is_named_with_its_input() {
    let mut def = zoo::net("alexnet28", 5).unwrap();
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
        let net = Net::build(&zoo::net("caffenet", 1000).unwrap(), options).unwrap();
        let bytes = storage::bytes(&net.program, layout, |_| true);
        println!("{layout:?}, gradients kept {keep_gradients}: {bytes} bytes");
        assert!(bytes + (64 << 20) <= gib << 30, "{layout:?}, gradients kept {keep_gradients}: {bytes} bytes");
        assert!(bytes > 1 << 30, "weights and activations alone take more than {bytes} bytes");
    }
}

/// A change of one of these changes what every network of it is: old run directories would no longer belong to it.
#[test]
fn the_nets_of_before_net_files_are_what_they_were() {
    let digests = ["caffenet", "alexnet", "alexnet32", "alexnet28"].map(|name| {
        let def = zoo::named(name).unwrap();
        println!("{name} {}", def.digest());
        (zoo::is_as_before_digests(&def), zoo::is_as_before_digests(&def.clone().with_classes(7).unwrap()))
    });
    assert_eq!(digests, [(true, true); 4]);
    let mut other = zoo::named("alexnet28").unwrap();
    other.layers[0].lr_mult = [1.0, 1.0];
    assert!(!zoo::is_as_before_digests(&other));
}

#[test]
fn every_shipped_net_can_be_built_has_its_own_name_and_is_read_back_from_what_it_writes() {
    for name in zoo::names() {
        let def = zoo::named(name).unwrap();
        assert_eq!(def.name, name);
        assert_eq!(strata::nn::net_file::parse(name, &def.to_toml()).unwrap(), def);
        let net = build(&def);
        let layers: Vec<String> = def.weighted().map(|layer| layer.name.clone()).collect();
        let blocks: Vec<String> = def.blocks().unwrap().into_iter().map(|block| block.name).collect();
        let branches = def.layers.iter().any(|layer| matches!(layer.kind, Kind::Add(_)));
        assert!(branches || blocks == layers, "{name}: where nothing branches, each block is a layer with weights");
        assert_eq!(net.classes(), def.classes().unwrap());
    }
}

/// Parameters and multiply-adds as torchvision 0.20 counts them (`alexnet().parameters()`; 714 million in its table).
#[test]
fn torchvisions_alexnet_has_its_shapes_and_parameters() {
    let net = build(&zoo::named("torch-alexnet").unwrap());
    assert_eq!(parameters(&net), 61_100_840);
    assert_eq!(net.program.macs(Tape::Evaluate), 714_188_480);
    assert_eq!(output(&net, "features.12"), [256, 6, 6]);
}

/// LeNet-5 as it is trained today has 61,706 parameters; VGG-11's convolutions have 9,220,480 whatever the input.
#[test]
fn lenet5_and_vgg11_have_the_known_numbers_of_parameters() {
    assert_eq!(parameters(&build(&zoo::named("lenet5").unwrap())), 61_706);
    let vgg = build(&zoo::net("vgg11-32", 10).unwrap());
    let convolutions = vgg.params.iter().filter(|param| param.layer.starts_with("conv"));
    assert_eq!(convolutions.map(|param| param.shape.iter().product::<usize>()).sum::<usize>(), 9_220_480);
    assert_eq!(output(&vgg, "pool8"), [512, 1, 1]);
}
