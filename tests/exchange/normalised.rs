//! Batch normalisations of other programs: running statistics, Caffe's sums, and weights and biases that are not there.

use super::{
    by_hand::{Planes, centre, conv, dense},
    made::{assert_close, by_channel, expected, file, folder, imported_for, scores},
    protobuf::caffe_layer as layer,
};
use std::path::Path;
use strata::{
    NetDef,
    exchange::{self, ExchangeError, ForeignFile, Matching, Part, Turns},
    host::Stream,
    nn::{Kind, net_file, weights::Tensors},
};

fn normed() -> NetDef {
    net_file::read(&folder().join("normed.toml")).unwrap()
}

fn matching(name: &str, def: &NetDef) -> Matching {
    let path = file(name);
    exchange::fit(&path, &exchange::read(&path).unwrap(), def, Turns::default()).unwrap()
}

#[test]
fn every_container_gives_the_scores_that_pytorch_gives_after_its_normalisations() {
    let bgr = Turns { bgr: true, ..Turns::default() };
    for (name, turns) in [
        ("normed.pth", Turns::default()),
        ("normed-stream.pth", Turns::default()),
        ("normed.safetensors", Turns::default()),
        ("normed.onnx", Turns::default()),
        ("normed.caffemodel", bgr),
    ] {
        let weights = imported_for(&normed(), name, turns);
        assert_close(name, &scores(&normed(), &weights, &by_channel()), &expected().normed, 1e-5);
    }
}

/// `(x - mean) / sqrt(var + eps) * weight + bias`, then a rectifier.
fn normalised(x: Planes, weights: &Tensors, name: &str, eps: f64) -> Planes {
    let part = |part: &str, channel: usize| f64::from(weights[&format!("{name}.{part}")].1[channel]);
    let pixels = x.sides[1] * x.sides[2];
    let value = |(at, value): (usize, &f64)| {
        let c = at / pixels;
        let scale = part("weight", c) / (part("running_var", c) + eps).sqrt();
        (value - part("running_mean", c)) * scale + part("bias", c)
    };
    Planes { sides: x.sides, values: x.values.iter().enumerate().map(value).collect() }.relu()
}

#[test]
fn loops_over_the_formula_of_a_normalisation_give_pytorchs_scores_too() {
    let bgr = Turns { bgr: true, ..Turns::default() };
    // What Caffe sums and divides is rounded once more.
    for (name, turns, bound) in [("normed.pth", Turns::default(), 1e-9), ("normed.caffemodel", bgr, 1e-6)] {
        let (expected, weights) = (expected(), imported_for(&normed(), name, turns));
        for (image, scores) in expected.images.iter().zip(&expected.normed) {
            let x = conv(&centre(&expected, image), &weights, "conv1", [2, 0, 1]);
            let x = normalised(x, &weights, "bn1", 0.001);
            let x = normalised(conv(&x, &weights, "conv2", [1, 0, 1]), &weights, "bn2", 1e-5);
            for (value, score) in dense(&x.values, &weights, "fc3").iter().zip(scores) {
                assert!((value - score).abs() < bound, "{name}: {value}, PyTorch {score}");
            }
        }
    }
}

#[test]
fn what_a_normalisation_lacks_and_what_only_pytorch_counts_are_told() {
    for name in ["normed.pth", "normed-stream.pth"] {
        let read = exchange::read(&file(name)).unwrap();
        let told =
            read.ignored.iter().filter(|text| text.ends_with("num_batches_tracked: whole numbers (I64)")).count();
        assert_eq!(told, 2, "{:?}", read.ignored);
    }
    for name in ["normed.pth", "normed.safetensors", "normed.caffemodel"] {
        let found = matching(name, &normed());
        assert!(found.is_whole(), "{name}: {:?}", found.unused);
        let turned = |parameter: &str| found.rows.iter().find(|row| row.parameter == parameter).unwrap().turned.clone();
        assert_eq!(
            [turned("bn2.weight"), turned("bn2.bias")],
            [["not in the file: 1"], ["not in the file: 0"]],
            "{name}"
        );
        assert_eq!(turned("bn1.weight"), Vec::<&str>::new(), "{name}");
    }
}

#[test]
fn layers_of_other_names_are_found_by_their_order_though_one_has_statistics_alone() {
    let mut def = normed();
    def.layers.iter_mut().for_each(|layer| layer.name = format!("other-{}", layer.name));
    for name in ["normed.pth", "normed.caffemodel"] {
        let found = matching(name, &def);
        assert!(found.by == exchange::By::Order && found.is_whole(), "{name}: {:?}", found.rows);
    }
}

#[test]
fn another_eps_than_the_nets_is_told() {
    let mut def = normed();
    let Some(Kind::BatchNorm(norm)) = def.layers.iter_mut().map(|layer| &mut layer.kind).nth(1) else { panic!() };
    norm.eps = 1e-5;
    for name in ["normed.caffemodel", "normed.onnx"] {
        let notes = matching(name, &def).notes;
        assert_eq!(notes, ["bn1: the file's batch normalisation has eps 0.001; the net's has 0.00001"], "{name}");
    }
}

