//! Convolution with fewer multiplications: Winograd's minimal filtering on tiles of the output.
//!
//! A tile of `M x M` outputs of an `R x R` kernel needs `N^2` products a pair of channels instead of `M^2 R^2` (16
//! instead of 36 for 3 x 3, 49 instead of 100 for 5 x 5): inputs and weights are taken to `N x N` points (`winograd_transform`), each point is a product of
//! matrices over the channels, and the results are taken back. A block of tiles is transformed, multiplied and taken
//! back while it lies in cache. Results differ from the direct sum by rounding alone, within the same bounds.
//! Double precision stays direct: what the fast way is held against must not share its transforms.

use super::{
    memory::Scratch,
    panels::{Packed, Panels, Right},
    tiles::{Left, Then, product},
    winograd_transform::{at_points, both, outputs},
};
use crate::host::{ConvDims, Real};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

pub use super::winograd_weight::backward_weight;

/// Channels a group must be a multiple of: a register of every instruction set, so that no vector is partly filled.
pub(super) const CHANNELS: usize = 16;

/// Fewest channels of a group for which products outweigh the transforms.
const FEWEST_CHANNELS: usize = 32;

/// Values at points that a block of tiles may have: they stay in a second-level cache beside a panel of weights.
const VALUES_PER_BLOCK: usize = 160 << 10;

/// Fewest tiles of a block: they share what it costs to load the weights.
const FEWEST_TILES: usize = 28;

/// Calls a function with the points, outputs, taps and inputs an axis that a kernel of 3 or 5 taps is computed with.
macro_rules! with_sizes {
    ($dims:expr, $call:ident, $($argument:expr),*) => {
        if $dims.r() == 3 { $call::<T, 4, 2, 3, 4>($($argument),*) } else { $call::<T, 7, 2, 5, 6>($($argument),*) }
    };
}

/// Whether the gradient of the weights is computed so, too. With 49 points the values of all tiles, which all points'
/// sums wait for, take longer to store and load than the direct products.
pub fn pays_for_weights<T: Real>(dims: &ConvDims) -> bool {
    pays::<T>(dims) && dims.r() == 3
}

/// Whether this convolution is computed so: by its shape alone.
pub fn pays<T: Real>(dims: &ConvDims) -> bool {
    let single = size_of::<T>() == size_of::<f32>();
    let square = dims.r() == dims.s() && (dims.r() == 3 || dims.r() == 5);
    let adjacent = [&dims.vertical, &dims.horizontal].iter().all(|window| window.stride == 1 && window.dilation == 1);
    let many = |channels: usize| channels.is_multiple_of(CHANNELS) && channels >= FEWEST_CHANNELS;
    let points = if dims.r() == 3 { 16 } else { 49 } * dims.p.div_ceil(2) * dims.q.div_ceil(2);
    let direct = dims.r() * dims.s() * dims.p * dims.q;
    single && square && adjacent && many(dims.cg()) && many(dims.kg()) && 3 * points < 2 * direct
}

/// A correlation of images with padding around them, tile by tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiling {
    pub images: usize,
    /// Height and width of an image, and of its output.
    pub from: [usize; 2],
    pub to: [usize; 2],
    /// Zeros above and on the left; less than 0 where the first rows are not seen.
    pub pad: [isize; 2],
    /// Tiles down and across.
    pub tiles: [usize; 2],
}

impl Tiling {
    pub(super) fn forward(dims: &ConvDims, outputs: usize) -> Self {
        let pad = [dims.vertical.pad_begin as isize, dims.horizontal.pad_begin as isize];
        let (from, to) = ([dims.x.h, dims.x.w], [dims.p, dims.q]);
        Self { images: dims.x.n, from, to, pad, tiles: to.map(|to| to.div_ceil(outputs)) }
    }

    /// The input gradient's: a correlation of the output's gradient with the taps in reverse.
    fn backward(dims: &ConvDims, outputs: usize) -> Self {
        let forward = Self::forward(dims, outputs);
        let (from, to) = (forward.to, forward.from);
        let pad = forward.pad.map(|pad| dims.r() as isize - 1 - pad);
        Self { from, to, pad, tiles: to.map(|to| to.div_ceil(outputs)), ..forward }
    }

