//! Cases of softmax and cross-entropy: few and many classes, large logits, common offsets.

use super::{Builder, Case, Gradient, LIMIT, Loss, Rule, Values};
use crate::{
    host::ImageDims,
    ops::{Element, OpsError, TensorShape, softmax_cross_entropy},
};

/// What a case is for; images; classes; weight of an image's loss; standard deviation and offset of the logits.
pub const CONFIGURATIONS: &[(&str, usize, usize, f64, f64, f64)] = &[
    ("small", 4, 5, 0.25, 1.0, 0.0),
    ("one class", 3, 1, 1.0, 1.0, 0.0),
    ("two classes, one image", 1, 2, 1.0, 1.0, 0.0),
    ("1000 classes", 5, 1000, 0.2, 2.0, 0.0),
    ("classes no multiple of four", 33, 7, 1.0 / 33.0, 2.0, 0.0),
    ("a tile and one", 65, 65, 1.0 / 65.0, 1.0, 0.0),
    ("logits near 1000", 6, 10, 1.0 / 6.0, 1000.0, 0.0),
    ("certain, right or wrong", 9, 4, 1.0 / 9.0, 90.0, 0.0),
    ("a common offset of 30000", 4, 16, 0.25, 1.0, 30_000.0),
    ("a common offset of -30000", 4, 16, 0.25, 1.0, -30_000.0),
    ("loss weight 0.3", 9, 6, 0.3 / 9.0, 1.0, 0.0),
    ("all logits equal", 3, 10, 1.0 / 3.0, 0.0, 5.0),
];

/// The bounds of loss, prob and dx. An exponential's relative error is that of its argument's size:
/// a probability `p` adds `p (1 + |x - max|)`, a loss `1 + log(sum) + |x_label - max|`,
/// a gradient its probability's bound and its target, times the weight.
fn bounds(classes: usize, weight: f64, logits: &[f32], labels: &[u32]) -> [Vec<f64>; 3] {
    let (mut loss, mut prob, mut dx) = (Vec::new(), Vec::new(), Vec::new());
    for (x, &label) in logits.chunks_exact(classes).zip(labels) {
        let max = f64::from(x.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let below: Vec<f64> = x.iter().map(|&x| max - f64::from(x)).collect();
        let sum: f64 = below.iter().map(|b| (-b).exp()).sum();
        loss.push(1.0 + sum.ln() + below[label as usize]);
        for (class, below) in below.iter().enumerate() {
            let bound = (-below).exp() / sum * (1.0 + below);
            prob.push(bound);
            dx.push(weight * (bound + f64::from(u8::from(class == label as usize))));
        }
    }
    [loss, prob, dx]
}

/// Both directions.
pub fn case(text: &str, n: usize, classes: usize, weight: f64, std: f64, offset: f64) -> Case {
    let mut b = Builder::new("softmax_cross_entropy", format!("{text}: {n} images, {classes} classes"));
    let map = TensorShape::Activation(ImageDims { n, c: classes, h: 1, w: 1 });
    let column = TensorShape::Rows { rows: n, width: 1 };
    let values: Vec<f32> = b.draw("x", map.len(), std).iter().map(|x| x + offset as f32).collect();
    let words = b.draw_words("labels", n, classes as u32);
    let [loss_bound, prob_bound, dx_bound] = bounds(classes, weight, &values, &words);
    let bound = |bound| Rule::Bound { bound, limit: LIMIT };
    let logits = b.given("logits", map, Values::Real(values), false);
    let labels = b.given("labels", column, Values::Words(words), false);
    let loss = b.result("loss", column, Element::Real, bound(loss_bound));
    let prob = b.result("prob", map, Element::Real, bound(prob_bound));
    let dx = b.result("dx", map, Element::Real, bound(dx_bound));
    b.call(softmax_cross_entropy::Forward { n, classes, logits, labels, loss, prob });
    b.call(softmax_cross_entropy::Backward { n, classes, weight, prob, labels, dx });
    if std < 10.0 {
        // The scale of a softmax's curvature is 1 whatever the size of its logits.
        let step = 1e-4 / (1.0 + offset.abs());
        let gradients = vec![Gradient { of: logits, by: dx }];
        b.loss_with(Loss { y: loss, upstream: vec![weight; n], step, gradients, of_planes: Vec::new() });
    }
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    Ok(CONFIGURATIONS
        .iter()
        .map(|&(text, n, classes, weight, std, offset)| case(text, n, classes, weight, std, offset))
        .collect())
}
