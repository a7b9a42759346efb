//! How an output is divided into tiles, and the tiles into blocks that are computed at a time.

use crate::host::ConvDims;
use std::ops::Range;

/// Channels a group must be a multiple of: a register of every instruction set, so that no vector is partly filled.
pub(super) const CHANNELS: usize = 16;

/// Values at points that a block of tiles may have: they stay in a second-level cache beside a panel of weights.
const VALUES_PER_BLOCK: usize = 160 << 10;

/// Fewest tiles of a block: they share what it costs to load the weights.
const FEWEST_TILES: usize = 28;

/// Most tiles of a block: with few channels, more of them would save next to nothing, and values and products would
/// leave a second-level cache of 1 MiB.
const MOST_TILES: usize = 128;

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
    pub(super) fn backward(dims: &ConvDims, outputs: usize) -> Self {
        let forward = Self::forward(dims, outputs);
        let (from, to) = (forward.to, forward.from);
        let pad = forward.pad.map(|pad| dims.r() as isize - 1 - pad);
        Self { from, to, pad, tiles: to.map(|to| to.div_ceil(outputs)), ..forward }
    }

    /// Blocks of whole images, or of lines of tiles of one image where it has many; by the values that a tile has
    /// at all points.
    pub(super) fn blocks(&self, values_of_tile: usize) -> Vec<Block> {
        let [down, across] = self.tiles;
        let most = (VALUES_PER_BLOCK / values_of_tile).clamp(FEWEST_TILES, MOST_TILES);
        let images_at_a_time = (most / (down * across)).max(1);
        let blocks_of_image = (down * across).div_ceil(most).min(down);
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
    pub(super) fn lines(&self, block: &Block, outputs: usize) -> Range<usize> {
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
    pub(super) fn at(&self, tile: usize) -> (usize, [usize; 2]) {
        let (line, across) = (tile / self.across, tile % self.across);
        (self.images.start + line / self.lines.len(), [self.lines.start + line % self.lines.len(), across])
    }
}
