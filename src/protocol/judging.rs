//! How the report of an experiment judges.

use serde::{Deserialize, Serialize};

/// Differences smaller than this many points are taken for none where nothing else is asked for; training a network
/// again moved those of the published runs by about 0.3.
pub const USUAL_MARGIN: f64 = 0.5;

/// How the report judges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Judging {
    /// Differences smaller than this many points of accuracy are taken for none.
    pub margin: f64,
    /// Whether `--quick` cut the plan down: the program runs, and its numbers mean nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub quick: bool,
}

impl Default for Judging {
    fn default() -> Self {
        Self { margin: USUAL_MARGIN, quick: false }
    }
}

impl Judging {
    /// Whether nothing else than usual was asked for, which a file need not say.
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}
