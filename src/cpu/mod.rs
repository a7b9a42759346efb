//! The native executor: every operation as a pure function over slices, generic over `f32` and `f64`.
//!
//! It trains where there is no GPU, and at `f64` it is what every WGSL kernel is held against.
//! All activations are channels last, `[n][h][w][c]`; kernels are `[r][s][c][k]` (`host::layout`).
//! Work is divided by image or by fixed blocks, and every reduction has an order that depends on
//! the shape alone, so that results do not depend on the number of threads.

pub mod add;
pub mod augment;
pub mod avg_pool;
pub mod batch_norm;
mod channels;
pub mod conv2d;
mod conv2d_strided;
mod conv2d_weight;
pub mod dense;
pub mod dropout;
pub mod finite;
mod frame;
pub mod interleaved;
pub mod lrn;
pub mod max_pool;
pub mod memory;
mod panels;
pub mod peak;
mod pooling;
pub mod product;
pub mod relu;
pub mod sgd;
pub mod softmax_cross_entropy;
mod tiles;
pub mod top_k;
mod winograd;
mod winograd_points;
mod winograd_tiling;
mod winograd_transform;
mod winograd_weight;

pub use memory::{Memory, Scratch};
pub use product::{View, product};

use crate::host::Real;
use pulp::{Simd, WithSimd};

/// Elements that one task of an elementwise operation takes: large enough to hide the hand-over to a thread.
const ELEMENTS_PER_TASK: usize = 1 << 14;

/// Runs a loop compiled for the widest vectors that this machine has (AVX2, AVX-512, NEON), chosen at run time.
/// Only the width changes: no product and sum are contracted, so the bits are the same on every width.
///
/// The loop must be marked `#[inline(always)]`: what is only called from there is compiled for the least processor.
#[inline(always)]
fn vectorised<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// Runs a loop over registers of `T`, of the widest that this machine has. Double precision, which other results are
/// held against, has the registers of AVX2 alone: more kinds would take longer to compile and give the same bits.
fn dispatch<T: Real, F: WithSimd>(f: F) -> F::Output {
    #[cfg(target_arch = "x86_64")]
    if !T::SINGLE {
        return match pulp::x86::V3::try_new() {
            Some(avx2) => Simd::vectorize(avx2, f),
            None => Simd::vectorize(pulp::Scalar::new(), f),
        };
    }
    pulp::Arch::new().dispatch(f)
}
