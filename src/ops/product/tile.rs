//! The tiles in which a GPU computes matrix products, and which of them a product takes by its shape. Every result is
//! summed in the same order in each tile, so that the choice of a tile never changes bits.

use crate::gpu::Registers;
use serde::{Serialize, Serializer};
use std::fmt::{self, Display};

/// Rows and columns of the results of one workgroup, and how it computes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Rows of the results.
    pub rows: usize,
    /// Columns of the results.
    pub columns: usize,
    /// The depth of a slab in `f32`.
    pub(super) depth: usize,
    /// The rows of an invocation: 8, or 4 in a small tile.
    pub(super) high: usize,
    /// The columns of an invocation: 8, or 4 in a slim or small tile.
    pub(super) each: usize,
    /// What its name says beside rows and columns.
    form: &'static str,
}

const fn tile(rows: usize, columns: usize, depth: usize) -> Tile {
    Tile { rows, columns, depth, high: 8, each: 8, form: "" }
}
const fn slim(rows: usize, columns: usize, depth: usize) -> Tile {
    Tile { each: 4, form: "_slim", ..tile(rows, columns, depth) }
}
const fn small(rows: usize, columns: usize, depth: usize) -> Tile {
    Tile { high: 4, form: "_small", ..slim(rows, columns, depth) }
}

/// Every tile; files of preferred tiles number them. Two slabs of each operand take at most 16 KiB, WebGPU's default
/// limit of workgroup memory, and an invocation fetches at most four vectors of an operand. The shallow tile takes half
/// of that memory, of which GPUs can then hold twice as many workgroups; a processor pays for its barriers. In narrow slim
/// tiles slabs are shallow, so that an invocation has no more vectors on their way than in the wide one.
pub const TILES: [Tile; 12] = [
    tile(64, 64, 16),
    tile(128, 64, 8),
    tile(128, 128, 8),
    tile(64, 32, 8),
    tile(64, 16, 4),
    Tile { form: "_shallow", ..tile(64, 64, 8) },
    slim(64, 64, 8),
    slim(64, 32, 4),
    slim(64, 16, 4),
    small(64, 64, 16),
    small(64, 32, 8),
    small(64, 16, 4),
];

/// The numbers of the tiles for an adapter, the wide ones from small to large, and the narrow ones from wide to narrow:
/// for products with few columns, of which most of a wide tile would lie beyond them.
type Choices = (&'static [usize], &'static [usize]);

const fn choices(registers: Registers, convolves: bool) -> Choices {
    match registers {
        Registers::Any => (&[0, 1, 2], &[3, 4]),
        // A narrow tile of 8 columns an invocation has 32 of these: a subgroup of NVIDIA's, half a one of AMD's.
        Registers::Most => (&[5, 1, 2], &[3, 8]),
        Registers::Many => (&[5, 1, 2], &[7, 8]),
        // Where windows lie takes registers, too.
        Registers::Fewest if convolves => (&[9], &[10, 11]),
        Registers::Few | Registers::Fewest => (&[6], &[7, 8]),
    }
}

/// Whether a product, or a convolution, may take a tile on such an adapter where nothing was measured.
pub(super) fn is_given(registers: Registers, convolves: bool, tile: Tile) -> bool {
    let (wide, narrow) = choices(registers, convolves);
    wide.iter().chain(narrow).any(|&number| TILES[number] == tile)
}

/// Workgroups that keep a large GPU busy: two for each of some 130 multiprocessors.
pub(super) const WORKGROUPS: usize = 264;

impl Tile {
    /// Whether an invocation has 4 columns; only there loops may stay loops.
    pub(super) const fn is_slim(&self) -> bool {
        self.each == 4
    }

    /// Invocations of a workgroup.
    pub(super) const fn invocations(&self) -> usize {
        self.rows * self.columns / (self.high * self.each)
    }
}

impl Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, columns, form, .. } = self;
        f.pad(&format!("{rows}x{columns}{form}"))
    }
}

