//! Softmax and cross-entropy.

use crate::laws;
use strata::ops::check::softmax_cross_entropy as cases;

#[test]
fn losses_probabilities_and_gradients_stay_within_their_bounds() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}
