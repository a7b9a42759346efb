//! The arms of the study, with the paper's names.

use serde::{Deserialize, Serialize};

/// One of the two halves of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Half {
    /// The first half.
    A,
    /// The second half.
    B,
}

impl Half {
    /// The other half.
    pub const fn other(self) -> Self {
        match self {
            Half::A => Half::B,
            Half::B => Half::A,
        }
    }

    /// The letter.
    pub const fn letter(self) -> char {
        match self {
            Half::A => 'A',
            Half::B => 'B',
        }
    }
}

/// What is done with the first n layers of a network that is trained on its target half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Arm {
    /// All layers start at random: the reference.
    #[serde(rename = "base")]
    Base,
    /// The first n from the target's own base, frozen: the control for co-adaptation.
    #[serde(rename = "BnB")]
    Selffer,
    /// The first n from the target's own base, learning on.
    #[serde(rename = "BnB+")]
    SelfferPlus,
    /// The first n from the other half's base, frozen: the transfer network.
    #[serde(rename = "AnB")]
    Transfer,
    /// The first n from the other half's base, learning on.
    #[serde(rename = "AnB+")]
    TransferPlus,
    /// All layers from the target's own base, the schedule started again: what a second training run gains.
    #[serde(rename = "restart")]
    Restart,
    /// The first n random from the paper's fillers (Caffe's), frozen.
    #[serde(rename = "random-caffe")]
    RandomCaffe,
    /// The first n random with He's deviation, frozen.
    #[serde(rename = "random-he")]
    RandomHe,
    /// The first n random with the mean and deviation of each parameter of the target's own base, frozen: what a
    /// layer is worth of which only the moments are kept.
    #[serde(rename = "random-moments")]
    RandomMoments,
    /// As [`Arm::Selffer`], and one more layer from the base, learning on: the authors' unpublished runs.
    #[serde(rename = "BnB-preserve1")]
    SelfferPreserve1,
    /// As [`Arm::Selffer`], and two more layers from the base, learning on.
    #[serde(rename = "BnB-preserve2")]
    SelfferPreserve2,
    /// As [`Arm::Transfer`], and one more layer from the base, learning on.
    #[serde(rename = "AnB-preserve1")]
    TransferPreserve1,
    /// As [`Arm::Transfer`], and two more layers from the base, learning on.
    #[serde(rename = "AnB-preserve2")]
    TransferPreserve2,
    /// A linear probe: the first n from the target's own base, frozen, and a softmax layer directly on them.
    #[serde(rename = "BnB-probe")]
    SelfferProbe,
    /// A linear probe: the first n from the other half's base, frozen, and a softmax layer directly on them.
    #[serde(rename = "AnB-probe")]
    TransferProbe,
    /// All layers start at random where the base's did, and learn for one schedule of double length: what more steps
    /// alone gain.
    #[serde(rename = "base-2x")]
    Base2x,
    /// All layers from the target's own base, the first n frozen, the schedule started again: what [`Arm::Selffer`] is
    /// without new layers, so that the two differ by co-adaptation alone.
    #[serde(rename = "continue")]
    Continue,
}

impl Arm {
    /// All arms, in the order of reports.
    pub const ALL: [Arm; 17] = [
        Arm::Base,
        Arm::Selffer,
        Arm::SelfferPlus,
        Arm::Transfer,
        Arm::TransferPlus,
        Arm::Restart,
        Arm::RandomCaffe,
        Arm::RandomHe,
        Arm::RandomMoments,
        Arm::SelfferPreserve1,
        Arm::SelfferPreserve2,
        Arm::TransferPreserve1,
        Arm::TransferPreserve2,
        Arm::SelfferProbe,
        Arm::TransferProbe,
        Arm::Base2x,
        Arm::Continue,
    ];

    /// The arms of which there is one network for each n.
    pub const WITH_N: [Arm; 14] = [
        Arm::Selffer,
        Arm::SelfferPlus,
        Arm::Transfer,
        Arm::TransferPlus,
        Arm::RandomCaffe,
        Arm::RandomHe,
        Arm::RandomMoments,
        Arm::SelfferPreserve1,
        Arm::SelfferPreserve2,
        Arm::TransferPreserve1,
        Arm::TransferPreserve2,
        Arm::SelfferProbe,
        Arm::TransferProbe,
        Arm::Continue,
    ];

