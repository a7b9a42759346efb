//! Element-wise addition: `y = a + b`, and for its gradients `dx += dy`.

use super::{ELEMENTS_PER_TASK, vectorised};
use crate::host::Real;
use rayon::prelude::*;

/// Overwrites `y` with `a + b`, or with a copy of `a` where there is no `b`.
pub fn forward<T: Real>(a: &[T], b: Option<&[T]>, y: &mut [T]) {
    let parts = y.par_chunks_mut(ELEMENTS_PER_TASK).zip(a.par_chunks(ELEMENTS_PER_TASK)).enumerate();
    parts.for_each(|(task, (y, a))| {
        let Some(b) = b.map(|b| &b[task * ELEMENTS_PER_TASK..][..a.len()]) else { return y.copy_from_slice(a) };
        vectorised(
            #[inline(always)]
            || {
                for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                    *y = a + b;
                }
            },
        );
    });
}

/// Adds `dy` to `dx`: the gradient of a sum is that of each of its terms.
pub fn backward<T: Real>(dy: &[T], dx: &mut [T]) {
    dx.par_chunks_mut(ELEMENTS_PER_TASK).zip(dy.par_chunks(ELEMENTS_PER_TASK)).for_each(|(dx, dy)| {
        vectorised(
            #[inline(always)]
            || {
                for (dx, &dy) in dx.iter_mut().zip(dy) {
                    *dx += dy;
                }
            },
        );
    });
}
