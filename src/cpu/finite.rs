//! Whether numbers are numbers.

use super::{ELEMENTS_PER_TASK, vectorised};
use crate::host::Real;
use rayon::prelude::*;

/// Sets `flag` to 1 where x holds an infinity or a NaN; else leaves it.
pub fn forward<T: Real>(x: &[T], flag: &mut u32) {
    let holds_one = |part: &[T]| {
        vectorised(
            #[inline(always)]
            || part.iter().fold(false, |found, v| found | !v.is_finite()),
        )
    };
    if x.par_chunks(ELEMENTS_PER_TASK).any(holds_one) {
        *flag = 1;
    }
}
