//! Patches of an image as rows of a matrix: what a convolution multiplies with its weights.

use crate::host::{ConvDims, ImageDims, Real, Window};
use std::ops::Range;

/// The position that a tap looks at lies in the padding, or between two positions.
const NONE: usize = usize::MAX;

/// Short runs are copied in blocks of this many elements: one or two registers instead of a call.
const BLOCK: usize = 16;

/// The windows that see a position of the input through one tap: they follow one another, one stride apart.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The first of the windows.
    pub first: usize,
    /// The position that it sees.
    pub at: usize,
    /// The number of windows.
    pub count: usize,
    stride: usize,
}

impl Seen {
    /// The windows of tap `r`.
    pub fn through(window: &Window, r: usize, outputs: usize, inputs: usize) -> Self {
        let mut seeing = (0..outputs).filter_map(|p| Some((p, window.position(p, r, inputs)?)));
        let (first, at) = seeing.next().unwrap_or((0, 0));
        let count = (0..outputs).filter(|&p| window.position(p, r, inputs).is_some()).count();
        Self { first, at, count, stride: window.stride }
    }

    /// Those among some windows.
    pub fn windows(&self, of: &Range<usize>) -> Range<usize> {
        of.start.max(self.first)..of.end.min(self.first + self.count)
    }

    /// The position that window `p`, one of them, sees.
    pub fn position(&self, p: usize) -> usize {
        self.at + (p - self.first) * self.stride
    }
}

/// One axis: the position that every tap of every window looks at.
#[derive(Debug)]
struct Axis {
    taps: usize,
    positions: Vec<usize>,
}

impl Axis {
    /// The windows of a forward pass: output `p` and tap `r` look at input `p * stride + r * dilation - pad`.
    fn forward(window: &Window, outputs: usize, inputs: usize) -> Self {
        let at = |p: usize| (0..window.kernel).map(move |r| window.position(p, r, inputs).unwrap_or(NONE));
        Self { taps: window.kernel, positions: (0..outputs).flat_map(at).collect() }
    }

    /// The outputs that see input `h`, through the taps from the last to the first, so that they ascend.
    fn backward(window: &Window, outputs: usize, inputs: usize) -> Self {
        let output = |h: usize, r: usize| {
            let at = (h + window.pad_begin).checked_sub(r * window.dilation)?;
            (at.is_multiple_of(window.stride) && at / window.stride < outputs).then_some(at / window.stride)
        };
        let taps = |h: usize| (0..window.kernel).rev().map(move |r| output(h, r).unwrap_or(NONE));
        Self { taps: window.kernel, positions: (0..inputs).flat_map(taps).collect() }
    }

    fn of(&self, row: usize) -> &[usize] {
        &self.positions[row * self.taps..][..self.taps]
    }

    /// For every window, the first of its positions where all of them are adjacent.
    fn runs(&self) -> Vec<usize> {
        let adjacent = |taps: &[usize]| taps[0] != NONE && taps.windows(2).all(|pair| pair[1] == pair[0] + 1);
        self.positions.chunks(self.taps).map(|taps| if adjacent(taps) { taps[0] } else { NONE }).collect()
    }
}

/// How patches are gathered from one image: rows are pixels, columns `[r][s][c]` over the channels of a group.
#[derive(Debug)]
pub struct Patches {
    vertical: Axis,
    horizontal: Axis,
    runs: Vec<usize>,
    /// Height, width and channels of the image that is read.
    image: [usize; 3],
    groups: usize,
    width: usize,
}

impl Patches {
    /// Patches of the input, a row for each output pixel.
    pub fn forward(dims: &ConvDims) -> Self {
        let vertical = Axis::forward(&dims.vertical, dims.p, dims.x.h);
        let horizontal = Axis::forward(&dims.horizontal, dims.q, dims.x.w);
        Self::new(vertical, horizontal, dims.x, dims.groups, dims.q)
    }

    /// Patches of the output's gradient, a row for each input pixel, taps from the last to the first.
    pub fn backward(dims: &ConvDims) -> Self {
        let vertical = Axis::backward(&dims.vertical, dims.p, dims.x.h);
        let horizontal = Axis::backward(&dims.horizontal, dims.q, dims.x.w);
        Self::new(vertical, horizontal, dims.y(), dims.groups, dims.x.w)
    }

    fn new(vertical: Axis, horizontal: Axis, read: ImageDims, groups: usize, width: usize) -> Self {
        let runs = if groups == 1 { horizontal.runs() } else { Vec::new() };
        Self { vertical, horizontal, runs, image: [read.h, read.w, read.c], groups, width }
    }

    /// Rows of an image.
    pub fn pixels(&self) -> usize {
        self.vertical.positions.len() / self.vertical.taps * self.width
    }

