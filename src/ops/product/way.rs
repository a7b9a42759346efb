//! The ways in which a GPU computes matrix products: in tiles of several sizes, each in several precisions. Every result
//! is summed in the same order in each tile, so that the choice of a tile never changes bits.

use crate::{
    gpu::{MATRICES, Matrices, Module, Recorder},
    host::Precision,
};

/// Rows and columns of the results of one workgroup. The narrow ones come last: files of preferred tiles number them.
pub const TILES: [[usize; 2]; 5] = [[64, 64], [128, 64], [128, 128], [64, 32], [64, 16]];

/// The first of the narrow tiles, for products with few columns: most of a wide tile would lie beyond them.
const NARROW: usize = 3;

/// Workgroups that keep a large GPU busy: two for each of some 130 multiprocessors.
pub(super) const WORKGROUPS: usize = 264;

/// A way: there is a kernel for each, of each pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Rows and columns of the results of one workgroup.
    pub tile: [usize; 2],
    pub precision: Precision,
    /// The matrices that are multiplied, but in `f32`.
    pub matrices: Option<Matrices>,
}

const fn single(tile: [usize; 2]) -> Way {
    Way { tile, precision: Precision::F32, matrices: None }
}
const fn mixed(tile: [usize; 2], matrices: Matrices) -> Way {
    Way { tile, precision: Precision::Mixed, matrices: Some(matrices) }
}
const fn pairs(tile: [usize; 2], matrices: Matrices) -> Way {
    Way { tile, precision: Precision::F16x3, matrices: Some(matrices) }
}

/// Every way. Two slabs of pairs for the largest tile would take more than 32 KiB.
pub(super) static WAYS: &[Way] = &[
    single(TILES[0]),
    single(TILES[1]),
    single(TILES[2]),
    single(TILES[3]),
    single(TILES[4]),
    mixed(TILES[0], MATRICES[0]),
    mixed(TILES[1], MATRICES[0]),
    mixed(TILES[2], MATRICES[0]),
    pairs(TILES[0], MATRICES[0]),
    pairs(TILES[1], MATRICES[0]),
    mixed(TILES[0], MATRICES[1]),
    mixed(TILES[1], MATRICES[1]),
    mixed(TILES[2], MATRICES[1]),
    pairs(TILES[0], MATRICES[1]),
    pairs(TILES[1], MATRICES[1]),
];

impl Way {
    /// The name, such as `64x64` or `mixed16_128x64`.
    pub fn name(&self) -> String {
        let [rows, columns] = self.tile;
        let tile = format!("{rows}x{columns}");
        match (self.precision, self.matrices) {
            (Precision::Mixed, Some(matrices)) => format!("mixed{}_{tile}", matrices.size),
            (Precision::F16x3, Some(matrices)) => format!("f16x3_{}_{tile}", matrices.size),
            _ => tile,
        }
    }

    /// The modules that hold the slabs and multiply them, and what must stand first: what enables extensions.
    pub fn modules(&self) -> (Option<Module>, Module) {
        match self.precision {
            Precision::F32 => (None, module!("product/tile_f32")),
            Precision::Mixed => (Some(module!("product/tile_matrices")), module!("product/tile_mixed")),
            Precision::F16x3 => (Some(module!("product/tile_matrices")), module!("product/tile_f16x3")),
        }
    }

    /// What the unroller writes a tile out for. Slabs in `f32` are as deep as two of each operand take at most 16 KiB,
    /// WebGPU's default limit of workgroup memory, and as an invocation fetches at most four vectors of an operand;
    /// those of matrices as the largest of these.
    pub fn sizes(&self) -> Vec<(&'static str, u32)> {
        let [rows, columns] = self.tile.map(|side| side as u32);
        let invocations = rows * columns / 64;
        let depth = match self.matrices {
            None if self.tile == TILES[4] => 4,
            None if self.tile != TILES[0] => 8,
            _ => 16,
        };
        let mut sizes = vec![
            ("ROWS", rows),
            ("COLUMNS", columns),
            ("DEPTH", depth),
            ("INVOCATIONS", invocations),
            ("TURNS_a", depth * rows / 4 / invocations),
            ("TURNS_b", depth * columns / 4 / invocations),
        ];
        if let Some(Matrices { size, lanes }) = self.matrices {
            sizes.extend([("MATRIX", size), ("LANES", lanes), ("STEPS", depth / size)]);
        }
        sizes
    }
}

