//! The precision of matrix products.

use serde::{Deserialize, Serialize};

/// The precision in which matrix products are computed, and with the gradient of weights that of their bias, which sums
/// the same operand. Everything else is `f32` in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// `f32` throughout.
    #[default]
    F32,
    /// Operands are rounded to `f16` where they are multiplied, and products are summed in `f32`.
    Mixed,
    /// Operands are pairs of numbers of `f16` where they are multiplied, three products a pair, and products are summed
    /// in `f32`: nearly as exact as `f32` itself.
    F16x3,
}

impl Precision {
    /// All that there are.
    pub const ALL: [Self; 3] = [Precision::F32, Precision::Mixed, Precision::F16x3];

    /// Its name in settings and arguments.
    pub const fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Mixed => "mixed",
            Precision::F16x3 => "f16x3",
        }
    }

    /// Whether it is the default.
    pub const fn is_f32(&self) -> bool {
        matches!(self, Precision::F32)
    }
}

/// The number of `f16` that is nearest to a value, that of two as near ones whose last bit is even; infinite from
/// 65,520 on.
pub fn rounded_to_f16(value: f32) -> f32 {
    if !value.is_finite() {
        return value;
    }
    // Numbers of f16 have 11 binary digits, and are multiples of 2^-24.
    let exponent = f64::from(value).abs().max(f64::MIN_POSITIVE).log2().floor() as i32;
    let digit = 2.0_f64.powi(exponent.max(-14) - 10);
    let nearest = (f64::from(value) / digit).round_ties_even() * digit;
    if nearest.abs() > 65_504.0 { f32::INFINITY.copysign(value) } else { nearest as f32 }
}

#[cfg(test)]
mod tests {
    use super::rounded_to_f16;

    #[test]
    fn numbers_of_f16_are_the_nearest_ones() {
        let half = 2.0_f32.powi(-11);
        let cases = [
            (1.0 + half, 1.0),
            (1.0 + half + 1e-6, 1.0 + 2.0 * half),
            (1.0 + 3.0 * half, 1.0 + 4.0 * half),
            (65_519.0, 65_504.0),
            (-65_520.0, f32::NEG_INFINITY),
            (2.0_f32.powi(-24) * 1.4, 2.0_f32.powi(-24)),
            (2.0_f32.powi(-25), 0.0),
            (0.0, 0.0),
            (f32::INFINITY, f32::INFINITY),
        ];
        for (value, expected) in cases {
            assert_eq!(rounded_to_f16(value), expected, "{value}");
        }
    }
}
