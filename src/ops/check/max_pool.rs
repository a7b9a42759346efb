//! Cases of max pooling: both size modes, overlaps, padding, ties.

use super::{Case, Gradient, LIMIT, Rule, Values, pooling};
use crate::{
    host::{PoolDims, Stream},
    ops::{Element, OpsError, TensorShape, max_pool},
};

/// What the input holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Different values in a random order.
    Distinct,
    /// Different values, all below 0, so that padding would win if it counted.
    Negative,
    /// Three values only, so that most windows have several maxima.
    Ties,
    /// One value.
    Constant,
}

/// One configuration.
pub type Configuration = pooling::Configuration<Content>;

const CAFFE: Configuration = Configuration {
    text: "",
    x: [1; 4],
    kernel: [3; 2],
    stride: [2; 2],
    pads: [0; 4],
    dilation: [1; 2],
    ceil: true,
    own: Content::Distinct,
};

/// The configurations.
#[rustfmt::skip]
pub const CONFIGURATIONS: &[Configuration] = &[
    Configuration { text: "pool1 of caffenet, fewer channels", x: [2, 5, 55, 55], ..CAFFE },
    Configuration { text: "pool1 of alexnet32", x: [2, 32, 32, 32], ..CAFFE },
    Configuration { text: "shorter than its window, rounded up", x: [2, 3, 2, 2], ..CAFFE },
    Configuration { text: "rounded up", x: [2, 3, 14, 12], ..CAFFE },
    Configuration { text: "rounded down: the last row and column go unused", x: [2, 3, 14, 12], ceil: false, ..CAFFE },
    Configuration { text: "one window", x: [1, 1, 3, 3], ..CAFFE },
    Configuration { text: "one pixel", x: [2, 7, 1, 1], kernel: [1, 1], stride: [1, 1], ..CAFFE },
    Configuration { text: "no overlap, odd width", x: [2, 3, 8, 7], kernel: [2, 2], ..CAFFE },
    Configuration { text: "stride 1: a pixel in up to nine windows", x: [1, 6, 9, 9], stride: [1, 1], ceil: false, ..CAFFE },
    Configuration { text: "3x1 window", x: [7, 1, 5, 9], kernel: [3, 1], stride: [2, 1], ..CAFFE },
    Configuration { text: "padded, all negative", x: [2, 3, 11, 12], pads: [1; 4], own: Content::Negative, ..CAFFE },
    Configuration { text: "padded, rounded down", x: [2, 3, 11, 12], pads: [1; 4], ceil: false, ..CAFFE },
    Configuration { text: "uneven padding", x: [2, 4, 7, 8], pads: [0, 1, 2, 0], own: Content::Negative, ..CAFFE },
    Configuration { text: "dilated", x: [2, 3, 11, 10], stride: [1, 2], dilation: [2, 3], ceil: false, ..CAFFE },
    Configuration { text: "steps beyond the window", x: [2, 3, 11, 10], kernel: [2, 2], stride: [3, 4], ceil: false, ..CAFFE },
    Configuration { text: "ties", x: [3, 6, 13, 13], own: Content::Ties, ..CAFFE },
    Configuration { text: "ties under padding", x: [2, 5, 9, 8], pads: [1; 4], own: Content::Ties, ..CAFFE },
    Configuration { text: "constant", x: [2, 3, 12, 12], own: Content::Constant, ..CAFFE },
];

impl Configuration {
    /// The dimensions.
    pub fn dims(&self) -> Result<PoolDims, OpsError> {
        max_pool::dims(self.image(), self.windows(), self.ceil)
    }

    fn values(&self, len: usize) -> Vec<f32> {
        let order = Stream::named(self.text).permutation(len, 0);
        let value = |rank: u32| match self.own {
            Content::Distinct => (rank as f32 - len as f32 / 2.0) * 0.01,
            Content::Negative => -1.0 - rank as f32 * 0.01,
            Content::Ties => (rank % 3) as f32 - 1.0,
            Content::Constant => -0.5,
        };
        order.into_iter().map(value).collect()
    }

    /// Both directions.
    pub fn case(&self) -> Result<Case, OpsError> {
        let dims = self.dims()?;
        let mut b = self.builder("max_pool", "");
        let (image, output) = (TensorShape::Activation(dims.x), TensorShape::Activation(dims.y()));
        let x = b.given("x", image, Values::Real(self.values(image.len())), false);
        let dy = b.drawn("dy", output, 1.0);
        let y = b.result("y", output, Element::Real, Rule::Exact);
        let argmax = b.result("argmax", output, Element::Word, Rule::Exact);
        // Overlapping windows add their gradients; the bound adds their absolute values.
        let dx = b.result("dx", image, Element::Real, Rule::Magnitudes { limit: LIMIT });
        b.call(max_pool::Forward { dims, x, y, argmax });
        b.call(max_pool::Backward { dims, argmax, dy, dx, rectified: None });
        if matches!(self.own, Content::Distinct | Content::Negative) {
            // The step stays below half the distance of two values, so that no maximum changes.
            let values = self.values(image.len());
            let mean_square = values.iter().map(|v| f64::from(v * v)).sum::<f64>() / values.len() as f64;
            b.loss(y, dy, 1e-3 / mean_square.sqrt(), vec![Gradient { of: x, by: dx }]);
        }
        Ok(b.finish())
    }
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    CONFIGURATIONS.iter().map(Configuration::case).collect()
}
