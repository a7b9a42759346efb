//! The tiles in which a GPU computes matrix products, see `shaders/shared/tile.wgsl`. Every result is summed in the same
//! order in each of them, so that the choice never changes bits.

use crate::{
    gpu::{Kernel, MATRICES, Matrices, Recorder, Sizes},
    host::Precision,
};

/// Rows and columns of the results of one workgroup.
pub const TILES: [[usize; 2]; 3] = [[64, 64], [128, 64], [128, 128]];

/// How many of [`TILES`] there are in a precision: two slabs of pairs for the largest take more than 32 KiB.
pub const fn tiles(precision: Precision) -> usize {
    match precision {
        Precision::F32 | Precision::Mixed => TILES.len(),
        Precision::F16x3 => TILES.len() - 1,
    }
}

/// Workgroups that keep a large GPU busy: two for each of some 130 multiprocessors.
pub(super) const WORKGROUPS: usize = 264;

/// The tiles of each of [`MATRICES`], in mixed precision and behind them of pairs.
const OF_MATRICES: usize = tiles(Precision::Mixed) + tiles(Precision::F16x3);
/// The kernels of a pass: in `f32` for every tile, then for those of each of [`MATRICES`].
pub(super) const WAYS: usize = tiles(Precision::F32) + MATRICES.len() * OF_MATRICES;

/// What the unroller writes a tile out for: slabs as deep as two of each operand take at most 16 KiB, WebGPU's default
/// limit of workgroup memory.
const fn sizes(rows: u32, columns: u32, depth: u32) -> [(&'static str, u32); 6] {
    let invocations = rows * columns / 64;
    [
        ("ROWS", rows),
        ("COLUMNS", columns),
        ("DEPTH", depth),
        ("INVOCATIONS", invocations),
        ("A_TURNS", depth * rows / 4 / invocations),
        ("B_TURNS", depth * columns / 4 / invocations),
    ]
}

/// The same for products of matrices, where a slab is as deep as the largest of them.
const fn matrix_sizes(rows: u32, columns: u32, matrices: Matrices) -> [(&'static str, u32); 9] {
    const DEPTH: u32 = 16;
    let [rows, columns, depth, invocations, a, b] = sizes(rows, columns, DEPTH);
    let steps = ("STEPS", DEPTH / matrices.size);
    [rows, columns, depth, invocations, a, b, ("MATRIX", matrices.size), ("LANES", matrices.lanes), steps]
}

/// The sizes of each way.
pub(super) const SIZES: [Sizes; WAYS] = [
    &sizes(64, 64, 16),
    &sizes(128, 64, 8),
    &sizes(128, 128, 8),
    &matrix_sizes(64, 64, MATRICES[0]),
    &matrix_sizes(128, 64, MATRICES[0]),
    &matrix_sizes(128, 128, MATRICES[0]),
    &matrix_sizes(64, 64, MATRICES[0]),
    &matrix_sizes(128, 64, MATRICES[0]),
    &matrix_sizes(64, 64, MATRICES[1]),
    &matrix_sizes(128, 64, MATRICES[1]),
    &matrix_sizes(128, 128, MATRICES[1]),
    &matrix_sizes(64, 64, MATRICES[1]),
    &matrix_sizes(128, 64, MATRICES[1]),
];

/// The kernel of a tile in the precision that is recorded.
pub(super) fn kernel(recorder: &Recorder<'_>, kernels: &'static [Kernel; WAYS], tile: usize) -> &'static Kernel {
    let matrices = recorder.matrices().and_then(|way| MATRICES.iter().position(|known| *known == way));
    let behind = if recorder.precision() == Precision::F16x3 { tiles(Precision::Mixed) } else { 0 };
    let first = matrices.map_or(0, |way| tiles(Precision::F32) + way * OF_MATRICES + behind);
    &kernels[first + tile]
}

/// The tile for some products of so many rows and columns: that which is preferred for the operation at hand, if one is.
pub(super) fn choose(recorder: &Recorder<'_>, products: usize, results: [usize; 2]) -> usize {
    let tiles = tiles(recorder.precision());
    recorder.tile().filter(|&tile| tile < tiles).unwrap_or_else(|| by_shape(tiles, products, results))
}

/// The largest of the first tiles of which there are enough, because the larger ones read their operands less often.
fn by_shape(tiles: usize, products: usize, [rows, columns]: [usize; 2]) -> usize {
    let enough = |tile: &usize| {
        let [down, across] = TILES[*tile];
        columns > across / 2 && rows.div_ceil(down) * columns.div_ceil(across) * products >= WORKGROUPS
    };
    (0..tiles).rev().find(enough).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{TILES, by_shape};

    #[test]
    fn the_largest_tile_is_taken_of_which_there_are_enough() {
        assert_eq!(TILES[by_shape(3, 1, [1, 1])], [64, 64]);
        assert_eq!(TILES[by_shape(3, 1, [100_000, 64])], [128, 64]);
        assert_eq!(TILES[by_shape(3, 2, [100_000, 128])], [128, 128]);
        assert_eq!(TILES[by_shape(2, 2, [100_000, 128])], [128, 64]);
    }
}
