//! What the half A is in a study of distance.

use serde::{Deserialize, Serialize};

/// What A is, from near to far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceTask {
    /// Other classes than the target's, drawn at random: of its own kind, where kinds are known.
    OtherClasses,
    /// Man-made classes, where the target's are natural.
    OppositeKind,
    /// Classes of another data set, `data.other_source`.
    OtherData,
    /// The images of [`SourceTask::OtherClasses`], the blocks of each in an order of its own: the same small patterns,
    /// and no shapes.
    Shuffled,
    /// Classes of noise.
    Noise,
    /// What a weights file was trained on, `net.pretrained`: its base is the file.
    Pretrained,
}

impl SourceTask {
    /// All of them.
    pub const ALL: [SourceTask; 6] =
        [Self::OtherClasses, Self::OppositeKind, Self::OtherData, Self::Shuffled, Self::Noise, Self::Pretrained];

    /// The name in experiments and in the names of networks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtherClasses => "other-classes",
            Self::OppositeKind => "opposite-kind",
            Self::OtherData => "other-data",
            Self::Shuffled => "shuffled",
            Self::Noise => "noise",
            Self::Pretrained => "pretrained",
        }
    }
}
