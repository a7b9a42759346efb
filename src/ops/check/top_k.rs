//! Cases of the true class's rank, which must be exact.

use super::{Builder, Case, Rule, Values};
use crate::{
    host::ImageDims,
    ops::{Element, OpsError, TensorShape, top_k},
};

/// What a case is for; images; classes; different logits an image (0: all different).
pub const CONFIGURATIONS: &[(&str, usize, usize, u32)] = &[
    ("small", 4, 5, 0),
    ("one class", 2, 1, 0),
    ("1000 classes", 33, 1000, 0),
    ("classes no multiple of four", 65, 7, 0),
    ("ties", 64, 10, 3),
    ("all equal", 10, 10, 1),
];

/// The forward pass.
pub fn case(text: &str, n: usize, classes: usize, different: u32) -> Case {
    let mut b = Builder::new("top_k", format!("{text}: {n} images, {classes} classes"));
    let map = TensorShape::Activation(ImageDims { n, c: classes, h: 1, w: 1 });
    let column = TensorShape::Rows { rows: n, width: 1 };
    let values = if different == 0 {
        b.draw("x", map.len(), 1.0)
    } else {
        b.draw_words("x", map.len(), different).into_iter().map(|v| v as f32 - 1.0).collect()
    };
    let words = b.draw_words("labels", n, classes as u32);
    let logits = b.given("logits", map, Values::Real(values), false);
    let labels = b.given("labels", column, Values::Words(words), false);
    let rank = b.result("rank", column, Element::Word, Rule::Exact);
    b.call(top_k::Forward { n, classes, logits, labels, rank });
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    Ok(CONFIGURATIONS.iter().map(|&(text, n, classes, different)| case(text, n, classes, different)).collect())
}
