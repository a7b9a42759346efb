//! Batches that a device had no memory for.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// In how many parts batches are computed, and since when, where the device had no memory for larger ones. A step is
/// the same but for rounding: that is why a checkpoint and a manifest keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    /// The parts of a batch.
    pub parts: usize,
    /// The first step that was computed so.
    pub from_step: u64,
}

impl fmt::Display for Division {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.parts, self.from_step)
    }
}

impl FromStr for Division {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once(" from ");
        let numbers = numbers.and_then(|(parts, step)| Some((parts.parse().ok()?, step.parse().ok()?)));
        let (parts, from_step) = numbers.ok_or("it does not say how its batches were divided")?;
        Ok(Self { parts, from_step })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_division_is_read_back_from_its_words() {
        let division = Division { parts: 2, from_step: 57 };
        assert_eq!(division.to_string().parse(), Ok(division));
        for wrong in ["", "2", "2 from", "x from 3"] {
            assert!(wrong.parse::<Division>().is_err(), "{wrong}");
        }
    }
}
