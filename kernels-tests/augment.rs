//! Crop, mirror and mean subtraction.

use crate::laws;
use strata::ops::check::augment as cases;

#[test]
fn windows_mirrors_and_means_are_taken_where_they_belong() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}
