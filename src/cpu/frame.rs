//! An image with its padding around it, group by group: windows on it are read where they lie.
//!
//! The frame of a group is `[h][w][c]` over the channels of the group. A window is a few runs of adjacent elements,
//! one for each line of taps, or for each tap where taps are dilated. What no window sees is left out.

use super::tiles::Left;
use crate::host::{ConvDims, Real, Window};

/// Short runs are copied in blocks of this many elements: one or two registers instead of a call.
const BLOCK: usize = 16;

/// Elements of a run that are copied so: a call pays for longer ones.
const MOST_OF_BLOCKS: usize = 64;

/// One axis of a frame.
#[derive(Clone, Copy, Debug)]
struct Axis {
    /// Positions of the image, and of the frame.
    image: usize,
    frame: usize,
    /// Where position 0 of the image lies in the frame, and the distance between two of them.
    first: isize,
    spacing: usize,
    /// Windows, and the distance between two of them.
    windows: usize,
    stride: usize,
}

impl Axis {
    /// Windows on the input, for its forward pass.
    fn forward(window: &Window, outputs: usize, inputs: usize) -> Self {
        let stride = window.stride;
        let frame = (outputs - 1) * stride + window.extent();
        Self { image: inputs, frame, first: window.pad_begin as isize, spacing: 1, windows: outputs, stride }
    }

    /// Windows on the output's gradient, one for each input. With taps from the last to the first,
    /// input `h` sees output `p` through the tap at `p * stride + extent - 1 - pad - h`.
    fn backward(window: &Window, outputs: usize, inputs: usize) -> Self {
        let first = window.extent() as isize - 1 - window.pad_begin as isize;
        let frame = inputs + window.extent() - 1;
        Self { image: outputs, frame, first, spacing: window.stride, windows: inputs, stride: 1 }
    }

    /// Windows of some taps on the output's gradient, for the inputs `first`, `first + stride`, ...: input `first + i *
    /// stride` sees outputs that end at `i + (first + pad) / stride`.
    fn phase(window: &Window, outputs: usize, inputs: usize, first: usize, taps: usize) -> Self {
        let windows = (inputs - first).div_ceil(window.stride);
        let last = (first + window.pad_begin) / window.stride;
        let place = taps as isize - 1 - last as isize;
        Self { image: outputs, frame: windows + taps - 1, first: place, spacing: 1, windows, stride: 1 }
    }

    /// The place of a position of the image in the frame.
    fn place(&self, position: usize) -> Option<usize> {
        let place = usize::try_from(self.first + (position * self.spacing) as isize).ok()?;
        (place < self.frame).then_some(place)
    }
}

/// The shape of frames, and of the windows on them.
#[derive(Debug)]
pub struct Frame {
    vertical: Axis,
    horizontal: Axis,
    groups: usize,
    /// Channels of a group.
    channels: usize,
    /// Where the runs of a window begin, counted from its first element.
    runs: Vec<usize>,
    run_len: usize,
}

impl Frame {
    /// Frames of inputs: a window for each output pixel, `[r][s][c]`.
    pub fn forward(dims: &ConvDims) -> Self {
        let vertical = Axis::forward(&dims.vertical, dims.p, dims.x.h);
        let horizontal = Axis::forward(&dims.horizontal, dims.q, dims.x.w);
        Self::new(dims, vertical, horizontal, dims.cg())
    }

    /// Frames of the output's gradient: a window for each input pixel, `[r][s][k]` from the last tap to the first.
    pub fn backward(dims: &ConvDims) -> Self {
        let vertical = Axis::backward(&dims.vertical, dims.p, dims.x.h);
        let horizontal = Axis::backward(&dims.horizontal, dims.q, dims.x.w);
        Self::new(dims, vertical, horizontal, dims.kg())
    }

