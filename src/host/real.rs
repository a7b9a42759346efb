//! The two element types of the native executor.

use super::Lanes;
use num_traits::{Float, FromPrimitive};
use std::{fmt::Debug, iter::Sum, ops::AddAssign};

/// An element of a tensor on the native executor: `f32` to train, `f64` to be held against.
pub trait Real: Float + Lanes + FromPrimitive + AddAssign + Sum + Default + Debug + Send + Sync + 'static {
    /// Rounds a double to this type.
    fn of(value: f64) -> Self;
    /// Widens to a double without loss.
    fn wide(self) -> f64;
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn wide(self) -> f64 {
        self
    }
}
