//! The gradient of 3 x 3 weights with fewer multiplications: a correlation of the input with `M x M` tiles of the
//! output's gradient, which are its taps, summed over all tiles at the points and taken back once.

use super::{
    memory::Scratch,
    panels::{Panels, Right},
    tiles::{Rows, Run, accumulate},
    winograd_points::{Places, ToPoints, apart},
    winograd_tiling::{Block, CHANNELS, Tiling},
    winograd_transform::{both, outputs},
};
use crate::host::{ConvDims, Real};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Bytes of blocks that are transformed before they are multiplied: they stay in a last-level cache.
const CHUNK_BYTES: usize = 12 << 20;

/// Points, tile and taps an axis.
const N: usize = 4;
const M: usize = 2;
const R: usize = 3;

/// Overwrites `dw`, summed over the batch.
pub fn backward_weight<T: Real>(dims: &ConvDims, x: &[T], dy: &[T], dw: &mut [T], scratch: &Scratch<T>) {
    let (cg, kg, groups) = (dims.cg(), dims.kg(), dims.groups);
    let tiling = Tiling::forward(dims, M);
    let blocks = tiling.blocks(N * N * cg);
    let most = blocks.iter().map(Block::tiles).max().unwrap_or(0);
    let shape = Panels::new::<T>(cg, kg);
    let gradients = Panels { depth: most, ..shape };
    // A block's values: for each group and point, inputs in chunks of channels and gradients in panels, tile by tile.
    let (of_x, of_dy) = (apart(most * cg), apart(gradients.len()));
    let of_block = groups * N * N * (of_x + of_dy);
    let at_a_time = (CHUNK_BYTES / (of_block * size_of::<T>())).max(2).min(blocks.len());
    let mut values = scratch.lend(at_a_time * of_block);
    let mut sums = scratch.zeros(groups * N * N * shape.len());
    for chunk in blocks.chunks(at_a_time) {
        values.par_chunks_mut(of_block).zip(chunk).for_each(|(values, block)| {
            let (inputs, outputs) = values.split_at_mut(groups * N * N * of_x);
            for (group, to) in inputs.chunks_mut(N * N * of_x).enumerate() {
                pulp::Arch::new().dispatch(ToPoints::<T, N, N> {
                    block,
                    step: M,
                    first: tiling.pad.map(|pad| -pad),
                    size: tiling.from,
                    all: dims.x.c,
                    channels: group * cg..(group + 1) * cg,
                    values: x,
                    places: Places { points: of_x, tiles: CHANNELS, chunk: CHANNELS, chunks: most * CHANNELS },
                    to,
                });
            }
            for (group, to) in outputs.chunks_mut(N * N * of_dy).enumerate() {
                let width = shape.width;
                pulp::Arch::new().dispatch(ToPoints::<T, N, M> {
                    block,
                    step: M,
                    first: [0; 2],
                    size: tiling.to,
                    all: dims.k,
                    channels: group * kg..(group + 1) * kg,
                    values: dy,
                    places: Places { points: of_dy, tiles: width, chunk: width, chunks: gradients.panel_len() },
                    to,
                });
            }
        });
        sums.par_chunks_mut(shape.len()).enumerate().for_each(|(index, sums)| {
            for (values, block) in values.chunks(of_block).zip(chunk) {
                let (inputs, outputs) = values.split_at(groups * N * N * of_x);
                let outputs = &outputs[index * of_dy..][..of_dy];
                let g = Right { shape: gradients, values: outputs, panel_stride: gradients.panel_len() };
                for c in (0..cg).step_by(CHANNELS) {
                    let runs = [Run { from: index * of_x + c * most, g: 0, count: block.tiles() }];
                    let rows = Rows { values: inputs, step: CHANNELS, runs: &runs, width: CHANNELS };
                    accumulate(&rows, g, shape, sums, c);
                }
            }
        });
    }
    let lines = dw.par_chunks_mut(R * cg * dims.k).enumerate();
    lines.for_each(|(r, dw)| pulp::Arch::new().dispatch(FromPoints::<T> { dims, shape, sums: &sums, r, dw }));
}

/// Takes the sums back to one line of taps.
struct FromPoints<'a, T> {
    dims: &'a ConvDims,
    shape: Panels,
    sums: &'a [T],
    r: usize,
    dw: &'a mut [T],
}

impl<T: Real> WithSimd for FromPoints<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (lanes, cg, kg, width) = (T::lanes::<S>(), self.dims.cg(), self.dims.kg(), self.shape.width);
        let mut lines = [[T::splat(simd, T::zero()); N]; R];
        for (group, sums) in self.sums.chunks_exact(N * N * self.shape.len()).enumerate() {
            for c in 0..cg {
                for k in (0..kg).step_by(lanes) {
                    let place = k / width * self.shape.panel_len() + c * width + k % width;
                    both(
                        &mut lines,
                        #[inline(always)]
                        |i: usize, j: usize| {
                            T::vectors::<S>(&sums[(i * N + j) * self.shape.len() + place..][..lanes])[0]
                        },
                        #[inline(always)]
                        |line| outputs::<T, S, N, R>(simd, line),
                        #[inline(always)]
                        |r, taps| {
                            for (s, &tap) in taps.iter().enumerate().filter(|_| r == self.r) {
                                let at = (s * cg + c) * self.dims.k + group * kg + k;
                                T::vectors_mut::<S>(&mut self.dw[at..][..lanes])[0] = tap;
                            }
                        },
                    );
                }
            }
        }
    }
}
