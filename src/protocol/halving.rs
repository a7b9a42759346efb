//! How a split halves the classes.

use serde::{Deserialize, Serialize};

/// What A and B are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Halving {
    /// The classes are halved at random, as the authors did.
    Random,
    /// A is what people make, B is the rest: the authors' lists for ImageNet, superclasses for CIFAR.
    ManMadeNatural,
    /// The same for CIFAR-100 with 30 classes each.
    ManMadeNaturalBalanced,
    /// The file `protocol.split_file` says which class belongs where.
    Listed,
    /// A is the one data set (`data.source`), B the other (`data.other_source`).
    TwoDataSets,
    /// B stays, and A is one source after the other (`protocol.sources`), from near to far.
    Distance,
}

impl Halving {
    /// The name in experiment files.
    pub const fn name(self) -> &'static str {
        match self {
            Halving::Random => "random",
            Halving::ManMadeNatural => "man-made-natural",
            Halving::ManMadeNaturalBalanced => "man-made-natural-balanced",
            Halving::Listed => "listed",
            Halving::TwoDataSets => "two-data-sets",
            Halving::Distance => "distance",
        }
    }

    /// Whether the seed of a split decides which classes it has.
    pub const fn is_drawn(self, classes_per_half: usize) -> bool {
        matches!(self, Halving::Random | Halving::Distance) || classes_per_half > 0
    }

    /// Whether A's images may be of another data set than B's.
    pub const fn is_of_different_data(self) -> bool {
        matches!(self, Halving::TwoDataSets | Halving::Distance)
    }
}
