//! The name of a half.

use super::{Half, SourceTask};
use std::fmt;

/// Which half of which split; of a study of distance also which of the sources A is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HalfKey {
    /// The seed of the split.
    pub split: u32,
    /// The half.
    pub half: Half,
    /// What A is, where it is several things in turn.
    pub source_task: Option<SourceTask>,
}

impl fmt::Display for HalfKey {
    /// The half without its split: `B`, `A (noise)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source_task {
            Some(task) => write!(f, "{} ({})", self.half.letter(), task.name()),
            None => write!(f, "{}", self.half.letter()),
        }
    }
}
