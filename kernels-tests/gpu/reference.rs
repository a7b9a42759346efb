//! Every operation on the software adapter equals the reference, the native executor in f64.

use super::{
    Case,
    layers::{convolution, dense_layer, head, pooling},
    limited,
    shapes::{awkward_convolutions, awkward_dense_layers, images, window},
    software,
};
use strata::{
    host::Window,
    ops::{Device, Element, Role, TensorShape, augment, dropout, lrn, relu, sgd},
};

#[test]
fn convolutions_of_awkward_shapes_equal_the_reference() {
    // The kernels that a GPU takes, beside those that a processor takes.
    let tiles = limited(|limits| limits.lanes = false);
    for dims in awkward_convolutions() {
        convolution(dims).check(&format!("{dims:?}"));
        convolution(dims).check_on(&format!("in tiles, {dims:?}"), &tiles);
    }
}

#[test]
fn dense_layers_of_awkward_shapes_equal_the_reference() {
    // The kernels that a GPU takes, beside those that a processor takes.
    let tiles = limited(|limits| limits.lanes = false);
    for dims in awkward_dense_layers() {
        dense_layer(dims).check(&format!("{dims:?}"));
        dense_layer(dims).check_on(&format!("in tiles, {dims:?}"), &tiles);
    }
}

#[test]
fn pooling_finds_the_first_maximum_and_sends_the_gradient_back() {
    for (x, windows, ceil) in [
        (images(2, 5, 8, 7), [Window::new(3, 2, 0), Window::new(3, 2, 0)], true),
        (images(1, 4, 7, 7), [Window::new(3, 2, 1), Window::new(2, 2, 0)], true),
        (images(3, 1, 5, 9), [Window::new(2, 1, 1), Window::new(3, 3, 1)], false),
        (images(1, 7, 9, 9), [window(2, 2, 0, 1, 2), window(3, 1, 1, 0, 2)], false),
    ] {
        pooling(x, windows, ceil).check(&format!("{x:?} {windows:?}"));
    }
    let mut nan = pooling(images(1, 2, 4, 4), [Window::new(2, 2, 0), Window::new(2, 2, 0)], false);
    nan.reals[0].1[1] = f32::NAN;
    nan.reals[0].1[4] = f32::NEG_INFINITY;
    nan.check("NaN");
}

#[test]
fn normalisation_equals_the_reference() {
    for (c, size, alpha, beta, k) in [
        (5, 3, 1.0, 0.75, 1.0),
        (96, 5, 1e-4, 0.75, 1.0),
        (7, 5, 2.0, 0.5, 2.0),
        (3, 7, 0.5, 1.0, 1.0),
        (1, 1, 9.0, 0.75, 0.1),
    ] {
        let dims = lrn::Lrn { size, alpha, beta, k }.dims(images(2, c, 3, 5)).unwrap();
        let mut case = Case::default();
        let (x, y, dy, dx) =
            (case.act("x", dims.x), case.act("y", dims.x), case.act("dy", dims.x), case.act("dx", dims.x));
        case.op(lrn::Forward { dims, x, y });
        case.op(lrn::Backward { dims, x, dy, dx, rectified: false });
        case.check(&format!("{dims:?}"));
    }
}

#[test]
fn softmax_and_ranks_equal_the_reference() {
    for (n, classes) in [(1, 1), (3, 10), (5, 63), (2, 64), (4, 65), (7, 1000)] {
        head(n, classes).check(&format!("{n} x {classes}"));
    }
    let mut odd = head(6, 5);
    let logits = &mut odd.reals[0].1;
    logits[0..5].copy_from_slice(&[1e30, -1e30, 0.0, 1.0, 2.0]);
    logits[5..10].copy_from_slice(&[f32::NAN, 1.0, 0.0, 1.0, 2.0]);
    logits[10..15].copy_from_slice(&[f32::INFINITY, 1.0, 0.0, 1.0, 2.0]);
    logits[15..20].copy_from_slice(&[f32::NEG_INFINITY, 1.0, 0.0, 1.0, 2.0]);
    logits[20..25].copy_from_slice(&[1.0; 5]);
    odd.words[0].1[5] = 77;
    odd.check("unusual logits and labels");
}

#[test]
fn rectifier_and_solver_equal_the_reference() {
    let dims = images(3, 7, 5, 3);
    let mut case = Case::default();
    let (y, dy) = (case.act("y", dims), case.act("dy", dims));
    let special = [f32::NAN, -0.0, 0.0, f32::INFINITY, f32::NEG_INFINITY];
    case.reals[0].1[..5].copy_from_slice(&special);
    case.op(relu::Forward { dims, y });
    case.op(relu::Backward { dims, y, dy });
    let conventions = [sgd::Convention::Caffe, sgd::Convention::Pytorch];
    let rules = conventions.into_iter().flat_map(|convention| [(convention, false), (convention, true)]);
    for (i, (convention, nesterov)) in rules.enumerate() {
        let shape = TensorShape::Kernel { dims: [5, 3, 3, 2], groups: 1 };
        let [g, w, h] = ["g", "w", "h"].map(|name| case.real(&format!("{name}{i}"), shape));
        let rule = sgd::Rule { convention, momentum: 0.9, nesterov, decay: 5e-4, lr_mult: 2.0 };
        case.op(sgd::Update { len: shape.len(), rule, g, w, h });
    }
    case.check("relu and sgd");
}

#[test]
fn dropout_masks_equal_those_of_the_native_executor() {
    for (n, c, h, w) in [(2, 4, 3, 3), (3, 7, 5, 1), (5, 13, 1, 1)] {
        let dims = images(n, c, h, w);
        let mut case = Case::default();
        let (x, z) = (case.act("x", dims), case.act("z", dims));
        case.reals.iter_mut().for_each(|(_, values)| values.fill(1.0));
        case.op(dropout::Apply { dims, ratio: 0.3, mask: dropout::Mask::Drawn { layer: 3 }, x });
        let mask = case.word("mask", TensorShape::Activation(dims), |i| (i % 3) as u32);
        case.op(dropout::Apply { dims, ratio: 0.5, mask: dropout::Mask::Given(mask), x: z });
        assert_eq!(case.run(&Device::Gpu(software())), case.run(&Device::Cpu));
        case.check("dropout");
    }
}

#[test]
fn augmentation_equals_the_reference() {
    for (c, padding) in [(1, 0), (3, 0), (5, 0), (1, 2), (3, 4), (5, 3)] {
        let stored = images(3, c, 9, 7);
        let padded = images(1, c, 9 + 2 * padding, 7 + 2 * padding);
        let mut case = Case::default();
        let bytes = TensorShape::Rows { rows: 3, width: stored.features() };
        let images_id = case.program.tensor("images", Role::Input, Element::Byte, bytes);
        case.bytes.push((images_id, (0..bytes.len()).map(|i| (i * 37 % 251) as u8).collect()));
        let crops = case.word("crops", TensorShape::Rows { rows: 3, width: 3 }, |i| [1, 2, 0, 0, 1, 1, 2, 0, 1][i]);
        let mean = case.real("mean", TensorShape::Rows { rows: 1, width: padded.features() });
        let scale = case.real("scale", TensorShape::Rows { rows: 1, width: c });
        let x = case.act("x", images(3, c, 6, 5));
        case.op(augment::Forward { stored, padding, crop: [6, 5], images: images_id, crops, mean, scale, x });
        case.check(&format!("{c} channels, padded by {padding}"));
    }
}
