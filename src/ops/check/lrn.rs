//! Cases of the normalisation across channels.
//!
//! With Caffe's alpha and inputs near 1 a wrong alpha or window moves the gradient by less than a thousandth,
//! so most inputs here are large, or alpha is.

use super::{Builder, Case, Gradient, LRN_LIMIT, Rule};
use crate::{
    host::{ImageDims, LrnDims},
    ops::{
        Element, OpsError, TensorShape,
        lrn::{self, Lrn},
    },
};

const CAFFE: Lrn = Lrn { size: 5, alpha: 1e-4, beta: 0.75, k: 1.0 };

/// What a case is for; images, channels, height, width; parameters; standard deviation of the input.
pub const CONFIGURATIONS: &[(&str, [usize; 4], Lrn, f64)] = &[
    ("caffenet, shrunk", [2, 24, 5, 5], CAFFE, 30.0),
    ("alexnet32", [2, 32, 8, 8], Lrn { size: 3, alpha: 5e-5, beta: 0.75, k: 1.0 }, 50.0),
    ("inputs near 1", [2, 7, 3, 3], CAFFE, 1.0),
    ("large inputs: scale near 100", [2, 13, 7, 5], CAFFE, 1000.0),
    ("one channel", [3, 1, 4, 5], CAFFE, 100.0),
    ("fewer channels than the window", [2, 3, 3, 3], CAFFE, 100.0),
    ("as many channels as the window, one pixel", [1, 5, 1, 1], CAFFE, 100.0),
    ("other size, beta and k", [2, 11, 5, 5], Lrn { size: 3, alpha: 1.0, beta: 0.5, k: 2.0 }, 1.0),
    ("beta 1", [2, 9, 3, 3], Lrn { size: 5, alpha: 0.5, beta: 1.0, k: 1.0 }, 2.0),
    ("the first AlexNet's k and beta", [2, 10, 3, 3], Lrn { size: 5, alpha: 1e-2, beta: 0.75, k: 2.0 }, 10.0),
    ("size 1", [1, 9, 4, 4], Lrn { size: 1, alpha: 0.5, beta: 0.75, k: 1.0 }, 1.0),
    ("size 7 over 96 channels", [1, 96, 3, 2], Lrn { size: 7, alpha: 0.1, beta: 0.6, k: 1.5 }, 3.0),
    ("all zero", [2, 6, 3, 3], CAFFE, 0.0),
];

/// The bounds of y, `|y|`, and of dx, the sum of the absolute values of its `1 + size` terms, in outer order.
fn bounds(dims: &LrnDims, x: &[f32], dy: &[f32]) -> [Vec<f64>; 2] {
    let (c, pixels, half) = (dims.x.c, dims.x.h * dims.x.w, dims.size / 2);
    let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    for first in (0..x.len()).step_by(c * pixels).flat_map(|image| image..image + pixels) {
        let at = |channel: usize| first + channel * pixels;
        let around = |channel: usize| channel.saturating_sub(half)..(channel + half + 1).min(c);
        let value = |values: &[f32], channel: usize| f64::from(values[at(channel)]).abs();
        let squares = |channel: usize| around(channel).map(|j| value(x, j).powi(2)).sum::<f64>();
        let scale: Vec<f64> = (0..c).map(|j| dims.k + dims.alpha / dims.size as f64 * squares(j)).collect();
        for channel in 0..c {
            let power = scale[channel].powf(-dims.beta);
            let ratio = |j: usize| value(dy, j) * value(x, j) * scale[j].powf(-dims.beta - 1.0);
            let sum: f64 = around(channel).map(ratio).sum();
            let factor = 2.0 * dims.alpha * dims.beta / dims.size as f64;
            y[at(channel)] = value(x, channel) * power;
            dx[at(channel)] = value(dy, channel) * power + factor * value(x, channel) * sum;
        }
    }
    [y, dx]
}

/// Both directions.
pub fn case(text: &str, [n, c, h, w]: [usize; 4], parameters: Lrn, std: f64) -> Result<Case, OpsError> {
    let dims = parameters.dims(ImageDims { n, c, h, w })?;
    let shape = TensorShape::Activation(dims.x);
    let Lrn { size, alpha, beta, k } = parameters;
    let mut b =
        Builder::new("lrn", format!("{text}: x [{n}, {c}, {h}, {w}], size {size}, alpha {alpha}, beta {beta}, k {k}"));
    let (values, upstream) = (b.draw("x", shape.len(), std), b.draw("dy", shape.len(), 1.0));
    let [y_bound, dx_bound] = bounds(&dims, &values, &upstream);
    let x = b.drawn("x", shape, std);
    let dy = b.drawn("dy", shape, 1.0);
    let y = b.result("y", shape, Element::Real, Rule::Bound { bound: y_bound, limit: LRN_LIMIT });
    let dx = b.result("dx", shape, Element::Real, Rule::Bound { bound: dx_bound, limit: LRN_LIMIT });
    b.call(lrn::Forward { dims, x, y });
    b.call(lrn::Backward { dims, x, dy, dx, rectified: false });
    b.loss(y, dy, 1e-4, vec![Gradient { of: x, by: dx }]);
    Ok(b.finish())
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    CONFIGURATIONS.iter().map(|&(text, x, parameters, std)| case(text, x, parameters, std)).collect()
}
