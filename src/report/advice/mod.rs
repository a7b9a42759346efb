//! What an advice says, from its record alone: the sentence, the table, the figures, the page and the files.

mod comparisons;
mod further;
mod sentence;
mod tables;
mod text;
mod words;
mod write;

pub use sentence::sentence;
pub use text::table;
pub use write::{Written, write};

pub(super) use comparisons::{ratio, scores};
pub(super) use further::{cheap_score, more_images};
pub(super) use tables::{candidates, curve, neighbours, refit};
pub(super) use words::{NOTATION, about, work_exponent};
