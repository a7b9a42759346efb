//! Inference over paired splits: intervals of differences, the race, the confidence set of bests and the bound of regret.
//!
//! Splits of the same images overlap, so their scores are correlated and the usual variance of a mean is too small.
//! Nadeau and Bengio (2003, "Inference for the generalization error") replace `1/J` in it by `1/J + n_test/n_train`,
//! which is exact where any two splits have the correlation `n_test / (n_test + n_train)`, as accuracies have whose
//! test images overlap by chance.

mod best;
mod interval;
#[cfg(test)]
mod simulated;

pub use best::{confidence_set, dropped, regret_bound};
pub use interval::{Interval, corrected_interval};
