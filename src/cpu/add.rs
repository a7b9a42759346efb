//! Element-wise addition: `y = a + b`, and for its gradients `dx += dy`, each with a rectifier in the same pass.

use super::{ELEMENTS_PER_TASK, vectorised};
use crate::host::Real;
use rayon::prelude::*;

/// Overwrites `y` with `a + b`, or with a copy of `a` where there is no `b`; with `rectified` with `max(y, 0)`.
pub fn forward<T: Real>(a: &[T], b: Option<&[T]>, y: &mut [T], rectified: bool) {
    // No value compares as at or below NaN.
    let floor = if rectified { T::zero() } else { T::nan() };
    let parts = y.par_chunks_mut(ELEMENTS_PER_TASK).zip(a.par_chunks(ELEMENTS_PER_TASK)).enumerate();
    parts.for_each(|(task, (y, a))| {
        let b = b.map(|b| &b[task * ELEMENTS_PER_TASK..][..a.len()]);
        vectorised(
            #[inline(always)]
            || match b {
                None => {
                    for (y, &a) in y.iter_mut().zip(a) {
                        *y = if a <= floor { T::zero() } else { a };
                    }
                }
                Some(b) => {
                    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                        let sum = a + b;
                        *y = if sum <= floor { T::zero() } else { sum };
                    }
                }
            },
        );
    });
}

/// Adds `dy` to `dx`: the gradient of a sum is that of each of its terms. With the output of a rectifier, the sum is 0
/// where that is not positive.
pub fn backward<T: Real>(dy: &[T], dx: &mut [T], rectified: Option<&[T]>) {
    let parts = dx.par_chunks_mut(ELEMENTS_PER_TASK).zip(dy.par_chunks(ELEMENTS_PER_TASK)).enumerate();
    parts.for_each(|(task, (dx, dy))| {
        let rectified = rectified.map(|y| &y[task * ELEMENTS_PER_TASK..][..dx.len()]);
        backward_of_part(dy, dx, rectified);
    });
}

/// The same for a part, on the current thread.
pub fn backward_of_part<T: Real>(dy: &[T], dx: &mut [T], rectified: Option<&[T]>) {
    vectorised(
        #[inline(always)]
        || match rectified {
            None => {
                for (dx, &dy) in dx.iter_mut().zip(dy) {
                    *dx += dy;
                }
            }
            Some(y) => {
                for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
                    let sum = *dx + dy;
                    *dx = if y > T::zero() { sum } else { T::zero() };
                }
            }
        },
    );
}
