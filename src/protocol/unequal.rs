//! What an experiment says about halves of different size.

use serde::{Deserialize, Serialize};

/// What becomes of halves that differ in their number of training images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unequal {
    /// The study is refused.
    #[default]
    Refused,
    /// Of each half as many images are trained on as the smallest has, spread evenly over its classes.
    Balanced,
    /// They stay as they are, and every comparison between them is one of training, too.
    Allowed,
}

impl Unequal {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) const fn is_refused(&self) -> bool {
        matches!(self, Self::Refused)
    }
}
