//! Every kernel on the software adapter, held against the native executor in f64, and the laws that
//! the gpu executor keeps: the same bits run after run, however tensors are divided, whatever the batch.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod matrices;

use std::sync::{Arc, OnceLock};
use strata::{
    gpu::{Choice, Gpu, Limits},
    host::{ConvDims, ImageDims, Stream, Window},
    ops::{
        Device, Element, Executor, Op, Program, Role, Step, TILES, TensorId, TensorShape, augment, conv2d, dense,
        dropout, lrn, max_pool, program::Entry, relu, sgd, softmax_cross_entropy, top_k,
    },
};

/// The software adapter with guards around every tensor; without one these tests fail and say what to install.
fn software() -> Arc<Gpu> {
    static GPU: OnceLock<Arc<Gpu>> = OnceLock::new();
    let open = || Gpu::open_limited(&Choice::Software, |limits| limits.guarded = true);
    Arc::clone(GPU.get_or_init(|| open().unwrap_or_else(|e| panic!("{e}"))))
}

fn limited(lower: impl FnOnce(&mut Limits)) -> Device {
    let opened = Gpu::open_limited(&Choice::Software, |limits| {
        limits.guarded = true;
        lower(limits);
    });
    Device::Gpu(opened.unwrap_or_else(|e| panic!("{e}")))
}

fn images(n: usize, c: usize, h: usize, w: usize) -> ImageDims {
    ImageDims { n, c, h, w }
}

/// A program of one tape, with the values that its tensors begin with.
#[derive(Clone, Default)]
struct Case {
    program: Program,
    reals: Vec<(TensorId, Vec<f32>)>,
    words: Vec<(TensorId, Vec<u32>)>,
    bytes: Vec<(TensorId, Vec<u8>)>,
}

impl Case {
    fn real(&mut self, name: &str, shape: TensorShape) -> TensorId {
        let id = self.program.tensor(name, Role::Activation, Element::Real, shape);
        let len = shape.len();
        self.reals.push((id, Stream::named(name).normal(len, 1.0)));
        id
    }
    fn act(&mut self, name: &str, dims: ImageDims) -> TensorId {
        self.real(name, TensorShape::Activation(dims))
    }
    fn word(&mut self, name: &str, shape: TensorShape, values: impl Fn(usize) -> u32) -> TensorId {
        let id = self.program.tensor(name, Role::Input, Element::Word, shape);
        self.words.push((id, (0..shape.len()).map(values).collect()));
        id
    }
    fn op(&mut self, op: impl Into<Op>) {
        if self.program.tapes.is_empty() {
            self.program.tapes.push(Vec::new());
        }
        self.program.tapes[0].push(Entry { layer: "layer".into(), op: op.into() });
    }

    fn load(&self, device: &Device) -> Executor {
        let program = Program { precision: device.precision(), ..self.program.clone() };
        let mut executor = Executor::load(device, Arc::new(program)).unwrap_or_else(|e| panic!("{e}"));
        self.reals.iter().for_each(|(id, values)| executor.write(*id, values).unwrap());
        self.words.iter().for_each(|(id, values)| executor.write_words(*id, values).unwrap());
        self.bytes.iter().for_each(|(id, values)| executor.write_bytes(*id, values).unwrap());
        executor
    }

    /// All tensors after one run: real numbers widened, words as numbers.
    fn run(&self, device: &Device) -> Vec<Vec<f64>> {
        let mut executor = self.load(device);
        let step = Step { iteration: 7, rate: 0.1, dropout: Stream::named("dropout"), first_image: 0 };
        executor.run(0, &step).unwrap();
        self.program
            .tensors
            .iter()
            .enumerate()
            .map(|(i, tensor)| match tensor.element {
                Element::Real => executor.read_f64(TensorId(i)).unwrap(),
                Element::Word => executor.read_words(TensorId(i)).unwrap().into_iter().map(f64::from).collect(),
                Element::Byte => Vec::new(),
            })
            .collect()
    }

