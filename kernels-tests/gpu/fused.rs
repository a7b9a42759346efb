//! A rectifier or an update within another operation gives the bits of an operation of its own.

use super::{Case, bits, limited, shapes::images, software};
use strata::{
    host::{ConvDims, Window},
    ops::{Device, TensorId, TensorShape, add, conv2d, dense, lrn, max_pool, relu, sgd},
};

/// What one operation after another gives, and what one gives in which the rectifier is a part: on a processor, in
/// tiles and in lanes.
#[test]
fn a_rectifier_within_an_operation_gives_the_bits_of_one_of_its_own() {
    let conv = conv2d::dims(images(3, 6, 9, 7), 10, [Window::new(3, 1, 1), Window::new(3, 2, 1)], 2).unwrap();
    let wide = conv2d::dims(images(2, 8, 9, 7), 12, [Window::new(3, 1, 1), Window::new(3, 1, 0)], 1).unwrap();
    // With many channels the native executor computes lines of several images at a time.
    let many = conv2d::dims(images(3, 32, 40, 34), 32, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 1).unwrap();
    let dense = dense::DenseDims { x: images(5, 7, 3, 2), k: 9 };
    let pool = max_pool::dims(images(3, 5, 7, 7), [Window::new(3, 2, 0), Window::new(3, 2, 0)], true).unwrap();
    let norm = lrn::Lrn { size: 3, alpha: 0.5, beta: 0.75, k: 1.0 }.dims(images(2, 6, 4, 3)).unwrap();
    let build = |fused: bool| {
        let mut case = Case::default();
        for dims in [conv, wide, many] {
            let kernel = TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
            let (x, w, y) = (case.act("x", dims.x), case.real("w", kernel), case.act("y", dims.y()));
            let (dy, dx) = (case.act("dy", dims.y()), case.act("dx", dims.x));
            let (other, sum) = (case.act("other", dims.x), case.act("sum", dims.x));
            case.op(conv2d::Forward { dims, x, w, b: None, y, relu: fused });
            let (plus, rectified) = (fused.then_some(other), fused.then_some(x));
            case.op(conv2d::BackwardInput { dims, w, dy, dx, plus: None, rectified });
            case.op(conv2d::BackwardInput { dims, w, dy, dx: sum, plus, rectified });
            if !fused {
                case.op(relu::Forward { dims: dims.y(), y });
                case.op(relu::Backward { dims: dims.x, y: x, dy: dx });
                case.op(add::Backward { dims: dims.x, dy: other, dx: sum, rectified: None });
                case.op(relu::Backward { dims: dims.x, y: x, dy: sum });
            }
        }
        let kernel = TensorShape::Kernel { dims: [dense.k, dense.x.c, dense.x.h, dense.x.w], groups: 1 };
        let (x, w, y) = (case.act("x", dense.x), case.real("w", kernel), case.act("y", dense.y()));
        let (dy, dx) = (case.act("dy", dense.y()), case.act("dx", dense.x));
        case.op(dense::Forward { dims: dense, x, w, b: None, y, relu: fused });
        case.op(dense::BackwardInput { dims: dense, w, dy, dx, rectified: fused.then_some(x) });
        let (px, py, pdy, pdx) =
            (case.act("x", pool.x), case.act("y", pool.y()), case.act("dy", pool.y()), case.act("dx", pool.x));
        let argmax = case.word("argmax", TensorShape::Activation(pool.y()), |_| 0);
        case.op(max_pool::Forward { dims: pool, x: px, y: py, argmax });
        let rectified = fused.then_some(px);
        case.op(max_pool::Backward { dims: pool, argmax, dy: pdy, dx: pdx, rectified });
        let (nx, ndy, ndx) = (case.act("x", norm.x), case.act("dy", norm.x), case.act("dx", norm.x));
        case.op(lrn::Backward { dims: norm, x: nx, dy: ndy, dx: ndx, rectified: fused });
        if !fused {
            case.op(relu::Forward { dims: dense.y(), y });
            case.op(relu::Backward { dims: dense.x, y: x, dy: dx });
            case.op(relu::Backward { dims: pool.x, y: px, dy: pdx });
            case.op(relu::Backward { dims: norm.x, y: nx, dy: ndx });
        }
        case
    };
    let (fused, apart) = (build(true), build(false));
    for device in [Device::Cpu, limited(|limits| limits.lanes = false), Device::Gpu(software())] {
        assert_eq!(bits(&fused.run(&device)), bits(&apart.run(&device)), "{}", device.describe());
    }
}

