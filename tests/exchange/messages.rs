//! Caffe layers and ONNX nodes in the forms that the committed files do not have.

use super::protobuf::{blob, caffe_layer_of, field, float, number, onnx_attribute, onnx_model, onnx_node, onnx_tensor};
use std::path::Path;
use strata::exchange::{self, ForeignFile, Geometry, Order, Part};

fn parse(bytes: Vec<u8>) -> ForeignFile {
    exchange::parse(Path::new("x"), bytes).unwrap()
}

/// The tensor of a part of the first layer.
fn part(read: &ForeignFile, part: Part) -> &exchange::FileTensor {
    &read.tensors[read.groups[0].part(part).unwrap()]
}

#[test]
fn blobs_of_doubles_of_old_shapes_and_of_transposed_products_are_read() {
    let doubles: Vec<u8> = [1.5f64, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    // The four sides of old blobs: 1 x 1 x 1 x 2.
    let old = [number(1, 1), number(2, 1), number(3, 1), number(4, 2), field(8, &doubles)].concat();
    let weight = blob(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let transposed = field(117, &number(6, 1));
    let read = parse(caffe_layer_of("fc", "InnerProduct", ["x", "y"], &[weight.clone(), old.clone()], &transposed));
    assert_eq!((&part(&read, Part::Bias).shape[..], &part(&read, Part::Bias).values[..]), (&[2][..], &[1.5, -2.0][..]));
    let found = part(&read, Part::Weight);
    assert_eq!((found.order, &found.shape[..]), (Order::OutLast, &[3, 2][..]));
    let straight = parse(caffe_layer_of("fc", "InnerProduct", ["x", "y"], &[weight, old], &[]));
    assert_eq!(part(&straight, Part::Weight).order, Order::OutFirst);
}

#[test]
fn a_convolution_says_each_axis_or_both_in_one_number() {
    let weight = [blob(&[1, 1, 1, 1], &[1.0])];
    let geometry = |said: &[Vec<u8>]| {
        let read = parse(caffe_layer_of("c", "Convolution", ["x", "y"], &weight, &field(106, &said.concat())));
        let [Geometry::Conv { stride, padding, dilation, groups, .. }] = read.layers[..] else { panic!() };
        (stride, padding, dilation, groups)
    };
    assert_eq!(geometry(&[]), ([1, 1], [0; 4], [1, 1], 1));
    let one = [number(6, 3), number(3, 2), number(18, 4), number(5, 5)];
    assert_eq!(geometry(&one), ([3, 3], [2; 4], [4, 4], 5));
    let two = [number(6, 3), number(6, 2), number(3, 1), number(3, 0)];
    assert_eq!(geometry(&two), ([3, 2], [1, 0, 1, 0], [1, 1], 1));
    let named = [number(13, 2), number(14, 3), number(9, 4), number(10, 5)];
    assert_eq!(geometry(&named), ([2, 3], [4, 5, 4, 5], [1, 1], 1));
}

#[test]
fn a_product_that_is_scaled_is_no_dense_layer() {
    let tensors = [onnx_tensor("w", &[2, 2], &[1.0; 4]), onnx_tensor("fc.weight", &[2, 2], &[2.0; 4])];
    let layers = |attributes: &[Vec<u8>]| {
        let nodes = [onnx_node("Gemm", &["x", "w"], "y", attributes), onnx_node("Gemm", &["y", "fc.weight"], "z", &[])];
        let read = parse(onnx_model(&[nodes.concat(), tensors.concat()]));
        (read.groups.len(), read.ignored)
    };
    let scaled = |name: &str| [onnx_attribute(name, &float(2, 0.5))];
    assert_eq!(layers(&[]), (2, Vec::new()));
    assert_eq!(layers(&[onnx_attribute("alpha", &float(2, 1.0))]), (2, Vec::new()));
    let told = vec!["Gemm: a Gemm with alpha, beta or transA is no dense layer".to_string()];
    assert_eq!(layers(&scaled("alpha")), (1, told.clone()));
    assert_eq!(layers(&scaled("beta")), (1, told.clone()));
    assert_eq!(layers(&[onnx_attribute("transA", &number(3, 1))]), (1, told));
}

#[test]
fn numbers_that_preprocessing_adds_are_told_and_are_no_weights() {
    let nodes = [
        onnx_node("Sub", &["pixels", "mean"], "x", &[]),
        onnx_node("Conv", &["x", "c.weight"], "y", &[]),
        onnx_node("BatchNormalization", &["y", "n.weight", "n.bias", "n.mean", "n.var"], "z", &[]),
    ];
    let vector = |name: &str| onnx_tensor(name, &[2], &[1.0, 2.0]);
    let tensors = [
        onnx_tensor("mean", &[1, 2, 1, 1], &[1.0, 2.0]),
        onnx_tensor("c.weight", &[2, 2, 1, 1], &[1.0; 4]),
        ["n.weight", "n.bias", "n.mean", "n.var"].map(vector).concat(),
    ];
    let read = parse(onnx_model(&[nodes.concat(), tensors.concat()]));
    assert_eq!(read.ignored, ["mean: Sub reads it, which is no layer"]);
    assert_eq!(read.tensors.len(), 5);
    let Geometry::BatchNorm { mean, eps } = &read.layers[1] else { panic!("{:?}", read.layers) };
    // ONNX's own eps where the node says none.
    assert_eq!((mean.as_str(), *eps), ("n.mean", 1e-5));
}
