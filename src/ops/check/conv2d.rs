//! Cases of the convolution: the layers of the zoo shrunk, and the edges of tiles, groups and windows.

use super::{Builder, Case, Gradient, LIMIT, Rule, windows};
use crate::{
    host::{ConvDims, ImageDims},
    ops::{Element, OpsError, TensorShape, conv2d},
};

/// One configuration, height before width; padding is above, left, below, right.
#[derive(Clone, Copy, Debug)]
pub struct Configuration {
    /// What it is for.
    pub text: &'static str,
    /// Images, channels, height, width.
    pub x: [usize; 4],
    /// Output channels.
    pub k: usize,
    /// Kernel height and width.
    pub kernel: [usize; 2],
    /// Steps down and across.
    pub stride: [usize; 2],
    /// Zeros above, left, below, right.
    pub pads: [usize; 4],
    /// Distances of taps.
    pub dilation: [usize; 2],
    /// Groups.
    pub groups: usize,
    /// Whether there is a bias.
    pub bias: bool,
}

const PLAIN: Configuration = Configuration {
    text: "",
    x: [1; 4],
    k: 1,
    kernel: [1; 2],
    stride: [1; 2],
    pads: [0; 4],
    dilation: [1; 2],
    groups: 1,
    bias: true,
};

/// The configurations.
#[rustfmt::skip]
pub const CONFIGURATIONS: &[Configuration] = &[
    Configuration { text: "conv1 of caffenet, shrunk", x: [2, 3, 35, 35], k: 12, kernel: [11, 11], stride: [4, 4], ..PLAIN },
    Configuration { text: "conv2 of caffenet, shrunk: groups of odd sizes", x: [3, 6, 7, 9], k: 10, kernel: [5, 5], pads: [2; 4], groups: 2, ..PLAIN },
    Configuration { text: "conv3 of caffenet, shrunk", x: [2, 24, 13, 13], k: 20, kernel: [3, 3], pads: [1; 4], ..PLAIN },
    Configuration { text: "conv4 of caffenet, shrunk", x: [2, 24, 13, 13], k: 18, kernel: [3, 3], pads: [1; 4], groups: 2, ..PLAIN },
    Configuration { text: "conv1 of alexnet32", x: [2, 3, 32, 32], k: 32, kernel: [5, 5], pads: [2; 4], ..PLAIN },
    Configuration { text: "conv2 of alexnet32, shrunk", x: [2, 32, 8, 8], k: 64, kernel: [5, 5], pads: [2; 4], ..PLAIN },
    Configuration { text: "conv1 of alexnet28", x: [3, 1, 28, 28], k: 20, kernel: [5, 5], ..PLAIN },
    Configuration { text: "every dimension 1", ..PLAIN },
    Configuration { text: "one pixel, many channels", x: [5, 17, 1, 1], k: 13, ..PLAIN },
    Configuration { text: "no bias", x: [2, 5, 6, 7], k: 3, kernel: [3, 3], pads: [1; 4], bias: false, ..PLAIN },
    Configuration { text: "primes", x: [3, 7, 11, 13], k: 5, kernel: [3, 2], stride: [2, 3], pads: [1, 0, 1, 0], ..PLAIN },
    Configuration { text: "a tile less one: 63 pixels, 15 deep, 63 wide", x: [1, 15, 9, 7], k: 63, ..PLAIN },
    Configuration { text: "a tile: 64 pixels, 16 deep, 64 wide", x: [1, 16, 8, 8], k: 64, ..PLAIN },
    Configuration { text: "a tile and one: 65 pixels, 17 deep, 65 wide", x: [1, 17, 13, 5], k: 65, ..PLAIN },
    Configuration { text: "a tile and one a group", x: [1, 34, 13, 5], k: 130, kernel: [1, 1], groups: 2, ..PLAIN },
    Configuration { text: "depthwise", x: [2, 7, 9, 9], k: 7, kernel: [3, 3], pads: [1; 4], groups: 7, ..PLAIN },
    Configuration { text: "depthwise, two outputs a channel", x: [2, 6, 5, 5], k: 12, kernel: [3, 3], groups: 6, ..PLAIN },
    Configuration { text: "three groups of one input and five outputs", x: [2, 3, 6, 6], k: 15, kernel: [3, 3], groups: 3, ..PLAIN },
    Configuration { text: "dilation 2", x: [2, 4, 12, 13], k: 5, kernel: [3, 3], pads: [2; 4], dilation: [2, 2], ..PLAIN },
    Configuration { text: "dilation 3 across, stride 2 down, two groups", x: [2, 4, 11, 14], k: 6, kernel: [2, 3], stride: [2, 1], dilation: [1, 3], groups: 2, ..PLAIN },
    Configuration { text: "uneven padding", x: [2, 3, 7, 5], k: 4, kernel: [3, 3], stride: [2, 2], pads: [1, 0, 2, 1], ..PLAIN },
    Configuration { text: "padding as wide as the window", x: [1, 2, 4, 4], k: 3, kernel: [3, 3], pads: [3; 4], ..PLAIN },
    Configuration { text: "stride beyond the window: inputs that no window sees", x: [2, 3, 10, 10], k: 4, kernel: [2, 2], stride: [4, 3], ..PLAIN },
    Configuration { text: "one row, 1x3 window", x: [2, 3, 1, 17], k: 5, kernel: [1, 3], pads: [0, 1, 0, 1], ..PLAIN },
    Configuration { text: "one window over all", x: [3, 4, 6, 5], k: 9, kernel: [6, 5], ..PLAIN },
    Configuration { text: "2304 terms", x: [1, 256, 6, 6], k: 33, kernel: [3, 3], pads: [1; 4], ..PLAIN },
    Configuration { text: "17 images of 272 pixels: sums over images in several runs", x: [17, 2, 17, 16], k: 3, kernel: [3, 3], pads: [1; 4], ..PLAIN },
    Configuration { text: "conv3 of alexnet32", x: [3, 64, 8, 8], k: 96, kernel: [3, 3], pads: [1; 4], ..PLAIN },
    Configuration { text: "conv4 of caffenet, shrunk: groups of many channels", x: [2, 96, 13, 13], k: 160, kernel: [3, 3], pads: [1; 4], groups: 2, ..PLAIN },
    Configuration { text: "conv2 of caffenet, shrunk: many channels", x: [2, 96, 27, 9], k: 64, kernel: [5, 5], pads: [2; 4], groups: 2, ..PLAIN },
    Configuration { text: "many channels, odd sides, uneven padding", x: [1, 32, 15, 11], k: 48, kernel: [3, 3], pads: [0, 1, 2, 0], ..PLAIN },
    Configuration { text: "many channels, padding as wide as the window", x: [1, 32, 8, 9], k: 32, kernel: [3, 3], pads: [3; 4], ..PLAIN },
    Configuration { text: "many channels, no padding", x: [2, 48, 12, 13], k: 80, kernel: [5, 5], ..PLAIN },
    Configuration { text: "33 images", x: [33, 3, 6, 6], k: 8, kernel: [3, 3], stride: [2, 2], pads: [1; 4], ..PLAIN },
    Configuration { text: "a block of resnet20, shrunk", x: [2, 16, 9, 33], k: 16, kernel: [3, 3], pads: [1; 4], ..PLAIN },
    Configuration { text: "sixteen outputs of thirty-two inputs", x: [2, 32, 5, 29], k: 16, kernel: [3, 3], pads: [1; 4], ..PLAIN },
    Configuration { text: "sixteen outputs, stride 2", x: [2, 16, 7, 31], k: 16, kernel: [3, 3], stride: [2, 2], pads: [1; 4], ..PLAIN },
];

