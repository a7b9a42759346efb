//! Sums that are split, because their tiles are too few to keep a large GPU busy: into parts of their depth, which are
//! added in their order. The shape of a layer alone decides, so that the division changes no bits.

use super::tile::{TILES, WORKGROUPS};
use crate::gpu::Part;

/// Bytes of partial sums at most.
pub const BYTES: usize = 64 << 20;

/// The tiles of some results.
fn tiles([rows, columns]: [usize; 2]) -> usize {
    rows.div_ceil(TILES[0].rows) * columns.div_ceil(TILES[0].columns)
}

/// Images of a part of a sum over a batch, a power of two up to 32 that no segment of the batch is divided within, or
/// none where the sum is whole. `bytes` are those of a part.
pub fn by_images(batch: usize, results: [usize; 2], groups: usize, bytes: usize, segments: &[Part]) -> Option<usize> {
    let tiles = tiles(results) * groups;
    if tiles >= WORKGROUPS {
        return None;
    }
    let fits = |images: &usize| {
        let parts = batch.div_ceil(*images);
        parts > 1 && parts * bytes <= BYTES && segments.iter().all(|segment| segment.first.is_multiple_of(*images))
    };
    let allowed: Vec<usize> = [32, 16, 8, 4, 2, 1].into_iter().filter(fits).collect();
    // As few parts as are enough, or as many as there may be.
    let enough = allowed.iter().find(|&&images| tiles * batch.div_ceil(images) >= WORKGROUPS);
    enough.or(allowed.last()).copied()
}

/// Runs of a part of a sum over channels at least: shorter ones would not pay for the dispatch that adds them.
const RUNS_OF_PART: usize = 2;
/// Images that a batch is taken to have where the number of such parts is decided: an image's bits must not depend on
/// the batch that it really is in.
const IMAGES: usize = 128;

/// The depth of a part of a sum over channels, in runs of so many, or 0 where the sum is whole.
pub fn by_depth(columns: usize, depth: usize, run: usize) -> usize {
    let runs = depth.div_ceil(run);
    let parts = WORKGROUPS.div_ceil(tiles([IMAGES, columns])).min(runs / RUNS_OF_PART);
    if parts < 2 { 0 } else { runs.div_ceil(parts) * run }
}

#[cfg(test)]
mod tests {
    use super::{Part, by_depth, by_images};

    #[test]
    fn sums_over_channels_are_split_where_their_tiles_are_few_and_their_depth_allows_it() {
        let depth_of_part = |columns, depth| by_depth(columns, depth, 256);
        // fc6, fc7 and fc8 of CaffeNet, then their input gradients.
        assert_eq!([(4096, 9216), (4096, 4096), (1000, 4096)].map(|(k, d)| depth_of_part(k, d)), [3072, 1536, 512]);
        assert_eq!([(9216, 4096), (4096, 4096), (4096, 1000)].map(|(k, d)| depth_of_part(k, d)), [0, 1536, 512]);
        assert_eq!(
            [(10, 1), (10, 1023), (10, 1025), (100_000, 4096)].map(|(k, d)| depth_of_part(k, d)),
            [0, 512, 768, 0]
        );
    }

    #[test]
    fn sums_over_images_are_split_into_as_few_parts_as_are_enough() {
        let whole = [Part { tensor: 0, segment: 0, first: 0, rows: 128 }];
        assert_eq!(by_images(128, [64, 64], 1, 16_640, &whole), Some(1), "one tile");
        assert_eq!(by_images(128, [640, 640], 1, 1, &whole), Some(32), "a hundred tiles");
        assert_eq!(by_images(128, [64 * 264, 64], 1, 1, &whole), None, "enough tiles");
        assert_eq!(by_images(1, [64, 64], 1, 1, &whole), None, "one image");
        let segments = [Part { rows: 24, ..whole[0] }, Part { first: 24, ..whole[0] }];
        assert_eq!(by_images(128, [640, 640], 1, 1, &segments), Some(8), "no segment is divided within a part");
        assert_eq!(by_images(128, [64, 64], 1, 8 << 20, &whole), Some(16), "the parts' memory is limited");
    }
}
