//! Cases of average pooling: both size modes, both divisors, overlaps, padding, whole images.

use super::{Case, Gradient, LIMIT, Rule, pooling};
use crate::{
    host::AvgPoolDims,
    ops::{Element, OpsError, TensorShape, avg_pool},
};

/// Whether padding counts in the divisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// It does.
    Counted,
    /// It does not.
    NotCounted,
}

/// One configuration.
pub type Configuration = pooling::Configuration<Padding>;

const PLAIN: Configuration = Configuration {
    text: "",
    x: [1; 4],
    kernel: [2; 2],
    stride: [2; 2],
    pads: [0; 4],
    dilation: [1; 2],
    ceil: false,
    own: Padding::Counted,
};

/// The configurations.
#[rustfmt::skip]
pub const CONFIGURATIONS: &[Configuration] = &[
    Configuration { text: "no overlap", x: [2, 5, 8, 8], ..PLAIN },
    Configuration { text: "the whole image, as in resnet20", x: [3, 64, 8, 8], kernel: [8; 2], stride: [8; 2], ..PLAIN },
    Configuration { text: "one pixel", x: [2, 7, 1, 1], kernel: [1; 2], stride: [1; 2], ..PLAIN },
    Configuration { text: "stride 1: a pixel in up to nine windows", x: [1, 6, 9, 9], kernel: [3; 2], stride: [1; 2], ..PLAIN },
    Configuration { text: "padding counted", x: [2, 5, 9, 7], kernel: [3; 2], pads: [1; 4], ..PLAIN },
    Configuration { text: "padding not counted", x: [2, 5, 9, 7], kernel: [3; 2], pads: [1; 4], own: Padding::NotCounted, ..PLAIN },
    Configuration { text: "rounded up, padding counted", x: [2, 3, 8, 10], kernel: [3; 2], pads: [1; 4], ceil: true, ..PLAIN },
    Configuration { text: "rounded up, padding not counted", x: [2, 3, 8, 10], kernel: [3; 2], pads: [1; 4], ceil: true, own: Padding::NotCounted, ..PLAIN },
    Configuration { text: "rounded up without padding", x: [2, 4, 7, 6], kernel: [3; 2], ceil: true, ..PLAIN },
    Configuration { text: "shorter than its window, rounded up", x: [2, 3, 2, 2], kernel: [3; 2], ceil: true, ..PLAIN },
    Configuration { text: "unequal sides", x: [2, 17, 6, 11], kernel: [2, 3], stride: [1, 2], pads: [1, 0, 1, 0], ..PLAIN },
    Configuration { text: "uneven padding", x: [2, 4, 7, 8], kernel: [3; 2], pads: [0, 1, 2, 0], ..PLAIN },
    Configuration { text: "dilated, padding not counted", x: [2, 3, 11, 10], kernel: [3; 2], stride: [1, 2], dilation: [2, 3], pads: [1, 2, 1, 2], own: Padding::NotCounted, ..PLAIN },
    Configuration { text: "steps beyond the window", x: [2, 3, 11, 10], stride: [3, 4], ..PLAIN },
];

impl Configuration {
    /// The dimensions.
    pub fn dims(&self) -> Result<AvgPoolDims, OpsError> {
        avg_pool::dims(self.image(), self.windows(), self.ceil, self.own == Padding::Counted)
    }

    /// Both directions.
    pub fn case(&self) -> Result<Case, OpsError> {
        let dims = self.dims()?;
        let mut b = self.builder("avg_pool", if self.own == Padding::Counted { " counted" } else { " not counted" });
        let (image, output) = (TensorShape::Activation(dims.pool.x), TensorShape::Activation(dims.pool.y()));
        let x = b.drawn("x", image, 1.0);
        let dy = b.drawn("dy", output, 1.0);
        let y = b.result("y", output, Element::Real, Rule::Magnitudes { limit: LIMIT });
        let dx = b.result("dx", image, Element::Real, Rule::Magnitudes { limit: LIMIT });
        b.call(avg_pool::Forward { dims, x, y });
        b.call(avg_pool::Backward { dims, dy, dx, rectified: None });
        b.loss(y, dy, 1e-2, vec![Gradient { of: x, by: dx }]);
        Ok(b.finish())
    }
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    CONFIGURATIONS.iter().map(Configuration::case).collect()
}
