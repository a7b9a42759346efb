//! Advice: which blocks of a trained network to copy for a folder of images, frozen or fine-tuned, and how sure.
//!
//! [`record`] is what an advice found, as plain data, and [`inference`] its intervals, the race and the confidence set.

pub mod inference;
pub mod record;
