//! When a result counts as right, and in which unit its error is measured.
//!
//! A bound is the sum of the absolute values of the terms that a result adds up. For convolution, dense
//! layers and pooling's gradient it is what the same operation gives on absolute values; for normalisation,
//! softmax and cropping the modules of their cases state it as a formula.

/// The relative error of one rounding to single precision.
pub const ROUNDING: f64 = 1.0 / 16_777_216.0;

/// The accepted error in units of `2^-24 * bound`. Correct single precision stays at or below 5.
pub const LIMIT: f64 = 16.0;

/// The same for local response normalisation, which raises to a power, and for batch normalisation, which divides by
/// a root of sums.
pub const LRN_LIMIT: f64 = 64.0;

/// Added to every tolerance, so that results below the smallest normal number may be flushed to zero.
const TINY: f64 = 1e-37;

/// How one result is compared with the reference.
#[derive(Clone, Debug)]
pub enum Rule {
    /// Equal values: the operation only moves or counts.
    Exact,
    /// Within this many roundings, `2^-24 * |reference|` each.
    Roundings(f64),
    /// Within 1e-6 relative plus 1e-7 (updates, which run through several steps).
    Update,
    /// Within `limit` units of the bound that the same program gives on absolute values.
    Magnitudes {
        /// The accepted number of units.
        limit: f64,
    },
    /// Within `limit` units of the given bounds.
    Bound {
        /// The bound of each element, in outer order.
        bound: Vec<f64>,
        /// The accepted number of units.
        limit: f64,
    },
}

/// The largest error of one result.
#[derive(Clone, Copy, Debug)]
pub struct Largest {
    /// The error in the rule's units; infinite for a wrong element of an exact result and for a NaN.
    pub units: f64,
    /// The accepted number of units.
    pub limit: f64,
    /// Where it is, in outer order.
    pub element: usize,
}

impl Largest {
    /// Whether the result is accepted.
    pub fn ok(&self) -> bool {
        self.units <= self.limit
    }
}

impl Rule {
    /// The accepted number of units.
    pub const fn limit(&self) -> f64 {
        match self {
            Rule::Exact => 0.0,
            Rule::Roundings(limit) => *limit,
            Rule::Update => 1.0,
            Rule::Magnitudes { limit } | Rule::Bound { limit, .. } => *limit,
        }
    }

    /// The largest error of `got` against `want`; `magnitudes` are the results on absolute values.
    pub fn largest(&self, got: &[f64], want: &[f64], magnitudes: &[f64]) -> Largest {
        let limit = self.limit();
        let mut largest = Largest { units: 0.0, limit, element: 0 };
        for (element, (&got, &want)) in got.iter().zip(want).enumerate() {
            let error = (got - want).abs();
            let units = match self {
                Rule::Exact => 0.0,
                Rule::Roundings(_) => over(error - TINY, ROUNDING * want.abs()),
                Rule::Update => over(error, 1e-6 * want.abs() + 1e-7),
                Rule::Magnitudes { .. } => over(error - TINY, ROUNDING * magnitudes[element].abs()),
                Rule::Bound { bound, .. } => over(error - TINY, ROUNDING * bound[element]),
            };
            let wrong = match self {
                Rule::Exact => got != want,
                // A NaN compares with nothing, so it must be asked for.
                _ => !units.is_finite(),
            };
            let units = if wrong { f64::INFINITY } else { units };
            if units > largest.units {
                largest = Largest { units, limit, element };
            }
        }
        largest
    }
}

/// `error / unit`, 0 where there is no error, even over a unit of 0.
fn over(error: f64, unit: f64) -> f64 {
    if error <= 0.0 { 0.0 } else { error / unit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_counted_in_roundings_of_its_bound() {
        let rule = Rule::Bound { bound: vec![1.0, 2.0], limit: LIMIT };
        let largest = rule.largest(&[1.0 + 8.0 * ROUNDING, 1.0 + 40.0 * ROUNDING], &[1.0, 1.0], &[]);
        assert!((largest.units - 20.0).abs() < 1e-6 && largest.element == 1 && !largest.ok());
    }

    #[test]
    fn a_nan_and_an_unwritten_element_are_never_right() {
        for rule in [Rule::Exact, Rule::Update, Rule::Roundings(1.0), Rule::Bound { bound: vec![1.0], limit: LIMIT }] {
            assert!(!rule.largest(&[f64::NAN], &[1.0], &[]).ok(), "{rule:?}");
        }
    }

    #[test]
    fn a_bound_of_zero_accepts_zero_alone() {
        let rule = Rule::Bound { bound: vec![0.0], limit: LIMIT };
        assert!(rule.largest(&[0.0], &[0.0], &[]).ok());
        assert!(!rule.largest(&[1e-30], &[0.0], &[]).ok());
    }
}
