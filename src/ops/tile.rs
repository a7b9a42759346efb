//! The tiles in which a GPU computes matrix products, see `shaders/shared/tile.wgsl`. Every result is summed in the same
//! order in each of them, so that the choice never changes bits.

use crate::gpu::{Kernel, MATRICES, Matrices, Recorder, Sizes};

/// Rows and columns of the results of one workgroup.
pub const TILES: [[usize; 2]; 3] = [[64, 64], [128, 64], [128, 128]];

/// Workgroups that keep a large GPU busy: two for each of some 130 multiprocessors.
pub(super) const WORKGROUPS: usize = 264;

/// The kernels of a pass: in `f32` for every tile, then for every tile in each of [`MATRICES`].
pub(super) const WAYS: usize = TILES.len() * (1 + MATRICES.len());

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

/// The same in mixed precision, where a slab is as deep as the largest matrix.
const fn mixed_sizes(rows: u32, columns: u32, matrices: Matrices) -> [(&'static str, u32); 9] {
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
    &mixed_sizes(64, 64, MATRICES[0]),
    &mixed_sizes(128, 64, MATRICES[0]),
    &mixed_sizes(128, 128, MATRICES[0]),
    &mixed_sizes(64, 64, MATRICES[1]),
    &mixed_sizes(128, 64, MATRICES[1]),
    &mixed_sizes(128, 128, MATRICES[1]),
];

/// The kernel of a tile in the precision that is recorded.
pub(super) fn kernel(recorder: &Recorder<'_>, kernels: &'static [Kernel; WAYS], tile: usize) -> &'static Kernel {
    let mixed = recorder.matrices().and_then(|way| MATRICES.iter().position(|known| *known == way));
    &kernels[tile + mixed.map_or(0, |way| TILES.len() * (1 + way))]
}

/// The tile for some products of so many rows and columns: the largest of which there are enough, because the larger
/// ones read their operands less often. `forced` is taken where there is one.
pub(super) fn choose(forced: Option<usize>, products: usize, [rows, columns]: [usize; 2]) -> usize {
    let enough = |tile: &usize| {
        let [down, across] = TILES[*tile];
        columns > across / 2 && rows.div_ceil(down) * columns.div_ceil(across) * products >= WORKGROUPS
    };
    forced.filter(|&tile| tile < TILES.len()).or_else(|| (0..TILES.len()).rev().find(enough)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{TILES, choose};

    #[test]
    fn the_largest_tile_is_taken_of_which_there_are_enough() {
        assert_eq!(TILES[choose(None, 1, [1, 1])], [64, 64]);
        assert_eq!(TILES[choose(None, 1, [100_000, 64])], [128, 64]);
        assert_eq!(TILES[choose(None, 2, [100_000, 128])], [128, 128]);
        assert_eq!(TILES[choose(Some(1), 1, [1, 1])], [128, 64]);
        assert_eq!(TILES[choose(Some(9), 1, [1, 1])], [64, 64]);
    }
}
