//! Cases of dropout, with drawn and with given masks: dropped elements are 0, kept ones right to their roundings.

use super::{Builder, Case, Gradient, Rule, Values};
use crate::{
    host::ImageDims,
    ops::{
        OpsError, TensorShape,
        dropout::{Apply, Mask},
    },
};

/// What a case is for; images, channels, height, width; ratio; whether the mask is given.
pub const CONFIGURATIONS: &[(&str, [usize; 4], f64, bool)] = &[
    ("nothing dropped", [4, 33, 1, 1], 0.0, false),
    ("a fifth dropped", [4, 33, 1, 1], 0.2, false),
    ("half dropped", [4, 33, 1, 1], 0.5, false),
    ("fc6 of alexnet32", [64, 256, 1, 1], 0.5, false),
    ("over a map of odd channels", [3, 5, 3, 7], 0.5, false),
    ("one value", [1, 1, 1, 1], 0.5, false),
    ("more than one task", [9, 517, 1, 1], 0.3, false),
    ("a mask given", [4, 33, 1, 1], 0.5, true),
    ("a mask given, over a map", [2, 6, 3, 3], 0.2, true),
];

/// Both directions: the same call on x and on dy.
pub fn case(text: &str, [n, c, h, w]: [usize; 4], ratio: f64, given: bool) -> Case {
    let dims = ImageDims { n, c, h, w };
    let shape = TensorShape::Activation(dims);
    let mut b = Builder::new("dropout", format!("{text}: x [{n}, {c}, {h}, {w}], ratio {ratio}"));
    let x = b.drawn("x", shape, 1.0);
    let dy = b.drawn("dy", shape, 1.0);
    let mask = if given {
        let words = b.draw_words("mask", shape.len(), 2);
        Mask::Given(b.given("mask", shape, Values::Words(words), false))
    } else {
        Mask::Drawn { layer: 3 }
    };
    // The product is rounded once, and the factor 1 / (1 - ratio) once unless it is exact.
    let factor = 1.0 / (1.0 - ratio);
    let roundings = if f64::from(factor as f32) == factor { 1.0 } else { 2.0 };
    b.in_place(x, Rule::Roundings(roundings));
    b.in_place(dy, Rule::Roundings(roundings));
    b.call(Apply { dims, ratio, mask, x });
    b.call(Apply { dims, ratio, mask, x: dy });
    b.loss(x, dy, 1e-2, vec![Gradient { of: x, by: dy }]);
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    Ok(CONFIGURATIONS.iter().map(|&(text, x, ratio, given)| case(text, x, ratio, given)).collect())
}