impl Serialize for Tile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The narrowest tile that has all columns, where one of the narrow ones does; else the largest of the others of which
/// there are enough, because the larger ones read their operands less often. `tiles` are the first ones, which have a
/// kernel in the precision.
pub(super) fn by_shape(
    registers: Registers,
    convolves: bool,
    tiles: usize,
    products: usize,
    [rows, columns]: [usize; 2],
) -> usize {
    // Only products in f32 have kernels of all tiles; those of matrices have sizes of their own.
    let (wide, narrow) = choices(if tiles == TILES.len() { registers } else { Registers::Any }, convolves);
    let has = |tile: &&usize| **tile < tiles;
    if let Some(&narrow) = narrow.iter().rev().filter(has).find(|&&tile| columns <= TILES[tile].columns) {
        return narrow;
    }
    let enough = |tile: &&usize| {
        let Tile { rows: down, columns: across, .. } = TILES[**tile];
        columns > across / 2 && rows.div_ceil(down) * columns.div_ceil(across) * products >= WORKGROUPS
    };
    *wide.iter().rev().filter(has).find(enough).unwrap_or(&wide[0])
}

#[cfg(test)]
mod tests {
    use super::{Registers, TILES, by_shape};

    fn name(registers: Registers, tiles: usize, products: usize, results: [usize; 2]) -> String {
        TILES[by_shape(registers, false, tiles, products, results)].to_string()
    }

    #[test]
    fn the_largest_tile_is_taken_of_which_there_are_enough() {
        assert_eq!(name(Registers::Any, 12, 1, [1, 33]), "64x64");
        assert_eq!(name(Registers::Many, 12, 1, [1, 33]), "64x64_shallow");
        for registers in [Registers::Any, Registers::Most, Registers::Many] {
            assert_eq!(name(registers, 12, 1, [100_000, 64]), "128x64");
            assert_eq!(name(registers, 12, 1, [100_000, 128]), "128x128");
        }
        assert_eq!(name(Registers::Many, 3, 1, [100_000, 64]), "128x64");
        assert_eq!(name(Registers::Many, 3, 2, [100_000, 128]), "128x128");
        assert_eq!(name(Registers::Many, 2, 2, [100_000, 128]), "128x64");
    }

    #[test]
    fn few_columns_take_the_narrowest_tile_that_has_them_all() {
        let narrow = |registers| [1, 16, 17, 32].map(|columns| name(registers, 12, 1, [100_000, columns]));
        assert_eq!(narrow(Registers::Any), ["64x16", "64x16", "64x32", "64x32"]);
        assert_eq!(narrow(Registers::Most), ["64x16_slim", "64x16_slim", "64x32", "64x32"]);
        assert_eq!(narrow(Registers::Many), ["64x16_slim", "64x16_slim", "64x32_slim", "64x32_slim"]);
        assert_eq!(name(Registers::Any, 3, 1, [100_000, 6]), "64x64", "a precision without narrow tiles");
    }

    #[test]
    fn adapters_of_few_registers_take_slim_tiles_alone() {
        for registers in [Registers::Few, Registers::Fewest] {
            let taken = [16, 32, 64, 128].map(|columns| name(registers, 12, 1, [100_000, columns]));
            assert_eq!(taken, ["64x16_slim", "64x32_slim", "64x64_slim", "64x64_slim"]);
            assert_eq!(name(registers, 3, 1, [100_000, 128]), "128x128", "products of matrices");
        }
        let convolution = |registers, columns| TILES[by_shape(registers, true, 12, 1, [100_000, columns])].to_string();
        let taken = [16, 32, 64, 128].map(|columns| convolution(Registers::Fewest, columns));
        assert_eq!(taken, ["64x16_small", "64x32_small", "64x64_small", "64x64_small"]);
        assert_eq!(convolution(Registers::Few, 128), "64x64_slim");
    }

    #[test]
    fn every_tile_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> = TILES.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), TILES.len(), "{names:?}");
    }
}