    /// Elements of the image that is read.
    pub fn image_len(&self) -> usize {
        self.image.iter().product()
    }

    /// Elements of a row.
    pub fn depth(&self) -> usize {
        self.vertical.taps * self.horizontal.taps * self.image[2] / self.groups
    }

    /// Overwrites `rows` with the patches of some pixels of one image and one group; zero where a tap sees none.
    pub fn gather<T: Real>(&self, image: &[T], group: usize, pixels: Range<usize>, rows: &mut [T]) {
        let [_, width, channels] = self.image;
        let (of_group, run_len) = (channels / self.groups, self.horizontal.taps * channels / self.groups);
        let depth = self.depth();
        for (pixel, row) in pixels.zip(rows.chunks_exact_mut(depth)) {
            let (p, q) = (pixel / self.width, pixel % self.width);
            let run = self.runs.get(q).copied().unwrap_or(NONE);
            for (r, &h) in self.vertical.of(p).iter().enumerate() {
                let target = &mut row[r * run_len..];
                if h == NONE {
                    target[..run_len].fill(T::zero());
                    continue;
                }
                let line = &image[h * width * channels..];
                if run != NONE {
                    copy(&line[run * channels..], target, run_len);
                    continue;
                }
                for (s, &w) in self.horizontal.of(q).iter().enumerate() {
                    let tap = &mut target[s * of_group..];
                    match w {
                        NONE => tap[..of_group].fill(T::zero()),
                        w => copy(&line[w * channels + group * of_group..], tap, of_group),
                    }
                }
            }
        }
    }
}

/// Copies the first `count` elements. Where both sides have room, a short run is copied as a block of fixed size:
/// what it writes behind the run is overwritten by the taps that follow in the same row.
#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [T], count: usize) {
    if count <= BLOCK
        && let (Some(from), Some(to)) = (from.first_chunk::<BLOCK>(), to.first_chunk_mut::<BLOCK>())
    {
        *to = *from;
    } else {
        to[..count].copy_from_slice(&from[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dims(stride: usize, groups: usize) -> ConvDims {
        let window = Window::new(3, stride, 1);
        let outputs = window.outputs(5, false).unwrap_or(0);
        let x = ImageDims { n: 1, c: 2 * groups, h: 5, w: 5 };
        ConvDims { x, k: 2 * groups, p: outputs, q: outputs, vertical: window, horizontal: window, groups }
    }

    #[test]
    fn a_row_holds_the_window_of_its_pixel_and_zeros_in_the_padding() {
        let dims = dims(1, 1);
        let image: Vec<f32> = (0..50).map(|v| v as f32 + 1.0).collect();
        let mut rows = vec![f32::NAN; 25 * 18];
        Patches::forward(&dims).gather(&image, 0, 0..25, &mut rows);
        let at = |p: isize, q: isize, c: isize| match (p, q) {
            (0..5, 0..5) => image[((p * 5 + q) * 2 + c) as usize],
            _ => 0.0,
        };
        let expected: Vec<f32> = (0..25)
            .flat_map(|pixel| (0..18).map(move |d| (pixel, d)))
            .map(|(pixel, d)| at(pixel / 5 + d / 6 - 1, pixel % 5 + d / 2 % 3 - 1, d % 2))
            .collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn gathering_backward_is_the_adjoint_of_gathering_forward() {
        for (stride, groups) in [(1, 1), (2, 1), (2, 2), (3, 1)] {
            let dims = dims(stride, groups);
            let (forward, backward) = (Patches::forward(&dims), Patches::backward(&dims));
            let pixels = dims.p * dims.q;
            // An image of the number of each pixel: what sees what, told by both sides.
            let x: Vec<f64> = (0..25).flat_map(|h| vec![f64::from(h) + 1.0; dims.x.c]).collect();
            let y: Vec<f64> = (0..pixels).flat_map(|p| vec![p as f64 + 1.0; dims.k]).collect();
            let mut seen = vec![0.0; pixels * forward.depth()];
            forward.gather(&x, 0, 0..pixels, &mut seen);
            let mut seers = vec![0.0; 25 * backward.depth()];
            backward.gather(&y, 0, 0..25, &mut seers);
            let pairs = |rows: &[f64], depth: usize, flip: bool| {
                let mut pairs = Vec::new();
                for (row, values) in rows.chunks(depth).enumerate() {
                    for (tap, value) in values.chunks(depth / 9).enumerate().filter(|(_, v)| v[0] > 0.0) {
                        let (own, other) = (row + 1, value[0] as usize);
                        pairs.push(if flip { (other, own, 8 - tap) } else { (own, other, tap) });
                    }
                }
                pairs.sort_unstable();
                pairs
            };
            assert_eq!(pairs(&seen, forward.depth(), false), pairs(&seers, backward.depth(), true));
        }
    }
}
