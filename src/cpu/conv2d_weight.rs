//! The gradient of a convolution's weights: `dw[r,s,c,k] = sum over n, p, q of x[n, p*stride + r*dilation - pad, .., c]
//! * dy[n,p,q,k]`.
//!
//! Inputs are read where they lie: through one tap the pixels of an output line see pixels one stride apart.
//! A block of output lines, or of small images, is taken at a time, so that inputs and gradients stay in cache while
//! every tap and tile of channels passes over them. Where a group has too few channels for a tile, whole windows are
//! gathered, one a row.

use super::{
    frame::Frame,
    memory::Scratch,
    panels::{Panels, Right},
    tiles::{Rows, Run, accumulate},
    winograd,
};
use crate::host::{ConvDims, Real, Window};
use rayon::prelude::*;
use std::ops::Range;

/// Parts into which the sum over the images is divided, whatever the number of threads.
const PARTS: usize = 8;

/// Bytes of inputs and gradients in a block: they stay in a second-level cache of 1 MiB beside the sums of a few taps.
/// All sums are loaded and stored once a block, and may come from a third-level cache: the larger a block, the better.
const BLOCK_BYTES: usize = 256 << 10;

/// Channels a group from which inputs are read where they lie.
const CHANNELS_OF_A_TILE: usize = 4;

/// Overwrites `dw`, summed over the batch.
pub fn backward_weight<T: Real>(dims: &ConvDims, x: &[T], dy: &[T], dw: &mut [T], scratch: &Scratch<T>) {
    if T::SINGLE && winograd::pays_for_weights(dims) {
        return winograd::backward_weight(dims, x, dy, dw, scratch);
    }
    let shape = Panels::new::<T>(dims.r() * dims.s() * dims.cg(), dims.kg());
    let per_part = dims.x.n.div_ceil(PARTS);
    let of_part = dims.groups * shape.len();
    let mut parts = scratch.zeros(dims.x.n.div_ceil(per_part) * of_part);
    parts.par_chunks_mut(of_part).enumerate().for_each(|(part, sums)| {
        let images = part * per_part..((part + 1) * per_part).min(dims.x.n);
        let sums = Sums { shape, values: sums };
        if dims.cg() < CHANNELS_OF_A_TILE {
            gathered(dims, x, dy, images, sums, scratch);
        } else {
            in_place(dims, x, dy, images, sums, scratch);
        }
    });
    // The parts are added in the order of their images.
    dw.par_chunks_mut(dims.k).enumerate().for_each(|(d, dw)| {
        dw.fill(T::zero());
        for sums in parts.chunks(of_part) {
            for (group, sums) in sums.chunks(shape.len()).enumerate() {
                for (first, sums) in shape.row(sums, d) {
                    let dw = &mut dw[group * dims.kg() + first..];
                    dw.iter_mut().zip(sums).for_each(|(dw, &v)| *dw += v);
                }
            }
        }
    });
}

/// The packed sums of all groups.
struct Sums<'a, T> {
    shape: Panels,
    values: &'a mut [T],
}

fn gathered<T: Real>(
    dims: &ConvDims,
    x: &[T],
    dy: &[T],
    images: Range<usize>,
    sums: Sums<'_, T>,
    scratch: &Scratch<T>,
) {
    let (shape, image) = (Frame::forward(dims), dims.x.features());
    let (depth, windows) = (shape.depth(), shape.windows());
    let at_a_time = (BLOCK_BYTES / (depth * size_of::<T>())).max(1).min(windows);
    let packed = Panels { depth: at_a_time, ..sums.shape };
    let (mut g, mut frame) = (scratch.lend(packed.len()), scratch.zeros(shape.len()));
    let mut values = scratch.lend(at_a_time * depth);
    for n in images {
        for (group, to) in sums.values.chunks_mut(sums.shape.len()).enumerate() {
            shape.fill(&x[n * image..][..image], group, &mut frame);
            for first in (0..windows).step_by(at_a_time) {
                let count = at_a_time.min(windows - first);
                shape.gather(&frame, first, &mut values[..count * depth]);
                packed.pack(&mut g, count, |window| &dy[(n * windows + first + window) * dims.k + group * dims.kg()..]);
                let runs = [Run { from: 0, g: 0, count }];
                let rows = Rows { values: &values, step: depth, runs: &runs, width: depth };
                accumulate(&rows, packed_right(packed, &g), sums.shape, to, 0);
            }
        }
    }
}

