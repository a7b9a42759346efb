//! Max pooling.

use crate::{devices::devices, laws};
use strata::{
    host::ImageDims,
    ops::{
        Element, TensorId, TensorShape,
        check::max_pool as cases,
        max_pool::{Forward, MaxPool},
    },
};

const CAFFE: MaxPool = MaxPool { kernel_size: [3, 3], stride: [2, 2], padding: [0, 0], ceil_mode: true };

fn forward(device: &strata::ops::Device, x: ImageDims, values: &[f32]) -> (Vec<f32>, Vec<u32>) {
    let dims = CAFFE.dims(x).expect("the window fits");
    let output = TensorShape::Activation(dims.y());
    let program = laws::program(
        &[
            ("x", Element::Real, TensorShape::Activation(x)),
            ("y", Element::Real, output),
            ("argmax", Element::Word, output),
        ],
        |id| vec![Forward { dims, x: id[0], y: id[1], argmax: id[2] }.into()],
    );
    let mut executor = laws::loaded(device, &program, &[(TensorId(0), values)]);
    executor.run(0, &laws::step()).expect("the tape runs");
    let y = executor.read(TensorId(1)).expect("a tensor of real numbers");
    (y, executor.read_words(TensorId(2)).expect("a tensor of words"))
}

#[test]
fn maxima_and_their_places_are_exact_and_gradients_within_their_bounds() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}

#[test]
fn an_image_does_not_depend_on_its_batch() {
    let run = |device: &_, n: usize, images: &[f32]| forward(device, ImageDims { n, c: 3, h: 7, w: 6 }, images).0;
    laws::an_image_does_not_depend_on_its_batch(3 * 7 * 6, &run);
}

#[test]
fn the_first_of_several_maxima_wins_in_row_major_order() {
    for device in devices() {
        let x = ImageDims { n: 1, c: 1, h: 3, w: 3 };
        for (values, first) in [
            ([1.0, 2.0, 2.0, 2.0, 0.0, 0.0, 2.0, 0.0, 0.0], 1),
            ([0.0, 1.0, 0.0, 3.0, 0.0, 0.0, 3.0, 3.0, 3.0], 3),
            ([-1.0; 9], 0),
            ([-0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0),
        ] {
            assert_eq!(forward(&device, x, &values).1, [first], "{}: {values:?}", device.describe());
        }
    }
}