    /// Frames of the output's gradient for the inputs of one phase (`conv2d_strided`): a window for each of them, over
    /// the taps of the phase from the last to the first.
    pub fn phase(dims: &ConvDims, first: [usize; 2], taps: [usize; 2]) -> Self {
        let vertical = Axis::phase(&dims.vertical, dims.p, dims.x.h, first[0], taps[0]);
        let horizontal = Axis::phase(&dims.horizontal, dims.q, dims.x.w, first[1], taps[1]);
        let channels = dims.kg();
        let runs = (0..taps[0]).map(|r| r * horizontal.frame * channels).collect();
        Self { vertical, horizontal, groups: dims.groups, channels, runs, run_len: taps[1] * channels }
    }

    fn new(dims: &ConvDims, vertical: Axis, horizontal: Axis, channels: usize) -> Self {
        let line = horizontal.frame * channels;
        let at = |r: usize, s: usize| r * dims.vertical.dilation * line + s * dims.horizontal.dilation * channels;
        let (runs, run_len) = if dims.horizontal.dilation == 1 {
            ((0..dims.r()).map(|r| at(r, 0)).collect(), dims.s() * channels)
        } else {
            ((0..dims.r()).flat_map(|r| (0..dims.s()).map(move |s| at(r, s))).collect(), channels)
        };
        Self { vertical, horizontal, groups: dims.groups, channels, runs, run_len }
    }

    /// Groups of channels.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Windows on a frame.
    pub fn windows(&self) -> usize {
        self.vertical.windows * self.horizontal.windows
    }

    /// Elements of a window.
    pub fn depth(&self) -> usize {
        self.runs.len() * self.run_len
    }

    /// All windows on a frame.
    pub fn rows<'a, T>(&'a self, frame: &'a [T]) -> Left<'a, T> {
        let line = self.horizontal.frame * self.channels;
        Left {
            values: frame,
            rows: self.windows(),
            across: self.horizontal.windows,
            step: self.horizontal.stride * self.channels,
            line: self.vertical.stride * line,
            runs: &self.runs,
            run_len: self.run_len,
        }
    }

    /// Elements of the image.
    pub fn image_len(&self) -> usize {
        self.vertical.image * self.horizontal.image * self.channels * self.groups
    }

    /// Elements of the frame of one group.
    pub fn len(&self) -> usize {
        self.vertical.frame * self.horizontal.frame * self.channels
    }

    /// The first element of a window.
    fn at(&self, window: usize) -> usize {
        let (p, q) = (window / self.horizontal.windows, window % self.horizontal.windows);
        let line = self.horizontal.frame * self.channels;
        p * self.vertical.stride * line + q * self.horizontal.stride * self.channels
    }

    /// Writes one group of an image into its frame, whose other elements must be zero.
    pub fn fill<T: Real>(&self, image: &[T], group: usize, frame: &mut [T]) {
        let (channels, all) = (self.channels, self.channels * self.groups);
        for h in 0..self.vertical.image {
            let Some(line) = self.vertical.place(h) else { continue };
            let from = &image[h * self.horizontal.image * all..][..self.horizontal.image * all];
            let line = &mut frame[line * self.horizontal.frame * channels..][..self.horizontal.frame * channels];
            if self.groups == 1
                && self.horizontal.spacing == 1
                && let (Some(first), Some(_)) =
                    (self.horizontal.place(0), self.horizontal.place(self.horizontal.image - 1))
            {
                line[first * channels..][..from.len()].copy_from_slice(from);
                continue;
            }
            for (w, from) in from.chunks_exact(all).enumerate() {
                if let Some(place) = self.horizontal.place(w) {
                    line[place * channels..][..channels].copy_from_slice(&from[group * channels..][..channels]);
                }
            }
        }
    }

    /// Overwrites `rows` with windows `first` and those that follow, one a row.
    pub fn gather<T: Real>(&self, frame: &[T], first: usize, rows: &mut [T]) {
        for (window, row) in (first..).zip(rows.chunks_exact_mut(self.depth())) {
            let at = self.at(window);
            for (i, run) in self.runs.iter().enumerate() {
                copy(&frame[at + run..], &mut row[i * self.run_len..], self.run_len);
            }
        }
    }
}

