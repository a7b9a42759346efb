//! The rectifier, in place: `y = max(x, 0)`.

use super::{ELEMENTS_PER_TASK, vectorised};
use crate::host::Real;
use rayon::prelude::*;

/// Overwrites `y`, which holds x, with `max(x, 0)`. A NaN stays one, so that it cannot hide.
pub fn forward<T: Real>(y: &mut [T]) {
    y.par_chunks_mut(ELEMENTS_PER_TASK).for_each(forward_of_part);
}

/// The same for a part, on the current thread.
pub fn forward_of_part<T: Real>(y: &mut [T]) {
    vectorised(
        #[inline(always)]
        || {
            for y in y {
                *y = if *y <= T::zero() { T::zero() } else { *y };
            }
        },
    );
}

/// Overwrites `dy` with the gradient with respect to x: `dy` where y > 0, else 0 (at exactly 0, too).
pub fn backward<T: Real>(y: &[T], dy: &mut [T]) {
    let parts = dy.par_chunks_mut(ELEMENTS_PER_TASK).zip(y.par_chunks(ELEMENTS_PER_TASK));
    parts.for_each(|(dy, y)| backward_of_part(y, dy));
}

/// The same for a part, on the current thread.
pub fn backward_of_part<T: Real>(y: &[T], dy: &mut [T]) {
    vectorised(
        #[inline(always)]
        || {
            for (dy, &y) in dy.iter_mut().zip(y) {
                *dy = if y > T::zero() { *dy } else { T::zero() };
            }
        },
    );
}
