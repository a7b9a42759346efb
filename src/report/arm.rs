//! What was trained, and where a run stands.

use serde::{Deserialize, Serialize};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not started.
    Pending,
    /// Started, not finished.
    Running,
    /// Finished; its last evaluation counts.
    Done,
    /// Stopped by an error.
    Failed,
    /// Stopped because the loss left the finite numbers.
    Diverged,
}

/// What was trained, in the paper's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Arm {
    /// A network trained from scratch on the target.
    #[serde(rename = "base")]
    Base,
    /// First n layers copied from the target's own base and frozen, the rest trained anew.
    #[serde(rename = "BnB")]
    Selffer,
    /// As `Selffer`, with all layers learning.
    #[serde(rename = "BnB+")]
    SelfferPlus,
    /// First n layers copied from the other half's base and frozen, the rest trained anew.
    #[serde(rename = "AnB")]
    Transfer,
    /// As `Transfer`, with all layers learning.
    #[serde(rename = "AnB+")]
    TransferPlus,
    /// All layers of the target's own base trained once more with the schedule restarted: the control for
    /// the longer training that every fine-tuned network gets.
    #[serde(rename = "restart")]
    Restart,
    /// First n layers frozen at Caffe's random initial weights.
    #[serde(rename = "random-caffe")]
    RandomCaffe,
    /// First n layers frozen at random initial weights scaled after He et al. (2015).
    #[serde(rename = "random-he")]
    RandomHe,
}

impl Arm {
    /// Every arm, in the order of tables and legends.
    pub const ALL: [Self; 8] = [
        Self::Base,
        Self::Selffer,
        Self::SelfferPlus,
        Self::Transfer,
        Self::TransferPlus,
        Self::Restart,
        Self::RandomCaffe,
        Self::RandomHe,
    ];

    /// The arms that exist once per n.
    pub const WITH_N: [Self; 6] =
        [Self::Selffer, Self::SelfferPlus, Self::Transfer, Self::TransferPlus, Self::RandomCaffe, Self::RandomHe];

    /// The paper's name, as it is written to files and figures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Selffer => "BnB",
            Self::SelfferPlus => "BnB+",
            Self::Transfer => "AnB",
            Self::TransferPlus => "AnB+",
            Self::Restart => "restart",
            Self::RandomCaffe => "random-caffe",
            Self::RandomHe => "random-he",
        }
    }

    /// The arm of that name; `None` for any other text.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arm| arm.name() == name)
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
}