/// How many of [`TILES`] there are in a precision: the first ones.
pub fn tiles(precision: Precision) -> usize {
    TILES.iter().filter(|tile| WAYS.iter().any(|way| way.precision == precision && way.tile == **tile)).count()
}

/// The number of the way of a tile in the precision that is recorded.
pub(super) fn number(recorder: &Recorder<'_>, tile: usize) -> Option<usize> {
    let wanted = Way { tile: TILES[tile], precision: recorder.precision(), matrices: recorder.matrices() };
    WAYS.iter().position(|way| *way == wanted)
}

/// The tile for some products of so many rows and columns: that which is preferred for the operation, if one is.
pub(super) fn choose(recorder: &Recorder<'_>, products: usize, results: [usize; 2]) -> usize {
    let tiles = tiles(recorder.precision());
    recorder.tile().filter(|&tile| tile < tiles).unwrap_or_else(|| by_shape(tiles, products, results))
}

/// The narrowest tile that has all columns, where one of the narrow ones does; else the largest of the others of which
/// there are enough, because the larger ones read their operands less often.
fn by_shape(tiles: usize, products: usize, [rows, columns]: [usize; 2]) -> usize {
    if let Some(narrow) = (NARROW..tiles).rev().find(|&tile| columns <= TILES[tile][1]) {
        return narrow;
    }
    let enough = |tile: &usize| {
        let [down, across] = TILES[*tile];
        columns > across / 2 && rows.div_ceil(down) * columns.div_ceil(across) * products >= WORKGROUPS
    };
    (0..tiles.min(NARROW)).rev().find(enough).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Precision, TILES, WAYS, by_shape, tiles};

    #[test]
    fn the_largest_tile_is_taken_of_which_there_are_enough() {
        assert_eq!(TILES[by_shape(5, 1, [1, 33])], [64, 64]);
        assert_eq!(TILES[by_shape(5, 1, [100_000, 64])], [128, 64]);
        assert_eq!(TILES[by_shape(5, 1, [100_000, 128])], [128, 128]);
        assert_eq!(TILES[by_shape(3, 1, [100_000, 64])], [128, 64]);
        assert_eq!(TILES[by_shape(3, 2, [100_000, 128])], [128, 128]);
        assert_eq!(TILES[by_shape(2, 2, [100_000, 128])], [128, 64]);
    }

    #[test]
    fn few_columns_take_the_narrowest_tile_that_has_them_all() {
        assert_eq!([1, 16, 17, 32].map(|columns| TILES[by_shape(5, 1, [100_000, columns])][1]), [16, 16, 32, 32]);
        assert_eq!(TILES[by_shape(3, 1, [100_000, 6])], [64, 64], "a precision without narrow tiles");
    }

    #[test]
    fn every_way_has_a_name_of_its_own_and_every_precision_the_first_tiles() {
        let names: std::collections::BTreeSet<String> = WAYS.iter().map(|way| way.name()).collect();
        assert_eq!(names.len(), WAYS.len(), "{names:?}");
        for precision in [Precision::F32, Precision::Mixed, Precision::F16x3] {
            for way in WAYS.iter().filter(|way| way.precision == precision) {
                assert!(TILES[..tiles(precision)].contains(&way.tile), "{}", way.name());
            }
        }
        assert_eq!([Precision::F32, Precision::Mixed, Precision::F16x3].map(tiles), [5, 3, 2]);
    }
}
