//! Cases of the update: both conventions, with plain and with Nesterov's momentum, over several steps with a drop of
//! the rate, after which the conventions differ.

use super::{Builder, Case, rule};
use crate::ops::{
    OpsError, TensorShape,
    sgd::{Convention, Rule, Update},
};

/// What a case is for; its rule; the shape of the weights.
pub const CONFIGURATIONS: &[(&str, Rule, TensorShape)] = &[
    ("weights", WEIGHTS, kernel([5, 3, 3, 3], 1)),
    ("weights of two groups", WEIGHTS, kernel([6, 3, 1, 1], 2)),
    ("biases", BIASES, TensorShape::Channels(13)),
    ("no momentum, no decay", Rule { momentum: 0.0, decay: 0.0, ..WEIGHTS }, TensorShape::Channels(1)),
    ("frozen", Rule { lr_mult: 0.0, ..WEIGHTS }, TensorShape::Channels(7)),
    ("weights", Rule { convention: Convention::Pytorch, ..WEIGHTS }, kernel([5, 3, 3, 3], 1)),
    ("biases", Rule { convention: Convention::Pytorch, ..BIASES }, TensorShape::Channels(13)),
    ("more than one task", WEIGHTS, kernel([129, 131, 1, 1], 1)),
    ("weights", Rule { nesterov: true, ..WEIGHTS }, kernel([5, 3, 3, 3], 1)),
    ("biases", Rule { nesterov: true, ..BIASES }, TensorShape::Channels(13)),
    (
        "weights of two groups",
        Rule { nesterov: true, convention: Convention::Pytorch, ..WEIGHTS },
        kernel([6, 3, 1, 1], 2),
    ),
    ("biases", Rule { nesterov: true, convention: Convention::Pytorch, ..BIASES }, TensorShape::Channels(13)),
];

const WEIGHTS: Rule = Rule { convention: Convention::Caffe, momentum: 0.9, nesterov: false, decay: 5e-4, lr_mult: 1.0 };
const BIASES: Rule = Rule { decay: 0.0, lr_mult: 2.0, ..WEIGHTS };

const fn kernel(dims: [usize; 4], groups: usize) -> TensorShape {
    TensorShape::Kernel { dims, groups }
}

/// The rate of each step: a drop by ten after the third.
const RATES: [f64; 6] = [0.1, 0.1, 0.1, 0.01, 0.01, 0.01];

/// Six steps with six gradients.
pub fn case(text: &str, rule: Rule, shape: TensorShape) -> Case {
    let momentum = if rule.nesterov { ", Nesterov" } else { "" };
    let convention = rule.convention;
    let mut b = Builder::new("sgd", format!("{text}, {convention:?}{momentum}: {} values, six steps", shape.len()));
    let w = b.drawn("w", shape, 0.1);
    let h = b.drawn("h", shape, 0.01);
    b.in_place(w, rule::Rule::Update);
    b.in_place(h, rule::Rule::Update);
    for (step, rate) in RATES.into_iter().enumerate() {
        if step > 0 {
            b.next_tape();
        }
        b.rate(rate);
        let g = b.drawn(&format!("g{step}"), shape, 0.1);
        b.call(Update { len: shape.len(), rule, g, w, h });
    }
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    Ok(CONFIGURATIONS.iter().map(|&(text, rule, shape)| case(text, rule, shape)).collect())
}
