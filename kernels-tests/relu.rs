//! The rectifier.

use crate::{devices::devices, laws};
use strata::{
    host::ImageDims,
    ops::{Element, TensorId, TensorShape, check::relu as cases, relu::Forward},
};

#[test]
fn both_directions_are_exact() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}

#[test]
fn an_image_does_not_depend_on_its_batch() {
    let forward = |device: &_, n: usize, images: &[f32]| {
        let dims = ImageDims { n, c: 5, h: 3, w: 3 };
        let program = laws::program(&[("y", Element::Real, TensorShape::Activation(dims))], |id| {
            vec![Forward { dims, y: id[0] }.into()]
        });
        laws::computed(device, &program, &[(TensorId(0), images)], TensorId(0))
    };
    laws::an_image_does_not_depend_on_its_batch(45, &forward);
}

#[test]
fn a_nan_of_either_sign_passes_through() {
    let dims = ImageDims { n: 1, c: 5, h: 1, w: 1 };
    let program = laws::program(&[("y", Element::Real, TensorShape::Activation(dims))], |id| {
        vec![Forward { dims, y: id[0] }.into()]
    });
    let values = [f32::NAN, -f32::NAN, f32::NEG_INFINITY, f32::INFINITY, -1.0];
    for device in devices() {
        let found = laws::computed(&device, &program, &[(TensorId(0), &values)], TensorId(0));
        assert!(found[0].is_nan() && found[1].is_nan(), "{}: {found:?}", device.describe());
        assert_eq!(found[2..], [0.0, f32::INFINITY, 0.0], "{}", device.describe());
    }
}
