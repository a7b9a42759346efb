//! What the cases of both poolings share: the configuration of a window.

use super::{Builder, windows};
use crate::host::{ImageDims, Window};

/// One configuration, height before width; padding is above, left, below, right.
#[derive(Clone, Copy, Debug)]
pub struct Configuration<Own> {
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
    /// What only this pooling has.
    pub own: Own,
}

impl<Own> Configuration<Own> {
    /// The dimensions of the input.
    pub(super) const fn image(&self) -> ImageDims {
        let [n, c, h, w] = self.x;
        ImageDims { n, c, h, w }
    }

    /// The windows down and across.
    pub(super) fn windows(&self) -> [Window; 2] {
        windows(self.kernel, self.stride, self.dilation, self.pads)
    }

    /// The builder of a case, whose text ends with some words.
    pub(super) fn builder(&self, stem: &'static str, words: &str) -> Builder {
        let Self { text, x, kernel, stride, pads, .. } = self;
        let mode = if self.ceil { "ceil" } else { "floor" };
        Builder::new(stem, format!("{text}: x {x:?}, {kernel:?} by {stride:?}, pads {pads:?}{words}, {mode}"))
    }
}
