//! How the two halves of a study are related.

use serde::{Deserialize, Serialize};

/// How the two halves of a study are related.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Classes are halved at random: A and B are similar tasks.
    #[default]
    Random,
    /// One half is man-made things, the other natural ones: A and B are dissimilar tasks.
    ManMadeNatural,
    /// A file says which class belongs to which half.
    Listed,
    /// Two different data sets.
    OtherData,
    /// One target, and what a study of distance calls other classes: A is of the same set and kind as B.
    OtherClasses,
    /// One target of natural classes, and man-made ones of the same set.
    OppositeKind,
    /// One target, and images whose blocks are shuffled.
    Shuffled,
    /// One target, and noise.
    Noise,
    /// One target, and the weights of a file.
    Pretrained,
    /// No halves: every network is trained on all classes.
    AllClasses,
    /// No halves: networks are trained on all classes with few images each.
    Reduced,
}

impl Kind {
    /// What A and B are, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Random => "random halves",
            Self::ManMadeNatural => "man-made and natural",
            Self::Listed => "listed halves",
            Self::OtherData => "two data sets",
            Self::OtherClasses => "other classes",
            Self::OppositeKind => "man-made to natural",
            Self::Shuffled => "shuffled images",
            Self::Noise => "noise",
            Self::Pretrained => "pretrained weights",
            Self::AllClasses => "all classes",
            Self::Reduced => "reduced data",
        }
    }
}