fn packed_right<T>(shape: Panels, values: &[T]) -> Right<'_, T> {
    Right { shape, values, panel_stride: shape.panel_len() }
}

/// The windows that see a position of the input through one tap: they follow one another, one stride apart.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The first of the windows.
    first: usize,
    /// The position that it sees.
    at: usize,
    /// The number of windows.
    count: usize,
    stride: usize,
}

impl Seen {
    /// The windows of tap `r`.
    fn through(window: &Window, r: usize, outputs: usize, inputs: usize) -> Self {
        let mut seeing = (0..outputs).filter_map(|p| Some((p, window.position(p, r, inputs)?)));
        let (first, at) = seeing.next().unwrap_or((0, 0));
        let count = (0..outputs).filter(|&p| window.position(p, r, inputs).is_some()).count();
        Self { first, at, count, stride: window.stride }
    }

    /// Those among some windows.
    fn windows(&self, of: &Range<usize>) -> Range<usize> {
        of.start.max(self.first)..of.end.min(self.first + self.count)
    }

    /// The position that window `p`, one of them, sees.
    fn position(&self, p: usize) -> usize {
        self.at + (p - self.first) * self.stride
    }
}

/// Output lines of some images.
struct Block {
    images: Range<usize>,
    lines: Range<usize>,
}

/// The blocks of some images, in their order.
fn blocks<T>(dims: &ConvDims, images: Range<usize>) -> Vec<Block> {
    let line = (dims.x.w * dims.x.c * dims.vertical.stride + dims.q * dims.k) * size_of::<T>();
    let lines = (BLOCK_BYTES / line).max(1);
    let (images_at_a_time, lines) = ((lines / dims.p).max(1), lines.min(dims.p));
    let mut blocks = Vec::new();
    for n in images.clone().step_by(images_at_a_time) {
        for p in (0..dims.p).step_by(lines) {
            let images = n..(n + images_at_a_time).min(images.end);
            blocks.push(Block { images, lines: p..(p + lines).min(dims.p) });
        }
    }
    blocks
}

fn in_place<T: Real>(
    dims: &ConvDims,
    x: &[T],
    dy: &[T],
    images: Range<usize>,
    sums: Sums<'_, T>,
    scratch: &Scratch<T>,
) {
    let (cg, kg) = (dims.cg(), dims.kg());
    let vertical: Vec<Seen> = (0..dims.r()).map(|r| Seen::through(&dims.vertical, r, dims.p, dims.x.h)).collect();
    let horizontal: Vec<Seen> = (0..dims.s()).map(|s| Seen::through(&dims.horizontal, s, dims.q, dims.x.w)).collect();
    let blocks = blocks::<T>(dims, images);
    let most = blocks.iter().map(|b| b.images.len() * b.lines.len()).max().unwrap_or(0) * dims.q;
    let packed = Panels { depth: most, ..sums.shape };
    let (mut g, mut runs) = (scratch.lend(packed.len()), Vec::new());
    let step = dims.horizontal.stride * dims.x.c;
    for block in &blocks {
        let of_image = block.lines.len() * dims.q;
        for (group, to) in sums.values.chunks_mut(sums.shape.len()).enumerate() {
            packed.pack(&mut g, block.images.len() * of_image, |row| {
                let (n, pixel) = (block.images.start + row / of_image, block.lines.start * dims.q + row % of_image);
                &dy[(n * dims.p * dims.q + pixel) * dims.k + group * kg..]
            });
            for (tap, (v, h)) in vertical.iter().flat_map(|v| horizontal.iter().map(move |h| (v, h))).enumerate() {
                runs.clear();
                for n in block.images.clone() {
                    for p in v.windows(&block.lines) {
                        let line = (n * dims.x.h + v.position(p)) * dims.x.w;
                        let place = (n - block.images.start) * block.lines.len() + p - block.lines.start;
                        let from = (line + h.at) * dims.x.c + group * cg;
                        extend(&mut runs, Run { from, g: place * dims.q + h.first, count: h.count }, step);
                    }
                }
                let rows = Rows { values: x, step, runs: &runs, width: cg };
                accumulate(&rows, packed_right(packed, &g), sums.shape, to, tap * cg);
            }
        }
    }
}

/// Appends a run, or lengthens the last one where the new one follows it on both sides.
fn extend(runs: &mut Vec<Run>, run: Run, step: usize) {
    match runs.last_mut() {
        _ if run.count == 0 => {}
        Some(last) if last.from + last.count * step == run.from && last.g + last.count == run.g => {
            last.count += run.count;
        }
        _ => runs.push(run),
    }
}