    /// Blocks of whole images, or of lines of tiles of one image where it has many; by the values that a tile has
    /// at all points.
    pub(super) fn blocks(&self, values_of_tile: usize) -> Vec<Block> {
        let [down, across] = self.tiles;
        let most = (VALUES_PER_BLOCK / values_of_tile).max(FEWEST_TILES);
        let images_at_a_time = (most / (down * across)).max(1);
        let blocks_of_image = (down * across).div_ceil(most).min(down);
        let mut blocks = Vec::new();
        for image in (0..self.images).step_by(images_at_a_time) {
            let images = image..(image + images_at_a_time).min(self.images);
            for i in 0..blocks_of_image {
                let lines = down * i / blocks_of_image..down * (i + 1) / blocks_of_image;
                blocks.push(Block { images: images.clone(), lines, across });
            }
        }
        blocks
    }

    /// The lines of an image's output that a block computes.
    fn lines(&self, block: &Block, outputs: usize) -> Range<usize> {
        block.lines.start * outputs..(block.lines.end * outputs).min(self.to[0])
    }
}

/// Lines of tiles of some images.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub images: Range<usize>,
    pub lines: Range<usize>,
    pub across: usize,
}

impl Block {
    pub(super) fn tiles(&self) -> usize {
        self.images.len() * self.lines.len() * self.across
    }

    /// Image, and place of the tile in it.
    fn at(&self, tile: usize) -> (usize, [usize; 2]) {
        let (line, across) = (tile / self.across, tile % self.across);
        (self.images.start + line / self.lines.len(), [self.lines.start + line % self.lines.len(), across])
    }
}

/// Where the values of a tile go: `point * points + tile * tiles + channel / chunk * chunks + channel % chunk`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub points: usize,
    pub tiles: usize,
    pub chunk: usize,
    pub chunks: usize,
}

impl Places {
    /// A matrix of tiles by channels for each point.
    fn matrices(tiles: usize, channels: usize) -> Self {
        Self { points: apart(tiles * channels), tiles: channels, chunk: channels, chunks: 0 }
    }
}

/// Elements from one point's matrix to the next: one line of a cache more than it has, because the values of a tile at
/// all points, a power of two apart, would compete for the same few lines of the first-level cache.
pub(super) const fn apart(len: usize) -> usize {
    len + CHANNELS
}

/// Takes squares of `L x L` pixels, one for each tile of a block and `step` apart, to `N x N` points.
pub(super) struct ToPoints<'a, T, const N: usize, const L: usize> {
    pub block: &'a Block,
    /// The distance between two tiles, and where the first one begins in the image.
    pub step: usize,
    pub first: [isize; 2],
    /// Height and width of an image, its channels, and those that are used.
    pub size: [usize; 2],
    pub all: usize,
    pub channels: Range<usize>,
    pub values: &'a [T],
    pub places: Places,
    pub to: &'a mut [T],
}

impl<T: Real, const N: usize, const L: usize> WithSimd for ToPoints<'_, T, N, L> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let [height, width] = self.size;
        let zero = T::splat(simd, T::zero());
        let mut lines = [[zero; L]; N];
        for tile in 0..self.block.tiles() {
            let (image, place) = self.block.at(tile);
            let inside = |axis: usize, i: usize, size: usize| {
                usize::try_from((place[axis] * self.step + i) as isize + self.first[axis]).ok().filter(|&at| at < size)
            };
            let mut pixels = [[None; L]; L];
            for (i, line) in pixels.iter_mut().enumerate() {
                let Some(h) = inside(0, i, height) else { continue };
                for (j, pixel) in line.iter_mut().enumerate() {
                    *pixel = inside(1, j, width).map(|w| ((image * height + h) * width + w) * self.all);
                }
            }
            let Places { points, tiles, chunk, chunks } = self.places;
            for channel in (0..self.channels.len()).step_by(lanes) {
                let base = tile * tiles + channel / chunk * chunks + channel % chunk;
                both(
                    &mut lines,
                    #[inline(always)]
                    |i: usize, j: usize| {
                        let from = pixels[i][j].map(|at| &self.values[at + self.channels.start + channel..][..lanes]);
                        from.map_or(zero, |from| T::vectors::<S>(from)[0])
                    },
                    #[inline(always)]
                    |line| at_points::<T, S, N, L>(simd, line),
                    #[inline(always)]
                    |i, line| {
                        for (j, &value) in line.iter().enumerate() {
                            let to = &mut self.to[base + (i * N + j) * points..][..lanes];
                            T::vectors_mut::<S>(to)[0] = value;
                        }
                    },
                );
            }
        }
    }
}