/// Copies the first `count` elements. Where both sides have room, they are copied as blocks of fixed size instead of by
/// a call: what the last block writes after the run is overwritten by the runs that follow in the same row.
#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [T], count: usize) {
    let room = count.next_multiple_of(BLOCK);
    if count <= MOST_OF_BLOCKS
        && let (Some(from), Some(to)) = (from.get(..room), to.get_mut(..room))
    {
        for (to, from) in to.as_chunks_mut::<BLOCK>().0.iter_mut().zip(from.as_chunks::<BLOCK>().0) {
            *to = *from;
        }
    } else {
        to[..count].copy_from_slice(&from[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::ImageDims;

    fn dims(stride: usize, dilation: usize, padding: usize, groups: usize) -> ConvDims {
        let window = Window { dilation, ..Window::new(3, stride, padding) };
        let outputs = window.outputs(7, false).unwrap_or(0);
        let x = ImageDims { n: 1, c: 2 * groups, h: 7, w: 7 };
        ConvDims { x, k: 2 * groups, p: outputs, q: outputs, vertical: window, horizontal: window, groups }
    }

    /// Every window of the last group: pixel of the image plus one where it sees one, else zero.
    fn windows(frame: &Frame, dims: &ConvDims, pixels: usize) -> Vec<Vec<usize>> {
        let image: Vec<f64> = (0..pixels).flat_map(|p| vec![p as f64 + 1.0; 2 * dims.groups]).collect();
        let mut values = vec![0.0; frame.len()];
        frame.fill(&image, dims.groups - 1, &mut values);
        let mut rows = vec![0.0; frame.windows() * frame.depth()];
        frame.gather(&values, 0, &mut rows);
        rows.chunks(frame.depth()).map(|row| row.chunks(2).map(|tap| tap[1] as usize).collect()).collect()
    }

    #[test]
    fn a_window_sees_the_pixels_of_its_taps_and_zeros_in_the_padding() {
        for (stride, dilation, padding, groups) in [(1, 1, 1, 1), (2, 1, 0, 2), (2, 2, 2, 1), (3, 1, 4, 1)] {
            let dims = dims(stride, dilation, padding, groups);
            for (window, row) in windows(&Frame::forward(&dims), &dims, 49).iter().enumerate() {
                for (tap, &seen) in row.iter().enumerate() {
                    let h = dims.vertical.position(window / dims.q, tap / 3, 7);
                    let w = dims.horizontal.position(window % dims.q, tap % 3, 7);
                    assert_eq!(seen, h.zip(w).map_or(0, |(h, w)| h * 7 + w + 1));
                }
            }
        }
    }

    #[test]
    fn backward_windows_see_the_outputs_that_see_their_input_through_the_reversed_taps() {
        for (stride, dilation, padding, groups) in [(1, 1, 1, 1), (2, 1, 0, 2), (2, 2, 2, 1), (3, 1, 4, 1)] {
            let dims = dims(stride, dilation, padding, groups);
            let pairs = |rows: Vec<Vec<usize>>, backward: bool| {
                let mut pairs = Vec::new();
                for (window, row) in rows.iter().enumerate() {
                    for (tap, &seen) in row.iter().enumerate().filter(|(_, seen)| **seen > 0) {
                        let (own, other) = (window + 1, seen);
                        pairs.push(if backward { (other, own, 8 - tap) } else { (own, other, tap) });
                    }
                }
                pairs.sort_unstable();
                pairs
            };
            let forward = windows(&Frame::forward(&dims), &dims, 49);
            let backward = windows(&Frame::backward(&dims), &dims, dims.p * dims.q);
            assert_eq!(pairs(forward, false), pairs(backward, true));
        }
    }
}
