//! Cases of the update: both conventions over several steps with a drop of the rate, after which they differ.

use super::{Builder, Case, rule};
use crate::ops::{
    OpsError, TensorShape,
    sgd::{Convention, Rule, Update},
};

/// What a case is for; convention; momentum; decay; `lr_mult`; weights' shape.
pub const CONFIGURATIONS: &[(&str, Convention, f64, f64, f64, TensorShape)] = &[
    ("weights", Convention::Caffe, 0.9, 5e-4, 1.0, kernel([5, 3, 3, 3], 1)),
    ("weights of two groups", Convention::Caffe, 0.9, 5e-4, 1.0, kernel([6, 3, 1, 1], 2)),
    ("biases", Convention::Caffe, 0.9, 0.0, 2.0, TensorShape::Channels(13)),
    ("no momentum, no decay", Convention::Caffe, 0.0, 0.0, 1.0, TensorShape::Channels(1)),
    ("frozen", Convention::Caffe, 0.9, 5e-4, 0.0, TensorShape::Channels(7)),
    ("weights", Convention::Pytorch, 0.9, 5e-4, 1.0, kernel([5, 3, 3, 3], 1)),
    ("biases", Convention::Pytorch, 0.9, 0.0, 2.0, TensorShape::Channels(13)),
    ("more than one task", Convention::Caffe, 0.9, 5e-4, 1.0, kernel([129, 131, 1, 1], 1)),
];

const fn kernel(dims: [usize; 4], groups: usize) -> TensorShape {
    TensorShape::Kernel { dims, groups }
}

/// The rate of each step: a drop by ten after the third.
const RATES: [f64; 6] = [0.1, 0.1, 0.1, 0.01, 0.01, 0.01];

/// Six steps with six gradients.
pub fn case(text: &str, convention: Convention, momentum: f64, decay: f64, lr_mult: f64, shape: TensorShape) -> Case {
    let mut b = Builder::new("sgd", format!("{text}, {convention:?}: {} values, six steps", shape.len()));
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
        b.call(Update { len: shape.len(), rule: Rule { convention, momentum, decay, lr_mult }, g, w, h });
    }
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    Ok(CONFIGURATIONS
        .iter()
        .map(|&(text, convention, momentum, decay, lr_mult, shape)| {
            case(text, convention, momentum, decay, lr_mult, shape)
        })
        .collect())
}
