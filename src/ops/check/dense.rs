//! Cases of the fully connected layer.

use super::{Builder, Case, Gradient, LIMIT, Rule};
use crate::{
    host::ImageDims,
    ops::{
        Element, OpsError, TensorShape,
        dense::{self, DenseDims},
    },
};

/// What a case is for; images, channels, height, width; outputs; bias.
pub const CONFIGURATIONS: &[(&str, [usize; 4], usize, bool)] = &[
    ("every dimension 1", [1, 1, 1, 1], 1, true),
    ("fc6 of caffenet, shrunk: over a map", [4, 12, 6, 6], 37, true),
    ("fc6 of alexnet32", [2, 64, 4, 4], 256, true),
    ("fc8 of caffenet: 1000 classes", [3, 41, 1, 1], 1000, true),
    ("odd channels over an odd map", [3, 5, 3, 7], 11, true),
    ("no bias", [5, 29, 1, 1], 7, false),
    ("one image", [1, 37, 1, 1], 11, true),
    ("one output", [9, 29, 1, 1], 1, true),
    ("one input", [7, 1, 1, 1], 5, true),
    ("a tile less one", [63, 15, 1, 1], 63, true),
    ("a tile", [64, 16, 1, 1], 64, true),
    ("a tile and one", [65, 17, 1, 1], 65, true),
    ("a part of the columns and one", [2, 513, 1, 1], 513, true),
    ("4096 terms", [2, 4096, 1, 1], 10, true),
];

/// The forward pass and all backward passes.
pub fn case(text: &str, [n, c, h, w]: [usize; 4], k: usize, bias: bool) -> Case {
    let dims = DenseDims { x: ImageDims { n, c, h, w }, k };
    let mut b = Builder::new("dense", format!("{text}: x [{n}, {c}, {h}, {w}], k {k}"));
    let kernel = TensorShape::Kernel { dims: [k, c, h, w], groups: 1 };
    let (image, output) = (TensorShape::Activation(dims.x), TensorShape::Activation(dims.y()));
    let rule = || Rule::Magnitudes { limit: LIMIT };
    let x = b.drawn("x", image, 1.0);
    let weights = b.drawn("w", kernel, 0.1);
    let bias = bias.then(|| b.drawn("b", TensorShape::Channels(k), 1.0));
    let dy = b.drawn("dy", output, 1.0);
    let y = b.result("y", output, Element::Real, rule());
    let dx = b.result("dx", image, Element::Real, rule());
    let dw = b.result("dw", kernel, Element::Real, rule());
    let db = b.result("db", TensorShape::Channels(k), Element::Real, rule());
    b.call(dense::Forward { dims, x, w: weights, b: bias, y, relu: false });
    b.call(dense::BackwardInput { dims, w: weights, dy, dx, rectified: None });
    b.call(dense::BackwardWeight { dims, x, dy, dw: dw.into(), db, accumulate: false });
    let mut gradients = vec![Gradient { of: x, by: dx }, Gradient { of: weights, by: dw }];
    if let Some(bias) = bias {
        gradients.push(Gradient { of: bias, by: db });
    }
    b.loss(y, dy, 1e-2, gradients);
    b.finish()
}

/// The weight gradient, added to what is there.
pub fn adding(text: &str, [n, c, h, w]: [usize; 4], k: usize) -> Case {
    let dims = DenseDims { x: ImageDims { n, c, h, w }, k };
    let mut b = Builder::new("dense", format!("added to what is there: {text}"));
    let x = b.drawn("x", TensorShape::Activation(dims.x), 1.0);
    let dy = b.drawn("dy", TensorShape::Activation(dims.y()), 1.0);
    let kernel = TensorShape::Kernel { dims: [k, c, h, w], groups: 1 };
    let [dw, db] = [("dw", kernel), ("db", TensorShape::Channels(k))].map(|(name, shape)| {
        let id = b.drawn(name, shape, 1.0);
        b.in_place(id, Rule::Magnitudes { limit: LIMIT });
        id
    });
    b.call(dense::BackwardWeight { dims, x, dy, dw: dw.into(), db, accumulate: true });
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    let all = CONFIGURATIONS.iter().map(|&(text, x, k, bias)| case(text, x, k, bias));
    Ok(all.chain(CONFIGURATIONS.iter().map(|&(text, x, k, _)| adding(text, x, k))).collect())
}
