//! The rectifier over packs, in place.

use super::Pack;
use crate::cpu::vectorised;

/// Overwrites `y`, which holds x, with `max(x, 0)`. A NaN stays one.
pub fn forward(y: &mut [Pack<f32>]) {
    vectorised(
        #[inline(always)]
        || y.as_flattened_mut().iter_mut().for_each(|y| *y = if *y <= 0.0 { 0.0 } else { *y }),
    );
}

/// Overwrites `dy` with the gradient with respect to x: `dy` where y > 0, else 0.
pub fn backward(y: &[Pack<f32>], dy: &mut [Pack<f32>]) {
    vectorised(
        #[inline(always)]
        || {
            let pairs = dy.as_flattened_mut().iter_mut().zip(y.as_flattened());
            pairs.for_each(|(dy, &y)| *dy = if y > 0.0 { *dy } else { 0.0 });
        },
    );
}