    /// Fails where a tensor differs from the reference by more than a part of its largest value.
    fn check(&self, what: &str) {
        self.check_on(what, &Device::Gpu(software()));
    }
    fn check_on(&self, what: &str, device: &Device) {
        let (got, want) = (self.run(device), self.run(&Device::Reference));
        for ((got, want), tensor) in got.iter().zip(&want).zip(&self.program.tensors) {
            let largest = want.iter().fold(0.0_f64, |m, v| if v.is_finite() { m.max(v.abs()) } else { m });
            for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
                let near = (got - want).abs() <= 3e-6 * largest + 1e-30 || (got.is_nan() && want.is_nan());
                assert!(near || got == want, "{what}: {}[{i}] is {got}, not {want}", tensor.name);
            }
        }
    }
}

fn bits(values: &[Vec<f64>]) -> Vec<Vec<u64>> {
    values.iter().map(|v| v.iter().map(|v| v.to_bits()).collect()).collect()
}

fn window(kernel: usize, stride: usize, pad_begin: usize, pad_end: usize, dilation: usize) -> Window {
    Window { kernel, stride, dilation, pad_begin, pad_end }
}

/// All four passes of a convolution.
fn convolution(dims: ConvDims) -> Case {
    let mut case = Case::default();
    let kernel = TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
    let (x, w, b) = (case.act("x", dims.x), case.real("w", kernel), case.real("b", TensorShape::Channels(dims.k)));
    let (y, dy, dx) = (case.act("y", dims.y()), case.act("dy", dims.y()), case.act("dx", dims.x));
    let (dw, db) = (case.real("dw", kernel), case.real("db", TensorShape::Channels(dims.k)));
    case.op(conv2d::Forward { dims, x, w, b: Some(b), y, relu: false });
    case.op(conv2d::BackwardInput { dims, w, dy, dx, rectified: None });
    case.op(conv2d::BackwardWeight { dims, x, dy, dw: dw.into(), db, accumulate: false });
    let (dw, db) = (case.real("dw", kernel), case.real("db", TensorShape::Channels(dims.k)));
    case.op(conv2d::BackwardWeight { dims, x, dy, dw: dw.into(), db, accumulate: true });
    case
}

fn dense_layer(dims: dense::DenseDims) -> Case {
    let mut case = Case::default();
    let kernel = TensorShape::Kernel { dims: [dims.k, dims.x.c, dims.x.h, dims.x.w], groups: 1 };
    let (x, w, b) = (case.act("x", dims.x), case.real("w", kernel), case.real("b", TensorShape::Channels(dims.k)));
    let (y, dy, dx) = (case.act("y", dims.y()), case.act("dy", dims.y()), case.act("dx", dims.x));
    let (dw, db) = (case.real("dw", kernel), case.real("db", TensorShape::Channels(dims.k)));
    let h = case.real("h", kernel);
    let added = (case.real("dw", kernel), case.real("db", TensorShape::Channels(dims.k)));
    case.op(dense::Forward { dims, x, w, b: Some(b), y, relu: false });
    case.op(dense::BackwardInput { dims, w, dy, dx, rectified: None });
    case.op(dense::BackwardWeight { dims, x, dy, dw: dw.into(), db, accumulate: false });
    case.op(dense::BackwardWeight { dims, x, dy, dw: added.0.into(), db: added.1, accumulate: true });
    let rule = sgd::Rule { convention: sgd::Convention::Caffe, momentum: 0.9, decay: 5e-4, lr_mult: 2.0 };
    case.op(sgd::Update { len: 0, rule, g: dw, w, h });
    case
}

fn pooling(x: ImageDims, windows: [Window; 2], ceil: bool) -> Case {
    let dims = max_pool::dims(x, windows, ceil).unwrap();
    let mut case = Case::default();
    let (x, y) = (case.act("x", dims.x), case.act("y", dims.y()));
    // Few different values, so that there are ties, and both zeros.
    case.reals[0].1.iter_mut().for_each(|v| *v = (*v * 2.0).round() * 0.5);
    let argmax = case.word("argmax", TensorShape::Activation(dims.y()), |_| 0);
    let (dy, dx) = (case.act("dy", dims.y()), case.act("dx", dims.x));
    case.op(max_pool::Forward { dims, x, y, argmax });
    case.op(max_pool::Backward { dims, argmax, dy, dx, rectified: None });
    case
}

#[test]
fn convolutions_of_awkward_shapes_equal_the_reference() {
    // The kernels that a GPU takes, beside those that a processor takes.
    let tiles = limited(|limits| limits.lanes = false);
    for dims in awkward_convolutions() {
        convolution(dims).check(&format!("{dims:?}"));
        convolution(dims).check_on(&format!("in tiles, {dims:?}"), &tiles);
    }
}

