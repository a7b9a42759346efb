//! What becomes of an image file that cannot be decoded.

use serde::{Deserialize, Serialize};

/// What to do about an image that cannot be decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnBad {
    /// Stop with its error.
    #[default]
    Fail,
    /// Leave it out, count it and name it.
    Skip,
}

impl OnBad {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Fail, Self::Skip];

    /// The name in experiment files and arguments.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }

    /// What it does, for people.
    pub const fn does(self) -> &'static str {
        match self {
            Self::Fail => "stop and name the image",
            Self::Skip => "leave the image out, count it and name it",
        }
    }
}
