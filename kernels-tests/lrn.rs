//! Local response normalisation.

use crate::laws;
use strata::{
    host::ImageDims,
    ops::{
        Element, TensorId, TensorShape,
        check::lrn as cases,
        lrn::{Forward, Lrn},
    },
};

#[test]
fn both_directions_stay_within_their_bounds() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}

#[test]
fn an_image_does_not_depend_on_its_batch() {
    let forward = |device: &_, n: usize, images: &[f32]| {
        let dims = Lrn { size: 5, alpha: 0.1, beta: 0.75, k: 1.0 }
            .dims(ImageDims { n, c: 11, h: 3, w: 2 })
            .expect("good parameters");
        let shape = TensorShape::Activation(dims.x);
        let program = laws::program(&[("x", Element::Real, shape), ("y", Element::Real, shape)], |id| {
            vec![Forward { dims, x: id[0], y: id[1] }.into()]
        });
        laws::computed(device, &program, &[(TensorId(0), images)], TensorId(1))
    };
    laws::an_image_does_not_depend_on_its_batch(66, &forward);
}

#[test]
fn an_even_window_and_a_constant_of_zero_are_refused_by_name() {
    let x = ImageDims { n: 1, c: 4, h: 1, w: 1 };
    let even = Lrn { size: 4, alpha: 1.0, beta: 0.75, k: 1.0 }.dims(x).expect_err("4 is even");
    assert!(even.to_string().contains("size is 4"), "{even}");
    assert!(Lrn { size: 5, alpha: 1.0, beta: 0.75, k: 0.0 }.dims(x).is_err());
}
