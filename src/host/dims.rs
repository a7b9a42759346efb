//! Dimensions of one call of an operation, in the field's letters:
//! n images, c input channels, h x w input, k output channels, r x s kernel, p x q output.

use super::Window;
use std::fmt::{self, Display};

/// A batch of images or feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageDims {
    /// Images.
    pub n: usize,
    /// Channels.
    pub c: usize,
    /// Height.
    pub h: usize,
    /// Width.
    pub w: usize,
}

impl Display for ImageDims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}x{}", self.n, self.c, self.h, self.w)
    }
}

impl ImageDims {
    /// Features an image: `c * h * w`.
    pub const fn features(&self) -> usize {
        self.c * self.h * self.w
    }
}

/// A grouped two-dimensional convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvDims {
    /// The input.
    pub x: ImageDims,
    /// Output channels.
    pub k: usize,
    /// Output height.
    pub p: usize,
    /// Output width.
    pub q: usize,
    /// The window along the height.
    pub vertical: Window,
    /// The window along the width.
    pub horizontal: Window,
    /// Groups: output channel `k` sees the input channels of group `k / (K / groups)` only.
    pub groups: usize,
}

impl ConvDims {
    /// Input channels a group.
    pub const fn cg(&self) -> usize {
        self.x.c / self.groups
    }
    /// Output channels a group.
    pub const fn kg(&self) -> usize {
        self.k / self.groups
    }
    /// Kernel height.
    pub const fn r(&self) -> usize {
        self.vertical.kernel
    }
    /// Kernel width.
    pub const fn s(&self) -> usize {
        self.horizontal.kernel
    }
    /// The output.
    pub const fn y(&self) -> ImageDims {
        ImageDims { n: self.x.n, c: self.k, h: self.p, w: self.q }
    }
    /// Multiply-adds of the forward pass: `n p q k r s c / groups`.
    pub const fn macs(&self) -> u64 {
        (self.x.n * self.p * self.q * self.k) as u64 * (self.r() * self.s() * self.cg()) as u64
    }
}

impl Display for ConvDims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { x, k, p, q, vertical: v, horizontal: h, groups } = self;
        write!(f, "{x} to {k}x{p}x{q}, {}x{} taps, stride {}x{}, ", v.kernel, h.kernel, v.stride, h.stride)?;
        write!(f, "dilation {}x{}, padding {}x{}, {groups} groups", v.dilation, h.dilation, v.pad_begin, h.pad_begin)
    }
}

/// A pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolDims {
    /// The input.
    pub x: ImageDims,
    /// Output height.
    pub p: usize,
    /// Output width.
    pub q: usize,
    /// The window along the height.
    pub vertical: Window,
    /// The window along the width.
    pub horizontal: Window,
}

impl PoolDims {
    /// The output.
    pub const fn y(&self) -> ImageDims {
        ImageDims { n: self.x.n, c: self.x.c, h: self.p, w: self.q }
    }
}

/// A local response normalisation across channels:
/// `y_c = x_c * (k + alpha / size * sum of x_j^2 over |j - c| <= (size - 1) / 2) ^ -beta`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LrnDims {
    /// Input and output.
    pub x: ImageDims,
    /// Channels in the window (odd).
    pub size: usize,
    /// The weight of the squares; divided by `size`, as Caffe does.
    pub alpha: f64,
    /// The exponent.
    pub beta: f64,
    /// The constant below the power.
    pub k: f64,
}

/// An average pooling: `y = sum of the window's pixels / divisor of the window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvgPoolDims {
    /// Input, output and windows.
    pub pool: PoolDims,
    /// Whether taps in the padding count in the divisor.
    pub count_include_pad: bool,
}

impl AvgPoolDims {
    /// The taps of a window that count in its divisor, down and across; the divisor is their product.
    pub fn counted(&self, p: usize, q: usize) -> [usize; 2] {
        let PoolDims { x, vertical, horizontal, .. } = &self.pool;
        let axis = |window: &Window, output: usize, input: usize| {
            let inside = |&tap: &usize| match self.count_include_pad {
                // Taps past the padding, where the output size was rounded up, never count.
                true => output * window.stride + tap * window.dilation < window.pad_begin + input + window.pad_end,
                false => window.position(output, tap, input).is_some(),
            };
            (0..window.kernel).filter(inside).count()
        };
        [axis(vertical, p, x.h), axis(horizontal, q, x.w)]
    }
}

/// A batch normalisation: every channel has a mean and a variance of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormDims {
    /// Input and output.
    pub x: ImageDims,
    /// What is added to the variance below the root.
    pub eps: f64,
    /// The share of the batch in the running statistics.
    pub momentum: f64,
}

impl BatchNormDims {
    /// Values per channel: images times pixels.
    pub const fn values(&self) -> usize {
        self.x.n * self.x.h * self.x.w
    }
}
