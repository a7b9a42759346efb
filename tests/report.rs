//! The report on synthetic studies with known answers, and on the published runs of the paper.

pub mod advised;
mod answered;
pub mod browser;
mod class_names;
pub mod drawn;
pub mod judged;
pub mod published;
pub mod recompute;
pub mod synthetic;
pub mod truth;
pub mod written;
