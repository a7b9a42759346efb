//! The update.

use crate::laws;
use strata::ops::check::sgd as cases;

#[test]
fn six_steps_with_a_drop_of_the_rate_follow_both_conventions() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}
