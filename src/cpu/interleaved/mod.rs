//! Sixteen images side by side: every element of an activation is a [`Pack`] of one value of each of them,
//! `[h][w][c][image]`.
//!
//! Where images and channels are few, a register of channels stays half empty, windows near a border multiply zeros,
//! and copying images into frames takes as long as the products. With images in the lanes of a register, no channel,
//! no group and no border is padded: only taps that see the image are computed. The sums run over the same terms in
//! the same order as those of the direct convolution, so that they have the same bits.
//!
//! A block of images goes through a whole tape on one thread, from operation to operation while it lies in a cache;
//! only the gradients of weights, a part for each block, wait for one another.

pub mod augment;
mod block;
pub mod conv2d;
pub mod conv2d_weight;
pub mod dense;
pub mod dropout;
pub mod fold;
pub mod lrn;
pub mod max_pool;
pub mod relu;
pub mod rows;

pub use block::{Aligned, Block};

use crate::host::ConvDims;

/// Images of a block: the lanes of the widest register.
pub const IMAGES: usize = 16;

/// One element of each image of a block.
pub type Pack<T> = [T; IMAGES];

/// Multiply-adds an image up to which a convolution is computed so, whatever its channels. Above, Winograd's filtering
/// does with fewer.
const MOST_MACS: usize = 16 << 20;

/// Whether a convolution's images are computed side by side: by its shape alone, without the number of images.
pub fn pays(dims: &ConvDims) -> bool {
    dims.p * dims.q * dims.k * dims.r() * dims.s() * dims.cg() <= MOST_MACS
}
