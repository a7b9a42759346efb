//! The way to the points and back: tiles of images and panels of weights to values at `N x N` points, and products at
//! the points to tiles of the output. `winograd_transform` has what is done to one line of such a square.

use super::{
    winograd_tiling::{Block, CHANNELS, Tiling},
    winograd_transform::{at_points, both, outputs},
};
use crate::host::{ConvDims, Real};
use pulp::{Simd, WithSimd};
use std::ops::Range;

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
    pub(super) fn matrices(tiles: usize, channels: usize) -> Self {
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
pub(super) struct FromPoints<'a, T, const N: usize, const M: usize> {
    pub tiling: &'a Tiling,
    pub block: &'a Block,
    pub products: &'a [T],
    pub channels: Range<usize>,
    pub all: usize,
    pub bias: Option<&'a [T]>,
    pub to: &'a mut [T],
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
pub(super) struct KernelsToPoints<'a, T, const N: usize, const R: usize> {
    pub dims: &'a ConvDims,
    pub w: &'a [T],
    pub group: usize,
    pub columns: Range<usize>,
    pub width: usize,
    /// Whether columns are input channels and taps are reversed.
    pub reversed: bool,
    pub panel: &'a mut [T],
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
