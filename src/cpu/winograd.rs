//! Convolution with fewer multiplications: Winograd's minimal filtering on tiles of the output.
//!
//! A tile of `M x M` outputs of an `R x R` kernel needs `N^2` products a pair of channels instead of `M^2 R^2` (16
//! instead of 36 for 3 x 3, 49 instead of 100 for 5 x 5): inputs and weights are taken to `N x N` points
//! (`winograd_points`), each point is a product of matrices over the channels, and the results are taken back. A block
//! of tiles (`winograd_tiling`) is transformed, multiplied and taken back while it lies in cache. Results differ from
//! the direct sum by rounding alone, within the same bounds.
//! Double precision stays direct: the reference must not share the transforms of the fast way.

use super::{
    memory::Scratch,
    panels::{Packed, Panels, Right},
    tiles::{End, Left, Then, product},
    winograd_points::{FromPoints, KernelsToPoints, Places, ToPoints, apart},
    winograd_tiling::{Block, CHANNELS, Tiling},
};
use crate::host::{ConvDims, Real};
use rayon::prelude::*;

pub use super::winograd_weight::backward_weight;

/// Fewest channels of a group for which products outweigh the transforms.
const FEWEST_CHANNELS: usize = 32;

/// Calls a function with the points, outputs, taps and inputs an axis that a kernel of 3 or 5 taps is computed with.
macro_rules! with_sizes {
    ($dims:expr, $call:ident, $($argument:expr),*) => {
        if $dims.r() == 3 { $call::<T, 4, 2, 3, 4>($($argument),*) } else { $call::<T, 7, 2, 5, 6>($($argument),*) }
    };
}

/// Whether the gradient of the weights is computed so, too. With 49 points the values of all tiles, which all points'
/// sums wait for, take longer to store and load than the direct products.
pub fn pays_for_weights(dims: &ConvDims) -> bool {
    pays(dims) && dims.r() == 3
}

/// Whether this convolution is computed so: by its shape alone.
pub fn pays(dims: &ConvDims) -> bool {
    let square = dims.r() == dims.s() && (dims.r() == 3 || dims.r() == 5);
    let adjacent = [&dims.vertical, &dims.horizontal].iter().all(|window| window.stride == 1 && window.dilation == 1);
    let many = |channels: usize| channels.is_multiple_of(CHANNELS) && channels >= FEWEST_CHANNELS;
    let points = if dims.r() == 3 { 16 } else { 49 } * dims.p.div_ceil(2) * dims.q.div_ceil(2);
    let direct = dims.r() * dims.s() * dims.p * dims.q;
    square && adjacent && many(dims.cg()) && many(dims.kg()) && 3 * points < 2 * direct
}

/// Overwrites `y`.
pub fn forward<T: Real>(
    dims: &ConvDims,
    x: &[T],
    w: &[T],
    (b, end): (Option<&[T]>, End<'_, T>),
    y: &mut [T],
    scratch: &Scratch<T>,
) {
    with_sizes!(dims, correlate, dims, false, x, w, (b, end), y, scratch);
}

/// Overwrites `dx`.
pub fn backward_input<T: Real>(
    dims: &ConvDims,
    w: &[T],
    dy: &[T],
    end: End<'_, T>,
    dx: &mut [T],
    scratch: &Scratch<T>,
) {
    with_sizes!(dims, correlate, dims, true, dy, w, (None, end), dx, scratch);
}

fn correlate<T: Real, const N: usize, const M: usize, const R: usize, const X: usize>(
    dims: &ConvDims,
    reversed: bool,
    from: &[T],
    w: &[T],
    (b, end): (Option<&[T]>, End<'_, T>),
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
    let (mut rest, mut first) = (to, 0);
    let mut work = Vec::with_capacity(blocks.len());
    for block in blocks {
        let len = block.images.len() * tiling.lines(&block, M).len() * tiling.to[1] * all;
        let (to, after) = std::mem::take(&mut rest).split_at_mut(len);
        rest = after;
        work.push((block, first, to));
        first += len;
    }
    let buffers = || [depth, shape.width].map(|channels| scratch.lend(N * N * apart(most * channels)));
    work.into_par_iter().for_each_init(buffers, |[values, products], (block, first, to)| {
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
        end(first, to);
    });
}