fn awkward_convolutions() -> Vec<ConvDims> {
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    let cases = [
        (images(1, 1, 1, 1), 1, [one(1, 1, 0), one(1, 1, 0)], 1),
        (images(2, 3, 7, 5), 5, [one(3, 1, 1), one(3, 1, 1)], 1),
        (images(3, 4, 9, 8), 8, [one(5, 1, 2), one(3, 2, 1)], 2),
        (images(2, 6, 7, 7), 10, [one(3, 2, 1), one(3, 1, 0)], 2),
        (images(2, 7, 6, 5), 7, [one(3, 1, 1), one(3, 1, 1)], 7),
        (images(1, 3, 23, 19), 12, [one(11, 4, 0), one(11, 4, 2)], 1),
        (images(2, 5, 11, 13), 6, [window(3, 1, 2, 1, 2), window(2, 1, 0, 3, 3)], 1),
        (images(1, 16, 9, 7), 63, [one(3, 1, 1), one(3, 1, 1)], 1),
        (images(1, 17, 8, 8), 64, [one(1, 1, 0), one(1, 1, 0)], 1),
        (images(1, 16, 13, 5), 65, [one(3, 1, 1), one(3, 1, 1)], 1),
        (images(5, 24, 5, 5), 136, [one(5, 1, 2), one(5, 1, 2)], 2),
    ];
    cases.map(|(x, k, windows, groups)| conv2d::dims(x, k, windows, groups).unwrap()).to_vec()
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

fn awkward_dense_layers() -> Vec<dense::DenseDims> {
    let layers = [
        (1, 1, 1, 1, 1),
        (3, 5, 2, 3, 7),
        (65, 16, 1, 1, 63),
        (64, 17, 2, 2, 64),
        (33, 37, 3, 3, 130),
        (3, 37, 6, 5, 1030),
    ];
    layers.map(|(n, c, h, w, k)| dense::DenseDims { x: images(n, c, h, w), k }).to_vec()
}

#[test]
fn pooling_finds_the_first_maximum_and_sends_the_gradient_back() {
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    for (x, windows, ceil) in [
        (images(2, 5, 8, 7), [one(3, 2, 0), one(3, 2, 0)], true),
        (images(1, 4, 7, 7), [one(3, 2, 1), one(2, 2, 0)], true),
        (images(3, 1, 5, 9), [one(2, 1, 1), one(3, 3, 1)], false),
        (images(1, 7, 9, 9), [window(2, 2, 0, 1, 2), window(3, 1, 1, 0, 2)], false),
    ] {
        pooling(x, windows, ceil).check(&format!("{x:?} {windows:?}"));
    }
    let mut nan = pooling(images(1, 2, 4, 4), [one(2, 2, 0), one(2, 2, 0)], false);
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

fn head(n: usize, classes: usize) -> Case {
    let mut case = Case::default();
    let (logits, prob) = (case.act("logits", images(n, classes, 1, 1)), case.act("prob", images(n, classes, 1, 1)));
    case.reals[0].1.iter_mut().for_each(|v| *v *= 8.0);
    let dx = case.act("dx", images(n, classes, 1, 1));
    let rows = TensorShape::Rows { rows: n, width: 1 };
    let labels = case.word("labels", rows, |i| ((i * 5) % classes) as u32);
    let loss = case.real("loss", rows);
    let rank = case.word("rank", rows, |_| 0);
    case.op(softmax_cross_entropy::Forward { n, classes, logits, labels, loss, prob });
    case.op(softmax_cross_entropy::Backward { n, classes, weight: 1.0 / n as f64, prob, labels, dx });
    case.op(top_k::Forward { n, classes, logits, labels, rank });
    case
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
    for (i, convention) in [sgd::Convention::Caffe, sgd::Convention::Pytorch].into_iter().enumerate() {
        let shape = TensorShape::Kernel { dims: [5, 3, 3, 2], groups: 1 };
        let [g, w, h] = ["g", "w", "h"].map(|name| case.real(&format!("{name}{i}"), shape));
        let rule = sgd::Rule { convention, momentum: 0.9, decay: 5e-4, lr_mult: 2.0 };
        case.op(sgd::Update { len: shape.len(), rule, g, w, h });
    }
    case.check("relu and sgd");
}

/// What one operation after another gives, and what one gives in which the rectifier is a part: on a processor, in
/// tiles and in lanes.
#[test]
fn a_rectifier_within_an_operation_gives_the_bits_of_one_of_its_own() {
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    let conv = conv2d::dims(images(3, 6, 9, 7), 10, [one(3, 1, 1), one(3, 2, 1)], 2).unwrap();
    let wide = conv2d::dims(images(2, 8, 9, 7), 12, [one(3, 1, 1), one(3, 1, 0)], 1).unwrap();
    let dense = dense::DenseDims { x: images(5, 7, 3, 2), k: 9 };
    let pool = max_pool::dims(images(3, 5, 7, 7), [one(3, 2, 0), one(3, 2, 0)], true).unwrap();
    let norm = lrn::Lrn { size: 3, alpha: 0.5, beta: 0.75, k: 1.0 }.dims(images(2, 6, 4, 3)).unwrap();
    let build = |fused: bool| {
        let mut case = Case::default();
        for dims in [conv, wide] {
            let kernel = TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
            let (x, w, y) = (case.act("x", dims.x), case.real("w", kernel), case.act("y", dims.y()));
            let (dy, dx) = (case.act("dy", dims.y()), case.act("dx", dims.x));
            case.op(conv2d::Forward { dims, x, w, b: None, y, relu: fused });
            case.op(conv2d::BackwardInput { dims, w, dy, dx, rectified: fused.then_some(x) });
            if !fused {
                case.op(relu::Forward { dims: dims.y(), y });
                case.op(relu::Backward { dims: dims.x, y: x, dy: dx });
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
fn updated(
    convolutions: &[ConvDims],
    layers: &[dense::DenseDims],
    convention: sgd::Convention,
    fused: bool,
) -> (Case, Vec<TensorId>) {
    let rule = sgd::Rule { convention, momentum: 0.9, decay: 5e-4, lr_mult: 2.0 };
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
        case.op(conv2d::BackwardWeight { dims, x, dy, dw, db, accumulate: false });
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
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    let grouped = conv2d::dims(images(70, 6, 9, 7), 10, [one(3, 1, 1), one(3, 2, 1)], 2).unwrap();
    let wide = conv2d::dims(images(70, 8, 9, 7), 12, [one(3, 1, 1), one(3, 1, 0)], 1).unwrap();
    let alone = conv2d::dims(images(1, 5, 9, 7), 11, [one(3, 1, 1), one(3, 1, 0)], 1).unwrap();
    // So many tiles that the sum is not split, and the segments go on with it.
    let many = conv2d::dims(images(270, 260, 4, 4), 1040, [one(2, 2, 0), one(2, 2, 0)], 1).unwrap();
    let dense = [(5, 90, 33), (70, 7, 130)].map(|(n, c, k)| dense::DenseDims { x: images(n, c, 3, 2), k });
    let gpu = |lanes, bytes: u64| {
        limited(|limits| {
            limits.lanes = lanes;
            limits.binding_bytes = limits.binding_bytes.min(bytes);
        })
    };
    let check = |convolutions: &[ConvDims], layers: &[dense::DenseDims], convention, devices: &[Device]| {
        let [(fused, written), (apart, _)] =
            [true, false].map(|fused| updated(convolutions, layers, convention, fused));
        for (number, device) in devices.iter().enumerate() {
            let (fused, apart) = (bits(&fused.run(device)), bits(&apart.run(device)));
            written.iter().for_each(|id| assert_eq!(fused[id.0], apart[id.0], "tensor {}, device {number}", id.0));
        }
    };
    let devices = [(true, 1 << 30), (false, 1 << 30), (true, 70_000), (false, 70_000)];
    let mut devices = devices.map(|(lanes, bytes)| gpu(lanes, bytes)).to_vec();
    devices.extend([Device::Cpu, Device::Reference]);
    for convention in [sgd::Convention::Caffe, sgd::Convention::Pytorch] {
        check(&[grouped, wide, alone], &dense, convention, &devices);
    }
    check(&[many], &[], sgd::Convention::Caffe, &[gpu(false, 4_400_000), gpu(false, 1 << 30)]);
}

#[test]
fn the_bits_are_the_same_with_the_checks_of_untrusted_shaders() {
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    for lanes in [true, false] {
        let [trusted, checked] = [true, false].map(|trusted| {
            limited(|limits| {
                limits.trusted = trusted;
                limits.lanes = lanes;
            })
        });
        for case in [
            convolution(conv2d::dims(images(3, 6, 9, 8), 20, [one(5, 1, 2), one(3, 2, 1)], 2).unwrap()),
            convolution(conv2d::dims(images(2, 16, 7, 9), 65, [one(3, 1, 1), one(3, 1, 1)], 1).unwrap()),
            dense_layer(dense::DenseDims { x: images(33, 7, 3, 3), k: 67 }),
            pooling(images(3, 5, 8, 7), [one(3, 2, 0), one(3, 2, 0)], true),
            head(5, 63),
        ] {
            assert_eq!(bits(&case.run(&trusted)), bits(&case.run(&checked)));
        }
    }
}

/// Dimensions of 1, 2, a tile less one, a tile, a tile and one, and primes.
fn products_around_tiles() -> Vec<Case> {
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    let mut cases = Vec::new();
    for (x, k, windows, groups) in [
        (images(1, 1, 1, 1), 1, [one(1, 1, 0); 2], 1),
        (images(2, 2, 2, 2), 2, [one(2, 1, 0); 2], 2),
        (images(1, 63, 9, 7), 127, [one(3, 1, 1); 2], 1),
        (images(1, 64, 8, 16), 128, [one(1, 1, 0); 2], 1),
        (images(3, 65, 43, 1), 129, [one(1, 1, 0), one(1, 2, 0)], 1),
        (images(5, 14, 13, 11), 134, [one(5, 2, 2), one(3, 1, 1)], 2),
        (images(2, 72, 5, 13), 264, [one(3, 1, 1); 2], 2),
    ] {
        cases.push(convolution(conv2d::dims(x, k, windows, groups).unwrap()));
    }
    for (n, c, k) in [
        (1, 1, 1),
        (2, 2, 2),
        (63, 127, 65),
        (64, 128, 128),
        (127, 64, 63),
        (129, 257, 131),
        (37, 293, 17),
        (5, 1301, 2050),
    ] {
        cases.push(dense_layer(dense::DenseDims { x: images(n, c, 1, 1), k }));
    }
    cases
}

#[test]
fn the_bits_do_not_depend_on_the_tile() {
    let tiles: Vec<Device> = (0..TILES.len())
        .map(|tile| {
            limited(|limits| {
                limits.lanes = false;
                limits.tile = Some(tile);
            })
        })
        .collect();
    for case in products_around_tiles() {
        let [first, second, third] = [0, 1, 2].map(|tile| bits(&case.run(&tiles[tile])));
        assert_eq!(first, second);
        assert_eq!(first, third);
    }
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
    for c in [1, 3, 5] {
        let stored = images(3, c, 9, 7);
        let mut case = Case::default();
        let bytes = TensorShape::Rows { rows: 3, width: stored.features() };
        let images_id = case.program.tensor("images", Role::Input, Element::Byte, bytes);
        case.bytes.push((images_id, (0..bytes.len()).map(|i| (i * 37 % 251) as u8).collect()));
        let crops = case.word("crops", TensorShape::Rows { rows: 3, width: 3 }, |i| [1, 2, 0, 0, 1, 1, 2, 0, 1][i]);
        let mean = case.real("mean", TensorShape::Rows { rows: 1, width: stored.features() });
        let x = case.act("x", images(3, c, 6, 5));
        case.op(augment::Forward { stored, crop: [6, 5], scale: 1.0 / 128.0, images: images_id, crops, mean, x });
        case.check(&format!("{c} channels"));
    }
}

/// A batch of 80 in segments of 32, weights in segments of 256 rows, grids folded at 3 workgroups.
#[test]
fn the_bits_do_not_depend_on_how_tensors_and_grids_are_divided() {
    let whole = Device::Gpu(software());
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    let cases = [
        (convolution(conv2d::dims(images(80, 3, 9, 8), 6, [one(3, 1, 1), one(3, 2, 1)], 1).unwrap()), 60_000),
        (dense_layer(dense::DenseDims { x: images(80, 31, 5, 4), k: 10 }), 100 * 1024),
        (dense_layer(dense::DenseDims { x: images(70, 31, 5, 4), k: 33 }), 128 * 1024),
        // Sums in two parts, of which a piece of the weights ends within the second.
        (dense_layer(dense::DenseDims { x: images(70, 40, 8, 4), k: 33 }), 164_000),
        (pooling(images(80, 5, 9, 9), [one(3, 2, 0), one(3, 2, 0)], true), 100_000),
        (head(70, 33), 5_000),
    ];
    for ((case, bytes), lanes) in cases.into_iter().flat_map(|case| [(case.clone(), true), (case, false)]) {
        let whole = limited(|limits| limits.lanes = lanes);
        let divided = limited(|limits| {
            limits.binding_bytes = bytes;
            limits.workgroups = 97;
            limits.lanes = lanes;
        });
        let executor = case.load(&divided);
        assert!(!format!("{executor:?}").is_empty());
        assert_eq!(bits(&case.run(&whole)), bits(&case.run(&divided)));
    }
    let dims = images(80, 7, 3, 3);
    let mut case = Case::default();
    let x = case.act("x", dims);
    case.op(dropout::Apply { dims, ratio: 0.3, mask: dropout::Mask::Drawn { layer: 3 }, x });
    assert_eq!(bits(&case.run(&whole)), bits(&case.run(&limited(|limits| limits.binding_bytes = 10_000))));
}

#[test]
fn an_images_forward_bits_do_not_depend_on_its_batch() {
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    for gpu in [Device::Gpu(software()), limited(|limits| limits.lanes = false)] {
        let run = |n: usize| {
            let conv = convolution(conv2d::dims(images(n, 5, 7, 6), 9, [one(3, 1, 1), one(3, 1, 1)], 1).unwrap());
            // Deep enough for a sum in parts on a GPU.
            let dense = dense_layer(dense::DenseDims { x: images(n, 28, 7, 6), k: 9 });
            // Tensor 0 is x, tensor 3 is y; both streams of x begin with the same values.
            (conv.run(&gpu)[3][..9 * 42].to_vec(), dense.run(&gpu)[3][..9].to_vec())
        };
        let alone = run(1);
        for n in [2, 65, 300] {
            assert_eq!(alone, run(n));
        }
    }
}

#[test]
fn two_runs_give_the_same_bits() {
    let gpu = Device::Gpu(software());
    let case = convolution(conv2d::dims(images(4, 6, 9, 9), 12, [window(3, 1, 1, 1, 1); 2], 2).unwrap());
    assert_eq!(bits(&case.run(&gpu)), bits(&case.run(&gpu)));
}

#[test]
fn what_is_read_later_arrives_in_order_as_it_was() {
    for device in [Device::Cpu, Device::Gpu(software())] {
        let dims = images(1, 4, 1, 1);
        let mut case = Case::default();
        let y = case.act("y", dims);
        case.op(relu::Forward { dims, y });
        let mut executor = case.load(&device);
        let mut arrived: Vec<f32> = Vec::new();
        // More than a ring holds, so that the oldest are waited for.
        for i in 0..30 {
            executor.write(y, &[i as f32 - 3.0; 4]).unwrap();
            executor.run(0, &Step { iteration: 0, rate: 0.0, dropout: Stream::named("ring"), first_image: 0 }).unwrap();
            executor.read_later(y).unwrap();
            arrived.extend(executor.collect(false).unwrap().iter().map(|values| values[1]));
        }
        arrived.extend(executor.collect(true).unwrap().iter().map(|values| values[1]));
        let expected: Vec<f32> = (0..30).map(|i| (i as f32 - 3.0).max(0.0)).collect();
        assert_eq!(arrived, expected, "{}", device.describe());
        assert!(executor.collect(true).unwrap().is_empty());
    }
}

#[test]
fn a_tensor_that_cannot_be_divided_is_refused_by_name() {
    let case = convolution(conv2d::dims(images(1, 40, 3, 3), 64, [window(3, 1, 1, 1, 1); 2], 1).unwrap());
    let error = Executor::load(&limited(|limits| limits.binding_bytes = 20_000), Arc::new(case.program)).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("layer layer, tensor w") && message.contains("maxStorageBufferBindingSize"), "{message}");
}