/// Gradients of the weights of some layers, with updates of their own or within, and the tensors to compare.
pub fn updated(
    convolutions: &[ConvDims],
    layers: &[dense::DenseDims],
    (convention, nesterov): (sgd::Convention, bool),
    fused: bool,
) -> (Case, Vec<TensorId>) {
    let rule = sgd::Rule { convention, momentum: 0.9, nesterov, decay: 5e-4, lr_mult: 2.0 };
    let (mut case, mut written) = (Case::default(), Vec::new());
    let mut weights = |case: &mut Case, kernel: TensorShape, k: usize| {
        let [w, h, g] = ["w", "h", "g"].map(|name| case.real(name, kernel));
        let db = case.real("db", TensorShape::Channels(k));
        written.extend([w, h, db]);
        let applied = sgd::Gradient::Applied { rule, w, h };
        (if fused { applied } else { g.into() }, db, sgd::Update { len: kernel.len(), rule, g, w, h })
    };
    for &dims in convolutions {
        let kernel = TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
        let (x, dy) = (case.act("x", dims.x), case.act("dy", dims.y()));
        let (dw, db, update) = weights(&mut case, kernel, dims.k);
        case.op(conv2d::BackwardWeight { dims, x, dy, dw, db, biased: true, accumulate: false });
        if !fused {
            case.op(update);
        }
    }
    for &dims in layers {
        let kernel = TensorShape::Kernel { dims: [dims.k, dims.x.c, dims.x.h, dims.x.w], groups: 1 };
        let (x, dy) = (case.act("x", dims.x), case.act("dy", dims.y()));
        let (dw, db, update) = weights(&mut case, kernel, dims.k);
        case.op(dense::BackwardWeight { dims, x, dy, dw, db, accumulate: false });
        if !fused {
            case.op(update);
        }
    }
    (case, written)
}

/// In tiles, in lanes and on the cpu; in one segment and in several; with and without a split sum.
#[test]
fn an_update_within_a_gradient_gives_the_bits_of_one_of_its_own() {
    let grouped = conv2d::dims(images(70, 6, 9, 7), 10, [Window::new(3, 1, 1), Window::new(3, 2, 1)], 2).unwrap();
    let wide = conv2d::dims(images(70, 8, 9, 7), 12, [Window::new(3, 1, 1), Window::new(3, 1, 0)], 1).unwrap();
    let alone = conv2d::dims(images(1, 5, 9, 7), 11, [Window::new(3, 1, 1), Window::new(3, 1, 0)], 1).unwrap();
    // So many tiles that the sum is not split, and the segments go on with it.
    let many = conv2d::dims(images(270, 260, 4, 4), 1040, [Window::new(2, 2, 0), Window::new(2, 2, 0)], 1).unwrap();
    let dense = [(5, 90, 33), (70, 7, 130)].map(|(n, c, k)| dense::DenseDims { x: images(n, c, 3, 2), k });
    let gpu = |lanes, bytes: u64| {
        limited(|limits| {
            limits.lanes = lanes;
            limits.binding_bytes = limits.binding_bytes.min(bytes);
        })
    };
    let check = |convolutions: &[ConvDims], layers: &[dense::DenseDims], momentum, devices: &[Device]| {
        let [(fused, written), (apart, _)] = [true, false].map(|fused| updated(convolutions, layers, momentum, fused));
        for (number, device) in devices.iter().enumerate() {
            let (fused, apart) = (bits(&fused.run(device)), bits(&apart.run(device)));
            written.iter().for_each(|id| assert_eq!(fused[id.0], apart[id.0], "tensor {}, device {number}", id.0));
        }
    };
    let devices = [(true, 1 << 30), (false, 1 << 30), (true, 70_000), (false, 70_000)];
    let mut devices = devices.map(|(lanes, bytes)| gpu(lanes, bytes)).to_vec();
    devices.extend([Device::Cpu, Device::Reference]);
    for convention in [sgd::Convention::Caffe, sgd::Convention::Pytorch] {
        for nesterov in [false, true] {
            check(&[grouped, wide, alone], &dense, (convention, nesterov), &devices);
        }
    }
    check(&[many], &[], (sgd::Convention::Caffe, true), &[gpu(false, 4_400_000), gpu(false, 1 << 30)]);
}