#[test]
fn statistics_alone_are_no_weights_of_a_convolution() {
    let path = file("normed.pth");
    let mut read = exchange::read(&path).unwrap();
    let group = read.groups.iter_mut().find(|group| group.name == "conv2").unwrap();
    group.parts = vec![(Part::Mean, 0), (Part::Variance, 0)];
    let found = exchange::fit(&path, &read, &normed(), Turns::default()).unwrap();
    assert_eq!(found.missing().map(|row| row.parameter.as_str()).collect::<Vec<_>>(), ["conv2.weight"]);
}

fn parse(layers: &[Vec<u8>]) -> Result<ForeignFile, ExchangeError> {
    exchange::parse(Path::new("x"), layers.concat())
}

/// A part of a layer with its values.
type Valued<'a> = (Part, &'a [f32]);

/// The parts of the layers that were read, by name.
fn parts(read: &ForeignFile) -> Vec<(&str, Vec<Valued<'_>>)> {
    let values = |&(part, place): &(Part, usize)| (part, &read.tensors[place].values[..]);
    read.groups.iter().map(|group| (group.name.as_str(), group.parts.iter().map(values).collect())).collect()
}

const SUMS: [&[f32]; 3] = [&[2.0, 4.0], &[6.0, 8.0], &[4.0]];

#[test]
fn a_scale_belongs_to_the_normalisation_whose_output_it_reads() {
    let norm = |name: &str, writes: &str| layer(name, "BatchNorm", "c", writes, &SUMS);
    let scale = |reads: &str| layer("s", "Scale", reads, reads, &[&[3.0, 5.0], &[7.0, 9.0]]);
    let relu = |blob: &str| layer("r", "ReLU", blob, blob, &[]);
    let statistics: [Valued<'_>; 2] = [(Part::Mean, &[0.5, 1.0]), (Part::Variance, &[1.5, 2.0])];
    let scaled: [Valued<'_>; 2] = [(Part::Weight, &[3.0, 5.0]), (Part::Bias, &[7.0, 9.0])];
    let whole = vec![("n", [statistics, scaled].concat())];
    for layers in [
        vec![norm("n", "c"), scale("c")],
        // Another layer lies between them in the file, but not in the graph.
        vec![norm("n", "m"), relu("c"), scale("m")],
        // Names of blobs are missing in what some converters write.
        vec![layer("n", "BatchNorm", "", "", &SUMS), layer("s", "Scale", "", "", &[&[3.0, 5.0], &[7.0, 9.0]])],
    ] {
        let read = parse(&layers).unwrap();
        assert_eq!((parts(&read), &read.ignored[..]), (whole.clone(), &[][..]));
    }
    let told = "s: 2 blobs of a Scale that is not the one after a BatchNorm";
    for layers in [vec![norm("n", "c"), relu("c"), scale("c")], vec![scale("c"), norm("n", "c")]] {
        let read = parse(&layers).unwrap();
        assert_eq!((parts(&read), &read.ignored[..]), (vec![("n", statistics.into())], &[told.to_string()][..]));
    }
    // Of two normalisations each has its own.
    let read = parse(&[norm("n", "c"), norm("m", "d"), scale("c")]).unwrap();
    assert_eq!(parts(&read), [whole[0].clone(), ("m", statistics.into())]);
    // The second Scale is a layer that the net does not have.
    let read = parse(&[norm("n", "c"), scale("c"), scale("c")]).unwrap();
    assert_eq!((parts(&read), &read.ignored[..]), (whole, &[told.to_string()][..]));
    // A Scale without a bias.
    let read = parse(&[norm("n", "c"), layer("s", "Scale", "c", "c", &[&[3.0, 5.0]])]).unwrap();
    assert_eq!(parts(&read), [("n", [&statistics[..], &scaled[..1]].concat())]);
}

#[test]
fn sums_of_nothing_are_nought_and_other_blobs_than_caffes_are_told_or_refused() {
    let norm = |blobs: &[&[f32]]| layer("n", "BatchNorm", "c", "c", blobs);
    let read = parse(&[norm(&[&[2.0], &[3.0], &[0.0]])]).unwrap();
    assert_eq!(parts(&read), [("n", vec![(Part::Mean, &[0.0][..]), (Part::Variance, &[0.0])])]);
    let product = layer("p", "InnerProduct", "c", "p", &[&[1.0]]);
    let read = parse(&[norm(&[&[2.0], &[3.0], &[1.0], &[4.0], &[5.0]]), product]).unwrap();
    assert_eq!(read.ignored, ["n: 5 blobs of a BatchNorm, expected mean, variance and factor"]);
    let error = parse(&[norm(&[&[2.0], &[3.0], &[1.0, 2.0]])]).unwrap_err().to_string();
    assert!(error.contains("blob n.factor has 2 values"), "{error}");
    // With a scale factor of NaN the statistics are NaN as well, and they are refused by name.
    let read = parse(&[norm(&[&[2.0; 6], &[3.0; 6], &[f32::NAN]])]).unwrap();
    let found = exchange::fit(Path::new("x"), &read, &normed(), Turns::default()).unwrap();
    let error = found.tensors(true, Stream::named).unwrap_err();
    assert!(matches!(&error, ExchangeError::NonFinite { count: 6, of: 6, .. }), "{error}");
}