impl Configuration {
    /// The dimensions.
    pub fn dims(&self) -> Result<ConvDims, OpsError> {
        let [n, c, h, w] = self.x;
        let windows = windows(self.kernel, self.stride, self.dilation, self.pads);
        conv2d::dims(ImageDims { n, c, h, w }, self.k, windows, self.groups)
    }

    /// The forward pass and all backward passes.
    pub fn case(&self) -> Result<Case, OpsError> {
        let dims = self.dims()?;
        let text =
            format!("{}: x {:?}, k {}, {}x{}, groups {}", self.text, self.x, self.k, dims.r(), dims.s(), self.groups);
        let mut b = Builder::new("conv2d", text);
        let kernel = TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
        let (image, output) = (TensorShape::Activation(dims.x), TensorShape::Activation(dims.y()));
        let rule = || Rule::Magnitudes { limit: LIMIT };
        let x = b.drawn("x", image, 1.0);
        let w = b.drawn("w", kernel, 0.2);
        let bias = self.bias.then(|| b.drawn("b", TensorShape::Channels(dims.k), 1.0));
        let dy = b.drawn("dy", output, 1.0);
        let y = b.result("y", output, Element::Real, rule());
        let dx = b.result("dx", image, Element::Real, rule());
        let dw = b.result("dw", kernel, Element::Real, rule());
        let db = b.result("db", TensorShape::Channels(dims.k), Element::Real, rule());
        b.call(conv2d::Forward { dims, x, w, b: bias, y, relu: false });
        b.call(conv2d::BackwardInput { dims, w, dy, dx, plus: None, rectified: None });
        b.call(conv2d::BackwardWeight { dims, x, dy, dw: dw.into(), db, biased: true, accumulate: false });
        let mut gradients = vec![Gradient { of: x, by: dx }, Gradient { of: w, by: dw }];
        if let Some(bias) = bias {
            gradients.push(Gradient { of: bias, by: db });
        }
        // The loss is linear in each tensor, so that a long step costs no accuracy.
        b.loss(y, dy, 1e-2, gradients);
        Ok(b.finish())
    }

    /// The weight gradient, added to what is there.
    pub fn adding(&self) -> Result<Case, OpsError> {
        let dims = self.dims()?;
        let mut b = Builder::new("conv2d", format!("added to what is there: {}", self.text));
        let kernel = TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
        let x = b.drawn("x", TensorShape::Activation(dims.x), 1.0);
        let dy = b.drawn("dy", TensorShape::Activation(dims.y()), 1.0);
        let [dw, db] = [("dw", kernel), ("db", TensorShape::Channels(dims.k))].map(|(name, shape)| {
            let id = b.drawn(name, shape, 1.0);
            b.in_place(id, Rule::Magnitudes { limit: LIMIT });
            id
        });
        b.call(conv2d::BackwardWeight { dims, x, dy, dw: dw.into(), db, biased: true, accumulate: true });
        Ok(b.finish())
    }
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    let all = CONFIGURATIONS.iter().map(Configuration::case);
    all.chain(CONFIGURATIONS.iter().step_by(3).map(Configuration::adding)).collect()
}
