//! Numbers that JSON does not have.

use serde::{Deserialize, Deserializer};

/// JSON has no NaN: it is written as `null` and read back as NaN.
pub(super) fn null_is_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}