    /// The arm of a name; `None` for any other text.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arm| arm.name() == name)
    }

    /// The name in plans and files.
    pub const fn name(self) -> &'static str {
        match self {
            Arm::Base => "base",
            Arm::Selffer => "BnB",
            Arm::SelfferPlus => "BnB+",
            Arm::Transfer => "AnB",
            Arm::TransferPlus => "AnB+",
            Arm::Restart => "restart",
            Arm::Base2x => "base-2x",
            Arm::Continue => "continue",
            Arm::RandomCaffe => "random-caffe",
            Arm::RandomHe => "random-he",
            Arm::RandomMoments => "random-moments",
            Arm::SelfferPreserve1 => "BnB-preserve1",
            Arm::SelfferPreserve2 => "BnB-preserve2",
            Arm::TransferPreserve1 => "AnB-preserve1",
            Arm::TransferPreserve2 => "AnB-preserve2",
            Arm::SelfferProbe => "BnB-probe",
            Arm::TransferProbe => "AnB-probe",
        }
    }

    /// Whether there is one network for each n.
    pub const fn has_n(self) -> bool {
        !matches!(self, Arm::Base | Arm::Restart | Arm::Base2x)
    }

    /// Whether the first n layers are frozen.
    pub const fn freezes(self) -> bool {
        self.has_n() && !matches!(self, Arm::SelfferPlus | Arm::TransferPlus)
    }

    /// Whether the first n layers are random.
    pub const fn is_random(self) -> bool {
        matches!(self, Arm::RandomCaffe | Arm::RandomHe | Arm::RandomMoments)
    }

    /// Whether a softmax layer directly follows the first n layers.
    pub const fn is_probe(self) -> bool {
        matches!(self, Arm::SelfferProbe | Arm::TransferProbe)
    }

    /// Layers above the first n that start as in the base, too.
    pub const fn preserved(self) -> usize {
        match self {
            Arm::SelfferPreserve1 | Arm::TransferPreserve1 => 1,
            Arm::SelfferPreserve2 | Arm::TransferPreserve2 => 2,
            _ => 0,
        }
    }

    /// The half whose base it derives from, if it does.
    pub const fn source(self, target: Half) -> Option<Half> {
        match self {
            Arm::Base | Arm::Base2x | Arm::RandomCaffe | Arm::RandomHe => None,
            Arm::Transfer
            | Arm::TransferPlus
            | Arm::TransferPreserve1
            | Arm::TransferPreserve2
            | Arm::TransferProbe => Some(target.other()),
            Arm::Selffer
            | Arm::SelfferPlus
            | Arm::Restart
            | Arm::Continue
            | Arm::RandomMoments
            | Arm::SelfferPreserve1
            | Arm::SelfferPreserve2
            | Arm::SelfferProbe => Some(target),
        }
    }

    /// The network's own name with its half and n as in the paper: `baseB`, `B3B`, `A3B+`, `A3B-preserve1`,
    /// `B3B-probe`, `restartB`, `base-2xB`, `continue3B`, `random-he3B`.
    pub fn network(self, target: Half, n: usize) -> String {
        let (name, to) = (self.name(), target.letter());
        if !self.has_n() {
            return format!("{name}{to}");
        }
        // What follows BnB or AnB in the arm's name follows the network's, too.
        let of_the_paper = name.strip_prefix("BnB").or_else(|| name.strip_prefix("AnB"));
        match (of_the_paper, self.source(target)) {
            (Some(kind), Some(from)) => format!("{}{n}{to}{kind}", from.letter()),
            _ => format!("{name}{n}{to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arm_is_found_by_the_name_it_is_written_with() {
        for arm in Arm::ALL {
            assert_eq!(Arm::named(arm.name()), Some(arm));
            assert_eq!(serde_json::to_string(&arm).unwrap(), format!("\"{}\"", arm.name()));
        }
        assert_eq!(Arm::named("CnB"), None);
    }

    #[test]
    fn networks_are_named_as_in_the_paper() {
        assert_eq!(Arm::Base.network(Half::B, 0), "baseB");
        assert_eq!(Arm::Selffer.network(Half::B, 3), "B3B");
        assert_eq!(Arm::TransferPlus.network(Half::B, 3), "A3B+");
        assert_eq!(Arm::Transfer.network(Half::A, 7), "B7A");
        assert_eq!(Arm::RandomHe.network(Half::A, 2), "random-he2A");
        assert_eq!(Arm::RandomMoments.network(Half::A, 2), "random-moments2A");
        assert_eq!(Arm::Restart.network(Half::A, 8), "restartA");
        assert_eq!(Arm::Base2x.network(Half::A, 0), "base-2xA");
        assert_eq!(Arm::Continue.network(Half::B, 3), "continue3B");
        assert_eq!(Arm::TransferPreserve2.network(Half::B, 4), "A4B-preserve2");
        assert_eq!(Arm::SelfferProbe.network(Half::A, 5), "A5A-probe");
    }

    #[test]
    fn every_list_of_arms_holds_what_it_says() {
        assert!(Arm::WITH_N.into_iter().eq(Arm::ALL.into_iter().filter(|arm| arm.has_n())));
        let frozen: Vec<&str> = Arm::ALL.into_iter().filter(|arm| !arm.freezes()).map(Arm::name).collect();
        assert_eq!(frozen, ["base", "BnB+", "AnB+", "restart", "base-2x"]);
        for arm in Arm::ALL.into_iter().filter(|arm| arm.preserved() > 0) {
            assert!(arm.name().ends_with(&format!("preserve{}", arm.preserved())));
        }
    }
}
