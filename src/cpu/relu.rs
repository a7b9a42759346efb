//! The rectifier, in place: `y = max(x, 0)`.

use super::{ELEMENTS_PER_TASK, vectorised};
use crate::host::Real;
use rayon::prelude::*;

/// Overwrites `y`, which holds x, with `max(x, 0)`. A NaN stays one, so that it cannot hide.
pub fn forward<T: Real>(y: &mut [T]) {
    y.par_chunks_mut(ELEMENTS_PER_TASK).for_each(|part| {
        vectorised(
            #[inline(always)]
            || {
                for y in part {
                    *y = if *y <= T::zero() { T::zero() } else { *y };
                }
            },
        );
    });
}

/// Overwrites `dy` with the gradient with respect to x: `dy` where y > 0, else 0 (at exactly 0, too).
pub fn backward<T: Real>(y: &[T], dy: &mut [T]) {
    dy.par_chunks_mut(ELEMENTS_PER_TASK).zip(y.par_chunks(ELEMENTS_PER_TASK)).for_each(|(dy, y)| {
        vectorised(
            #[inline(always)]
            || {
                for (dy, &y) in dy.iter_mut().zip(y) {
                    *dy = if y > T::zero() { *dy } else { T::zero() };
                }
            },
        );
    });
}
