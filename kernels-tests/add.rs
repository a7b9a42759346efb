//! Element-wise addition.

use crate::{devices::devices, laws};
use strata::{
    host::ImageDims,
    ops::{
        Element, TensorId, TensorShape,
        add::{Backward, Forward},
        check::add as cases,
    },
};

const DIMS: ImageDims = ImageDims { n: 2, c: 5, h: 3, w: 3 };
const SHAPE: TensorShape = TensorShape::Activation(DIMS);

#[test]
fn sums_are_rounded_once_and_copies_exact() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}

#[test]
fn an_image_does_not_depend_on_its_batch() {
    let forward = |device: &_, n: usize, images: &[f32]| {
        let dims = ImageDims { n, ..DIMS };
        let shape = TensorShape::Activation(dims);
        let program = laws::program(&[("a", Element::Real, shape), ("y", Element::Real, shape)], |id| {
            vec![Forward { dims, a: id[0], b: Some(id[0]), y: id[1], relu: true }.into()]
        });
        laws::computed(device, &program, &[(TensorId(0), images)], TensorId(1))
    };
    laws::an_image_does_not_depend_on_its_batch(45, &forward);
}

#[test]
fn the_terms_may_be_exchanged_and_the_sum_of_a_tensor_with_itself_is_twice_it() {
    let [one, other] = ["one", "other"].map(|name| strata::host::Stream::named(name).normal(SHAPE.len(), 1.0));
    let program = |swapped: usize| {
        let tensors = ["a", "b", "y", "z"].map(|name| (name, Element::Real, SHAPE));
        laws::program(&tensors, |id| {
            let (a, b) = (id[swapped], Some(id[1 - swapped]));
            vec![
                Forward { dims: DIMS, a, b, y: id[2], relu: false }.into(),
                Forward { dims: DIMS, a, b: Some(a), y: id[3], relu: false }.into(),
            ]
        })
    };
    for device in devices() {
        let given = [(TensorId(0), &one[..]), (TensorId(1), &other[..])];
        let sum = |swapped| laws::computed(&device, &program(swapped), &given, TensorId(2));
        assert_eq!(sum(0), sum(1), "{}", device.describe());
        let twice = laws::computed(&device, &program(0), &given, TensorId(3));
        assert!(twice.iter().zip(&one).all(|(twice, one)| *twice == 2.0 * one), "{}", device.describe());
    }
}

#[test]
fn a_copy_keeps_the_sign_of_zero() {
    let values: Vec<f32> = (0..SHAPE.len()).map(|i| if i % 2 == 0 { -0.0 } else { 0.0 }).collect();
    let program = laws::program(&["a", "y"].map(|name| (name, Element::Real, SHAPE)), |id| {
        vec![Forward { dims: DIMS, a: id[0], b: None, y: id[1], relu: false }.into()]
    });
    for device in devices() {
        let copy = laws::computed(&device, &program, &[(TensorId(0), &values)], TensorId(1));
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&copy), bits(&values), "{}", device.describe());
    }
}

#[test]
fn a_gradient_is_added_to_the_one_that_is_there_and_masked_after_that() {
    let before: Vec<f32> = (0..SHAPE.len()).map(|i| i as f32).collect();
    let dy = vec![0.5; SHAPE.len()];
    // Every other value of the rectifier's output is zero.
    let x: Vec<f32> = (0..SHAPE.len()).map(|i| (i % 2) as f32).collect();
    let program = laws::program(&["dy", "dx", "x"].map(|name| (name, Element::Real, SHAPE)), |id| {
        vec![Backward { dims: DIMS, dy: id[0], dx: id[1], rectified: Some(id[2]) }.into()]
    });
    for device in devices() {
        let given = [(TensorId(0), &dy[..]), (TensorId(1), &before[..]), (TensorId(2), &x[..])];
        let dx = laws::computed(&device, &program, &given, TensorId(1));
        let expected: Vec<f32> = (0..SHAPE.len()).map(|i| if i % 2 == 1 { i as f32 + 0.5 } else { 0.0 }).collect();
        assert_eq!(dx, expected, "{}", device.describe());
    }
}
