//! Cases of addition: a sum of two terms, which is rounded once, a copy, and a gradient that is added to another.

use super::{Builder, Case, Gradient, Rule, Values};
use crate::{
    host::ImageDims,
    ops::{Element, OpsError, TensorShape, add},
};

/// What a case is for; images, channels, height, width; whether a rectifier follows the sum.
pub const CONFIGURATIONS: &[(&str, [usize; 4], bool)] = &[
    ("one value", [1, 1, 1, 1], false),
    ("odd", [2, 3, 5, 7], false),
    ("a residual block of resnet20, shrunk", [4, 16, 16, 16], true),
    ("channels no multiple of four", [4, 6, 4, 4], true),
    ("over features", [5, 130, 1, 1], false),
    ("more than one task", [3, 64, 12, 12], true),
];

/// `y = relu(a + b)` and both gradients: b's is a copy of that of the sum, and a's is added to what another reader of a
/// has left. The loss is `sum(y * dy) + sum(a * before)`.
pub fn case(text: &str, [n, c, h, w]: [usize; 4], relu: bool) -> Case {
    let dims = ImageDims { n, c, h, w };
    let shape = TensorShape::Activation(dims);
    let end = if relu { ", then the rectifier" } else { "" };
    let mut b = Builder::new("add", format!("{text}: x [{n}, {c}, {h}, {w}]{end}"));
    let first = b.drawn("a", shape, 1.0);
    let second = b.drawn("b", shape, 1.0);
    let dy = b.drawn("dy", shape, 1.0);
    let before = b.drawn("before", shape, 1.0);
    let y = b.result("y", shape, Element::Real, Rule::Roundings(1.0));
    let db = b.result("db", shape, Element::Real, Rule::Exact);
    // Both terms are inputs: where they cancel, the sum is one rounding of the exact one all the same.
    let da = b.result("da", shape, Element::Real, Rule::Roundings(1.0));
    b.call(add::Forward { dims, a: first, b: Some(second), y, relu });
    // Without a rectifier the gradient of the sum is dy itself.
    b.call(add::Forward { dims, a: dy, b: None, y: db, relu: false });
    b.call(add::Forward { dims, a: before, b: None, y: da, relu: false });
    b.call(add::Backward { dims, dy, dx: da, rectified: relu.then_some(y) });
    if !relu {
        b.loss(y, dy, 1e-2, vec![Gradient { of: second, by: db }]);
    }
    b.finish()
}

/// A copy keeps every bit, zeros of both signs among them.
pub fn copy(zeros: bool) -> Case {
    let dims = ImageDims { n: 3, c: 5, h: 4, w: 2 };
    let shape = TensorShape::Activation(dims);
    let mut b = Builder::new("add", format!("a copy{}: x {dims}", if zeros { " of zeros of both signs" } else { "" }));
    let mut x = b.draw("x", shape.len(), 1.0);
    if zeros {
        x.iter_mut().for_each(|x| *x *= 0.0);
    }
    let a = b.given("a", shape, Values::Real(x), false);
    let y = b.result("y", shape, Element::Real, Rule::Exact);
    b.call(add::Forward { dims, a, b: None, y, relu: false });
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    let sums = CONFIGURATIONS.iter().map(|&(text, x, relu)| case(text, x, relu));
    Ok(sums.chain([false, true].map(copy)).collect())
}
