//! Advice: which blocks of a trained network to copy for a folder of images, frozen or fine-tuned, and how sure.
//!
//! [`procedure`] makes an [`record::Advice`], which is plain data, by way of [`inference`]: its intervals, the race and
//! the confidence set. `docs/advise.md` says what is done and why.

pub mod blocks;
pub mod bootstrap;
pub mod budget;
pub mod choice;
pub mod curve;
pub mod inference;
pub mod keys;
pub mod kinds;
pub mod neighbours;
pub mod network;
pub mod oracle;
pub mod outcome;
pub mod parts;
pub mod preparation;
pub mod procedure;
pub mod queue;
pub mod race;
pub mod record;
pub mod refit;
pub mod remarks;
