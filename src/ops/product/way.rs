//! The ways in which a GPU computes matrix products: in every tile, each in several precisions.

use super::tile::{TILES, Tile, by_shape};
use crate::{
    gpu::{MATRICES, Matrices, Module, Recorder},
    host::Precision,
};

/// A way: there is a kernel for each, of each pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub tile: Tile,
    pub precision: Precision,
    /// The matrices that are multiplied, but in `f32`.
    pub matrices: Option<Matrices>,
}

const fn single(tile: Tile) -> Way {
    Way { tile, precision: Precision::F32, matrices: None }
}
const fn mixed(tile: Tile, matrices: Matrices) -> Way {
    Way { tile, precision: Precision::Mixed, matrices: Some(matrices) }
}
const fn pairs(tile: Tile, matrices: Matrices) -> Way {
    Way { tile, precision: Precision::F16x3, matrices: Some(matrices) }
}

/// Every way. Two slabs of pairs for the largest tile would take more than 32 KiB.
pub(super) static WAYS: &[Way] = &[
    single(TILES[0]),
    single(TILES[1]),
    single(TILES[2]),
    single(TILES[3]),
    single(TILES[4]),
    single(TILES[5]),
    single(TILES[6]),
    single(TILES[7]),
    single(TILES[8]),
    single(TILES[9]),
    single(TILES[10]),
    single(TILES[11]),
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
    /// The name, such as `64x64_slim` or `mixed16_128x64`.
    pub fn name(&self) -> String {
        let tile = self.tile;
        match (self.precision, self.matrices) {
            (Precision::Mixed, Some(matrices)) => format!("mixed{}_{tile}", matrices.size),
            (Precision::F16x3, Some(matrices)) => format!("f16x3_{}_{tile}", matrices.size),
            _ => tile.to_string(),
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

    /// What the unroller writes a tile out for. Slabs of matrices are 16 deep.
    pub fn sizes(&self) -> Vec<(&'static str, u32)> {
        let Tile { rows, columns, .. } = self.tile;
        let depth = self.depth();
        let (invocations, sides, fours) = (self.tile.invocations(), self.tile.each / 4, self.tile.high / 4);
        // The vectors of an operand that an invocation fetches, of a slab of so many. Four of them are a square; where
        // there are fewer than invocations, several fetch the same one.
        let vectors = |side: usize| depth * side / 4;
        let [turns_a, turns_b] = [rows, columns].map(|side| (vectors(side) / invocations).max(1));
        let [share_a, share_b] = [rows, columns].map(|side| usize::from(vectors(side) < invocations));
        let sizes = [
            ("ROWS", rows),
            ("COLUMNS", columns),
            ("DEPTH", depth),
            ("INVOCATIONS", invocations),
            ("SIDES", sides),
            ("FOURS", fours),
            ("SLIM", usize::from(self.tile.is_slim())),
            ("WIDE", usize::from(!self.tile.is_slim())),
            ("TURNS_a", turns_a),
            ("TURNS_b", turns_b),
            ("SQUARES_a", usize::from(turns_a == 4)),
            ("SQUARES_b", usize::from(turns_b == 4)),
            ("PARTS_a", usize::from(turns_a != 4)),
            ("PARTS_b", usize::from(turns_b != 4)),
            ("SHARE_a", share_a),
            ("SHARE_b", share_b),
            ("EACH_a", 1 - share_a),
            ("EACH_b", 1 - share_b),
        ];
        let mut sizes = sizes.map(|(name, size)| (name, size as u32)).to_vec();
        if let Some(Matrices { size, lanes }) = self.matrices {
            sizes.extend([("MATRIX", size), ("LANES", lanes), ("STEPS", depth as u32 / size)]);
        }
        sizes
    }

    /// The depth of a slab.
    pub fn depth(&self) -> usize {
        if self.matrices.is_some() { 16 } else { self.tile.depth }
    }
}

/// How many of [`TILES`] there are in a precision: the first ones.
pub fn tiles(precision: Precision) -> usize {
    TILES.iter().filter(|tile| WAYS.iter().any(|way| way.precision == precision && way.tile == **tile)).count()
}

fn wanted(recorder: &Recorder<'_>, tile: usize) -> Way {
    Way { tile: TILES[tile], precision: recorder.precision(), matrices: recorder.matrices() }
}

/// The number of the way of a tile in the precision that is recorded.
pub(super) fn number(recorder: &Recorder<'_>, tile: usize) -> Option<usize> {
    let wanted = wanted(recorder, tile);
    WAYS.iter().position(|way| *way == wanted)
}

/// The depth of its slabs.
pub(super) fn depth(recorder: &Recorder<'_>, tile: usize) -> usize {
    wanted(recorder, tile).depth()
}

/// The tile for some products of so many rows and columns: that which is preferred for the operation, if one is.
pub(super) fn choose(recorder: &Recorder<'_>, convolves: bool, products: usize, results: [usize; 2]) -> usize {
    let tiles = tiles(recorder.precision());
    recorder
        .tile()
        .filter(|&tile| tile < tiles)
        .unwrap_or_else(|| by_shape(recorder.limits().registers, convolves, tiles, products, results))
}

#[cfg(test)]
mod tests {
    use super::{Precision, TILES, WAYS, tiles};

    #[test]
    fn every_way_has_a_name_of_its_own_and_every_precision_the_first_tiles() {
        let names: std::collections::BTreeSet<String> = WAYS.iter().map(|way| way.name()).collect();
        assert_eq!(names.len(), WAYS.len(), "{names:?}");
        for precision in [Precision::F32, Precision::Mixed, Precision::F16x3] {
            for way in WAYS.iter().filter(|way| way.precision == precision) {
                assert!(TILES[..tiles(precision)].contains(&way.tile), "{}", way.name());
            }
        }
        assert_eq!([Precision::F32, Precision::Mixed, Precision::F16x3].map(tiles), [12, 3, 2]);
    }
}
