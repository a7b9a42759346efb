//! The fully connected layer.

use crate::laws;
use strata::{
    host::{ImageDims, Stream},
    ops::{
        Element, TensorId, TensorShape,
        check::dense as cases,
        dense::{DenseDims, Forward},
    },
};

#[test]
fn every_pass_stays_within_its_bounds() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}

#[test]
fn an_image_does_not_depend_on_its_batch() {
    let forward = |device: &_, n: usize, images: &[f32]| {
        let dims = DenseDims { x: ImageDims { n, c: 6, h: 5, w: 7 }, k: 67 };
        let weights = TensorShape::Kernel { dims: [67, 6, 5, 7], groups: 1 };
        let program = laws::program(
            &[
                ("x", Element::Real, TensorShape::Activation(dims.x)),
                ("w", Element::Real, weights),
                ("y", Element::Real, TensorShape::Activation(dims.y())),
            ],
            |id| vec![Forward { dims, x: id[0], w: id[1], b: None, y: id[2], relu: false }.into()],
        );
        let w = Stream::named("laws/w").normal(weights.len(), 0.3);
        laws::computed(device, &program, &[(TensorId(0), images), (TensorId(1), &w)], TensorId(2))
    };
    laws::an_image_does_not_depend_on_its_batch(6 * 5 * 7, &forward);
}
