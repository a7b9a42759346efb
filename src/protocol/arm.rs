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
}

impl Arm {
    /// All arms, in the order of reports.
    pub const ALL: [Arm; 8] = [
        Arm::Base,
        Arm::Selffer,
        Arm::SelfferPlus,
        Arm::Transfer,
        Arm::TransferPlus,
        Arm::Restart,
        Arm::RandomCaffe,
        Arm::RandomHe,
    ];

    /// The arms of which there is one network for each n.
    pub const WITH_N: [Arm; 6] =
        [Arm::Selffer, Arm::SelfferPlus, Arm::Transfer, Arm::TransferPlus, Arm::RandomCaffe, Arm::RandomHe];

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
            Arm::RandomCaffe => "random-caffe",
            Arm::RandomHe => "random-he",
        }
    }

    /// Whether there is one network for each n.
    pub const fn has_n(self) -> bool {
        !matches!(self, Arm::Base | Arm::Restart)
    }

    /// Whether the first n layers are frozen.
    pub const fn freezes(self) -> bool {
        matches!(self, Arm::Selffer | Arm::Transfer | Arm::RandomCaffe | Arm::RandomHe)
    }

    /// The half whose base gives its first layers, if one does.
    pub const fn source(self, target: Half) -> Option<Half> {
        match self {
            Arm::Selffer | Arm::SelfferPlus | Arm::Restart => Some(target),
            Arm::Transfer | Arm::TransferPlus => Some(target.other()),
            Arm::Base | Arm::RandomCaffe | Arm::RandomHe => None,
        }
    }

    /// The network's own name with its half and n as in the paper: `baseB`, `B3B`, `A3B+`, `restartB`, `random-he3B`.
    pub fn network(self, target: Half, n: usize) -> String {
        let to = target.letter();
        match (self, self.source(target)) {
            (Arm::Base | Arm::Restart, _) => format!("{}{to}", self.name()),
            (Arm::SelfferPlus | Arm::TransferPlus, Some(from)) => format!("{}{n}{to}+", from.letter()),
            (_, Some(from)) => format!("{}{n}{to}", from.letter()),
            (_, None) => format!("{}{n}{to}", self.name()),
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
        assert_eq!(Arm::Restart.network(Half::A, 8), "restartA");
    }
}
