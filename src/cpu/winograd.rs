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

/// Tiles that are taken through all steps at a time.
const TILES_PER_BLOCK: usize = 64;

/// Calls a function with the points, outputs, taps and inputs an axis that a kernel of 3 or 5 taps is computed with.
macro_rules! with_sizes {
    ($dims:expr, $call:ident, $($argument:expr),*) => {
        if $dims.r() == 3 { $call::<T, 4, 2, 3, 4>($($argument),*) } else { $call::<T, 7, 2, 5, 6>($($argument),*) }
    };
}
pub(super) use with_sizes;

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

    /// Blocks of whole images, or of lines of tiles of one image where it has many.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let [down, across] = self.tiles;
        let images_at_a_time = (TILES_PER_BLOCK / (down * across)).max(1);
        let blocks_of_image = (down * across).div_ceil(TILES_PER_BLOCK).min(down);
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
        Self { points: tiles * channels, tiles: channels, chunk: channels, chunks: 0 }
    }
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
        for tile in 0..self.block.tiles() {
            let (image, place) = self.block.at(tile);
            let inside = |axis: usize, i: usize, size: usize| {
                usize::try_from((place[axis] * self.step + i) as isize + self.first[axis]).ok().filter(|&at| at < size)
            };
            let mut pixels = [[None; L]; L];
            for i in 0..L {
                for j in 0..L {
                    let pixel = inside(0, i, height).zip(inside(1, j, width));
                    pixels[i][j] = pixel.map(|(h, w)| ((image * height + h) * width + w) * self.all);
                }
            }
            for channel in (0..self.channels.len()).step_by(lanes) {
                let mut square = [[T::splat(simd, T::zero()); L]; L];
                for i in 0..L {
                    for j in 0..L {
                        if let Some(at) = pixels[i][j] {
                            square[i][j] =
                                T::vectors::<S>(&self.values[at + self.channels.start + channel..][..lanes])[0];
                        }
                    }
                }
                let points = both(square, |line| at_points::<T, S, N, L>(simd, line));
                let Places { points: between, tiles, chunk, chunks } = self.places;
                let base = tile * tiles + channel / chunk * chunks + channel % chunk;
                for i in 0..N {
                    for j in 0..N {
                        let to = &mut self.to[base + (i * N + j) * between..][..lanes];
                        T::vectors_mut::<S>(to)[0] = points[i][j];
                    }
                }
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
        let points = self.block.tiles() * count;
        let (lines, width) = (self.tiling.lines(self.block, M), self.tiling.to[1]);
        for tile in 0..self.block.tiles() {
            let (image, [down, across]) = self.block.at(tile);
            let first = (image - self.block.images.start) * lines.len() + down * M - lines.start;
            let (rows, columns) = (M.min(lines.end - down * M), M.min(width - across * M));
            for channel in (0..count).step_by(lanes) {
                let mut square = [[T::splat(simd, T::zero()); N]; N];
                for i in 0..N {
                    for j in 0..N {
                        let from = (i * N + j) * points + tile * count + channel;
                        square[i][j] = T::vectors::<S>(&self.products[from..][..lanes])[0];
                    }
                }
                let results: [[T::Vector<S>; M]; M] = both(square, |line| outputs::<T, S, N, M>(simd, line));
                let bias = self.bias.map(|b| T::vectors::<S>(&b[self.channels.start + channel..][..lanes])[0]);
                for (i, results) in results[..rows].iter().enumerate() {
                    for (j, &output) in results[..columns].iter().enumerate() {
                        let at = ((first + i) * width + across * M + j) * self.all + self.channels.start + channel;
                        let output = bias.map_or(output, |b| T::plus(simd, output, b));
                        T::vectors_mut::<S>(&mut self.to[at..][..lanes])[0] = output;
                    }
                }
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
        if self.columns.len() < self.width {
            self.panel.fill(T::zero());
        }
        let (inputs, outputs) =
            if self.reversed { (self.columns.clone(), 0..kg) } else { (0..cg, self.columns.clone()) };
        for c in inputs {
            for k in outputs.clone().step_by(lanes) {
                let mut taps = [[T::splat(simd, T::zero()); R]; R];
                for r in 0..R {
                    for s in 0..R {
                        let tap = if self.reversed { (R - 1 - r) * R + R - 1 - s } else { r * R + s };
                        let from = (tap * cg + c) * self.dims.k + self.group * kg + k;
                        taps[r][s] = T::vectors::<S>(&self.w[from..][..lanes])[0];
                    }
                }
                let points = both(taps, |line| at_points::<T, S, N, R>(simd, line));
                for (point, values) in points.as_flattened().iter().enumerate() {
                    if self.reversed {
                        let to = &mut self.panel[(point * kg + k) * self.width + c - self.columns.start..];
                        let values = T::elements::<S>(std::slice::from_ref(values));
                        to.iter_mut().step_by(self.width).zip(values).for_each(|(to, &value)| *to = value);
                    } else {
                        let to = (point * cg + c) * self.width + k - self.columns.start;
                        T::vectors_mut::<S>(&mut self.panel[to..][..lanes])[0] = *values;
                    }
                }
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
    let blocks = tiling.blocks();
    let most = blocks.iter().map(Block::tiles).max().unwrap_or(0);
    let mut rest = to;
    let mut work = Vec::with_capacity(blocks.len());
    for block in blocks {
        let len = block.images.len() * tiling.lines(&block, M).len() * tiling.to[1] * all;
        let (to, behind) = std::mem::take(&mut rest).split_at_mut(len);
        rest = behind;
        work.push((block, to));
    }
    let buffers = || [depth, columns].map(|channels| scratch.lend(N * N * most * channels));
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
            let weights = weights.matrix(group);
            for point in 0..N * N {
                let rows = Left::matrix(&values[point * tiles * depth..], tiles, depth, depth);
                let panels = Right { shape, values: &weights.values[point * shape.panel_len()..], ..weights };
                let to = &mut products[point * tiles * columns..][..tiles * columns];
                product(&rows, panels, Then::Write, to, columns);
            }
            pulp::Arch::new().dispatch(FromPoints::<T, N, M> {
                tiling: &tiling,
                block: &block,
                products,
                channels: group * columns..(group + 1) * columns,
                all,
                bias: b,
                to,
            });
        }
    });
}
