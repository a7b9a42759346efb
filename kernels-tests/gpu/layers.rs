//! Layers as cases: every pass of one, forward and backward.

use super::Case;
use strata::{
    host::{ConvDims, ImageDims, Window},
    ops::{TensorShape, conv2d, dense, max_pool, sgd, softmax_cross_entropy, top_k},
};

/// All four passes of a convolution.
pub fn convolution(dims: ConvDims) -> Case {
    let mut case = Case::default();
    let kernel = TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
    let (x, w, b) = (case.act("x", dims.x), case.real("w", kernel), case.real("b", TensorShape::Channels(dims.k)));
    let (y, dy, dx) = (case.act("y", dims.y()), case.act("dy", dims.y()), case.act("dx", dims.x));
    let (dw, db) = (case.real("dw", kernel), case.real("db", TensorShape::Channels(dims.k)));
    case.op(conv2d::Forward { dims, x, w, b: Some(b), y, relu: false });
    case.op(conv2d::BackwardInput { dims, w, dy, dx, plus: None, rectified: None });
    case.op(conv2d::BackwardWeight { dims, x, dy, dw: dw.into(), db, biased: true, accumulate: false });
    let (dw, db) = (case.real("dw", kernel), case.real("db", TensorShape::Channels(dims.k)));
    case.op(conv2d::BackwardWeight { dims, x, dy, dw: dw.into(), db, biased: true, accumulate: true });
    case
}

/// All passes of a dense layer, and the update of its weights.
pub fn dense_layer(dims: dense::DenseDims) -> Case {
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
    let convention = sgd::Convention::Caffe;
    let rule = sgd::Rule { convention, momentum: 0.9, nesterov: false, decay: 5e-4, lr_mult: 2.0 };
    case.op(sgd::Update { len: 0, rule, g: dw, w, h });
    case
}

/// Max pooling and its way back.
pub fn pooling(x: ImageDims, windows: [Window; 2], ceil: bool) -> Case {
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

/// A net's end: the loss, its gradient, and the labels' ranks.
pub fn head(n: usize, classes: usize) -> Case {
    let mut case = Case::default();
    let dims = ImageDims { n, c: classes, h: 1, w: 1 };
    let (logits, prob) = (case.act("logits", dims), case.act("prob", dims));
    case.reals[0].1.iter_mut().for_each(|v| *v *= 8.0);
    let dx = case.act("dx", dims);
    let rows = TensorShape::Rows { rows: n, width: 1 };
    let labels = case.word("labels", rows, |i| ((i * 5) % classes) as u32);
    let loss = case.real("loss", rows);
    let rank = case.word("rank", rows, |_| 0);
    case.op(softmax_cross_entropy::Forward { n, classes, logits, labels, loss, prob });
    case.op(softmax_cross_entropy::Backward { n, classes, weight: 1.0 / n as f64, prob, labels, dx });
    case.op(top_k::Forward { n, classes, logits, labels, rank });
    case
}
