//! Cases of the rectifier, which must be exact in both directions.

use super::{Builder, Case, Gradient, Rule, Values};
use crate::{
    host::ImageDims,
    ops::{OpsError, TensorShape, relu},
};

/// What a case is for; images, channels, height, width; whether every third value is 0 or -0.
pub const CONFIGURATIONS: &[(&str, [usize; 4], bool)] = &[
    ("one value", [1, 1, 1, 1], false),
    ("odd", [2, 3, 5, 7], false),
    ("conv5 of caffenet, shrunk", [3, 32, 13, 13], false),
    ("channels no multiple of four", [4, 6, 4, 4], false),
    ("fully connected", [5, 130, 1, 1], false),
    ("exact zeros of both signs", [3, 4, 5, 5], true),
];

/// Both directions, in place.
pub fn case(text: &str, [n, c, h, w]: [usize; 4], zeros: bool) -> Case {
    let dims = ImageDims { n, c, h, w };
    let shape = TensorShape::Activation(dims);
    let mut b = Builder::new("relu", format!("{text}: x [{n}, {c}, {h}, {w}]"));
    // Values keep a distance from the kink at 0, or lie on it.
    let away = |v: f32| if v < 0.0 { v - 0.05 } else { v + 0.05 };
    let mut x: Vec<f32> = b.draw("x", shape.len(), 1.0).into_iter().map(away).collect();
    if zeros {
        x.iter_mut().step_by(3).for_each(|x| *x *= 0.0);
    }
    let y = b.given("y", shape, Values::Real(x), false);
    let dy = b.drawn("dy", shape, 1.0);
    b.in_place(y, Rule::Exact);
    b.in_place(dy, Rule::Exact);
    b.call(relu::Forward { dims, y });
    b.call(relu::Backward { dims, y, dy });
    if !zeros {
        b.loss(y, dy, 1e-3, vec![Gradient { of: y, by: dy }]);
    }
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    Ok(CONFIGURATIONS.iter().map(|&(text, x, zeros)| case(text, x, zeros)).collect())
}
