//! The two element types of the native executor.

use super::Lanes;
use num_traits::{Float, FromPrimitive};
use std::{fmt::Debug, iter::Sum, ops::AddAssign};

/// An element of a tensor on the native executor: `f32` to train, `f64` to be held against.
pub trait Real: Float + Lanes + FromPrimitive + AddAssign + Sum + Default + Debug + Send + Sync + 'static {
    /// Whether it is the type that nets train with. What serves speed alone stands behind `if T::SINGLE`, and is not
    /// compiled for the other.
    const SINGLE: bool;
    /// Rounds a double to this type.
    fn of(value: f64) -> Self;
    /// Widens to a double without loss.
    fn wide(self) -> f64;
    /// `1 / sqrt(self)` of a positive normal number, within two units of its last digit. In single precision by
    /// Newton's iteration from a guess by its bits: fused multiply-adds alone, which have the same bits everywhere
    /// and take a third of the time of a root and a quotient. Infinite input gives NaN.
    fn rsqrt(self) -> Self;
}

impl Real for f32 {
    const SINGLE: bool = true;
    fn of(value: f64) -> Self {
        value as f32
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn rsqrt(self) -> Self {
        // Half of the exponent, negative; the constant makes the relative error at most 3.5 %.
        let mut y = f32::from_bits(0x5F37_5A86_u32.wrapping_sub(self.to_bits() >> 1));
        let half = 0.5 * self;
        // Fused, as everywhere: 1.8e-3, 4.7e-6, then rounding alone.
        for _ in 0..3 {
            y = y.mul_add((half * y).mul_add(-y, 0.5), y);
        }
        y
    }
}

impl Real for f64 {
    const SINGLE: bool = false;
    fn of(value: f64) -> Self {
        value
    }
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn rsqrt(self) -> Self {
        1.0 / self.sqrt()
    }
}