/// Takes the products of a block of tiles back to `M x M` outputs.
struct FromPoints<'a, T, const N: usize, const M: usize> {
    tiling: &'a Tiling,
    block: &'a Block,
    products: &'a [T],
    channels: Range<usize>,
    all: usize,
    bias: Option<&'a [T]>,
    to: &'a mut [T],
}

impl<T: Real, const N: usize, const M: usize> WithSimd for FromPoints<'_, T, N, M> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (lanes, count) = (T::lanes::<S>(), self.channels.len());
        let points = apart(self.block.tiles() * count);
        let (lines, width) = (self.tiling.lines(self.block, M), self.tiling.to[1]);
        let mut between = [[T::splat(simd, T::zero()); N]; M];
        for tile in 0..self.block.tiles() {
            let (image, [down, across]) = self.block.at(tile);
            let first = (image - self.block.images.start) * lines.len() + down * M - lines.start;
            let (rows, columns) = (M.min(lines.end - down * M), M.min(width - across * M));
            for channel in (0..count).step_by(lanes) {
                let bias = self.bias.map(|b| T::vectors::<S>(&b[self.channels.start + channel..][..lanes])[0]);
                both(
                    &mut between,
                    #[inline(always)]
                    |i: usize, j: usize| {
                        let from = (i * N + j) * points + tile * count + channel;
                        T::vectors::<S>(&self.products[from..][..lanes])[0]
                    },
                    #[inline(always)]
                    |line| outputs::<T, S, N, M>(simd, line),
                    #[inline(always)]
                    |i, results| {
                        if i >= rows {
                            return;
                        }
                        for (j, &result) in results[..columns].iter().enumerate() {
                            let at = ((first + i) * width + across * M + j) * self.all + self.channels.start + channel;
                            let result = bias.map_or(result, |b| T::plus(simd, result, b));
                            T::vectors_mut::<S>(&mut self.to[at..][..lanes])[0] = result;
                        }
                    },
                );
            }
        }
    }
}

/// Takes the kernels of a panel of columns to `N x N` points.
struct KernelsToPoints<'a, T, const N: usize, const R: usize> {
    dims: &'a ConvDims,
    w: &'a [T],
    group: usize,
    columns: Range<usize>,
    width: usize,
    /// Whether columns are input channels and taps are reversed.
    reversed: bool,
    panel: &'a mut [T],
}

impl<T: Real, const N: usize, const R: usize> WithSimd for KernelsToPoints<'_, T, N, R> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (lanes, cg, kg) = (T::lanes::<S>(), self.dims.cg(), self.dims.kg());
        let mut lines = [[T::splat(simd, T::zero()); R]; N];
        if self.columns.len() < self.width {
            self.panel.fill(T::zero());
        }
        let (inputs, outputs) =
            if self.reversed { (self.columns.clone(), 0..kg) } else { (0..cg, self.columns.clone()) };
        for c in inputs {
            for k in outputs.clone().step_by(lanes) {
                both(
                    &mut lines,
                    #[inline(always)]
                    |r: usize, s: usize| {
                        let tap = if self.reversed { (R - 1 - r) * R + R - 1 - s } else { r * R + s };
                        let from = (tap * cg + c) * self.dims.k + self.group * kg + k;
                        T::vectors::<S>(&self.w[from..][..lanes])[0]
                    },
                    #[inline(always)]
                    |line| at_points::<T, S, N, R>(simd, line),
                    #[inline(always)]
                    |i, line| {
                        for (j, value) in line.iter().enumerate() {
                            let point = i * N + j;
                            if self.reversed {
                                let to = &mut self.panel[(point * kg + k) * self.width + c - self.columns.start..];
                                let values = T::elements::<S>(std::slice::from_ref(value));
                                to.iter_mut().step_by(self.width).zip(values).for_each(|(to, &value)| *to = value);
                            } else {
                                let to = (point * cg + c) * self.width + k - self.columns.start;
                                T::vectors_mut::<S>(&mut self.panel[to..][..lanes])[0] = *value;
                            }
                        }
                    },
                );
            }
        }
    }
}

