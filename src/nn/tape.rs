//! The tapes of a net, by name.

use crate::ops::program::TapeName;

/// A tape of a net. One that a net does not need is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tape {
    /// One training step: input, forward with dropout, loss, backward, update. Where batches are computed in parts, it
    /// is that of the first part, without the update.
    Train,
    /// An evaluation: input, forward without dropout, loss, ranks.
    Evaluate,
    /// The search for non-finite numbers: it sets a word of [`super::Net::flags`] for each tensor of
    /// [`super::Net::watched`].
    Watch,
    /// The part of [`Tape::Train`] below the first layer that learns or whose output depends on more than the image: it
    /// gives the same activations for an image at every step.
    Prefix,
    /// The rest of [`Tape::Train`].
    Above,
    /// Where batches are computed in parts, [`Tape::Train`] for a later part: it adds to the gradients of those before.
    TrainNext,
    /// The same for [`Tape::Above`].
    AboveNext,
    /// The update after the last part.
    Update,
}

impl Tape {
    /// How many there are.
    pub(super) const COUNT: usize = Tape::Update as usize + 1;
}

impl TapeName for Tape {
    fn number(self) -> usize {
        self as usize
    }
}
