//! Cases of average pooling: both size modes, both divisors, overlaps, padding, whole images.

use super::{Builder, Case, Gradient, LIMIT, Rule, windows};
use crate::{
    host::{AvgPoolDims, ImageDims},
    ops::{Element, OpsError, TensorShape, avg_pool},
};

/// One configuration, height before width; padding is above, left, below, right.
#[derive(Clone, Copy, Debug)]
pub struct Configuration {
    /// What it is for.
    pub text: &'static str,
    /// Images, channels, height, width.
    pub x: [usize; 4],
    /// Window height and width.
    pub kernel: [usize; 2],
    /// Steps down and across.
    pub stride: [usize; 2],
    /// Padding above, left, below, right.
    pub pads: [usize; 4],
    /// Distances of taps.
    pub dilation: [usize; 2],
    /// Whether the output size is rounded up.
    pub ceil: bool,
    /// Whether padding counts in the divisor.
    pub include_pad: bool,
}

const PLAIN: Configuration = Configuration {
    text: "",
    x: [1; 4],
    kernel: [2; 2],
    stride: [2; 2],
    pads: [0; 4],
    dilation: [1; 2],
    ceil: false,
    include_pad: true,
};

/// The configurations.
#[rustfmt::skip]
pub const CONFIGURATIONS: &[Configuration] = &[
    Configuration { text: "no overlap", x: [2, 5, 8, 8], ..PLAIN },
    Configuration { text: "the whole image, as in resnet20", x: [3, 64, 8, 8], kernel: [8; 2], stride: [8; 2], ..PLAIN },
    Configuration { text: "one pixel", x: [2, 7, 1, 1], kernel: [1; 2], stride: [1; 2], ..PLAIN },
    Configuration { text: "stride 1: a pixel in up to nine windows", x: [1, 6, 9, 9], kernel: [3; 2], stride: [1; 2], ..PLAIN },
    Configuration { text: "padding counted", x: [2, 5, 9, 7], kernel: [3; 2], pads: [1; 4], ..PLAIN },
    Configuration { text: "padding not counted", x: [2, 5, 9, 7], kernel: [3; 2], pads: [1; 4], include_pad: false, ..PLAIN },
    Configuration { text: "rounded up, padding counted", x: [2, 3, 8, 10], kernel: [3; 2], pads: [1; 4], ceil: true, ..PLAIN },
    Configuration { text: "rounded up, padding not counted", x: [2, 3, 8, 10], kernel: [3; 2], pads: [1; 4], ceil: true, include_pad: false, ..PLAIN },
    Configuration { text: "rounded up without padding", x: [2, 4, 7, 6], kernel: [3; 2], ceil: true, ..PLAIN },
    Configuration { text: "shorter than its window, rounded up", x: [2, 3, 2, 2], kernel: [3; 2], ceil: true, ..PLAIN },
    Configuration { text: "unequal sides", x: [2, 17, 6, 11], kernel: [2, 3], stride: [1, 2], pads: [1, 0, 1, 0], ..PLAIN },
    Configuration { text: "uneven padding", x: [2, 4, 7, 8], kernel: [3; 2], pads: [0, 1, 2, 0], ..PLAIN },
    Configuration { text: "dilated, padding not counted", x: [2, 3, 11, 10], kernel: [3; 2], stride: [1, 2], dilation: [2, 3], pads: [1, 2, 1, 2], include_pad: false, ..PLAIN },
    Configuration { text: "steps beyond the window", x: [2, 3, 11, 10], stride: [3, 4], ..PLAIN },
];

impl Configuration {
    /// The dimensions.
    pub fn dims(&self) -> Result<AvgPoolDims, OpsError> {
        let [n, c, h, w] = self.x;
        let windows = windows(self.kernel, self.stride, self.dilation, self.pads);
        avg_pool::dims(ImageDims { n, c, h, w }, windows, self.ceil, self.include_pad)
    }

    /// Both directions.
    pub fn case(&self) -> Result<Case, OpsError> {
        let dims = self.dims()?;
        let (mode, padding) =
            (if self.ceil { "ceil" } else { "floor" }, if self.include_pad { "counted" } else { "not counted" });
        let mut b = Builder::new(
            "avg_pool",
            format!(
                "{}: x {:?}, {:?} by {:?}, pads {:?} {padding}, {mode}",
                self.text, self.x, self.kernel, self.stride, self.pads
            ),
        );
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