/// Overwrites `y`.
pub fn forward<T: Real>(dims: &ConvDims, x: &[T], w: &[T], b: Option<&[T]>, y: &mut [T], scratch: &Scratch<T>) {
    with_sizes!(dims, correlate, dims, false, x, w, b, y, scratch);
}

/// Overwrites `dx`.
pub fn backward_input<T: Real>(dims: &ConvDims, w: &[T], dy: &[T], dx: &mut [T], scratch: &Scratch<T>) {
    with_sizes!(dims, correlate, dims, true, dy, w, None, dx, scratch);
}

fn correlate<T: Real, const N: usize, const M: usize, const R: usize, const X: usize>(
    dims: &ConvDims,
    reversed: bool,
    from: &[T],
    w: &[T],
    b: Option<&[T]>,
    to: &mut [T],
    scratch: &Scratch<T>,
) {
    let (tiling, depth, columns) = if reversed {
        (Tiling::backward(dims, M), dims.kg(), dims.cg())
    } else {
        (Tiling::forward(dims, M), dims.cg(), dims.kg())
    };
    let shape = Panels::new::<T>(depth, columns);
    let all_points = Panels { depth: N * N * depth, ..shape };
    let weights = Packed::new(scratch, all_points, dims.groups, |group, columns, panel| {
        pulp::Arch::new().dispatch(KernelsToPoints::<T, N, R> {
            dims,
            w,
            group,
            columns,
            width: shape.width,
            reversed,
            panel,
        });
    });
    let all = columns * dims.groups;
    let blocks = tiling.blocks(N * N * depth);
    let most = blocks.iter().map(Block::tiles).max().unwrap_or(0);
    let mut rest = to;
    let mut work = Vec::with_capacity(blocks.len());
    for block in blocks {
        let len = block.images.len() * tiling.lines(&block, M).len() * tiling.to[1] * all;
        let (to, behind) = std::mem::take(&mut rest).split_at_mut(len);
        rest = behind;
        work.push((block, to));
    }
    let buffers = || [depth, shape.width].map(|channels| scratch.lend(N * N * apart(most * channels)));
    work.into_par_iter().for_each_init(buffers, |[values, products], (block, to)| {
        let tiles = block.tiles();
        for group in 0..dims.groups {
            pulp::Arch::new().dispatch(ToPoints::<T, N, X> {
                block: &block,
                step: M,
                first: tiling.pad.map(|pad| -pad),
                size: tiling.from,
                all: depth * dims.groups,
                channels: group * depth..(group + 1) * depth,
                values: from,
                places: Places::matrices(tiles, depth),
                to: values,
            });
            // The products of one panel of columns at a time are taken back: they stay in the second-level cache.
            for (panel, weights) in weights.matrix(group).values.chunks(all_points.panel_len()).enumerate() {
                let columns_of = shape.columns_of(panel);
                let one = Panels { columns: columns_of.len(), ..shape };
                for point in 0..N * N {
                    let rows = Left::matrix(&values[point * apart(tiles * depth)..], tiles, depth, depth);
                    let weights = &weights[point * shape.panel_len()..][..shape.panel_len()];
                    let weights = Right { shape: one, values: weights, panel_stride: shape.panel_len() };
                    let to = &mut products[point * apart(tiles * one.columns)..][..tiles * one.columns];
                    product(&rows, weights, Then::Write, to, one.columns);
                }
                pulp::Arch::new().dispatch(FromPoints::<T, N, M> {
                    tiling: &tiling,
                    block: &block,
                    products,
                    channels: group * columns + columns_of.start..group * columns + columns_of.end,
                    all,
                    bias: b,
                    to,
                });
            }
        }
    });
}
