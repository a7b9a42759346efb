//! Convolution.

use crate::laws;
use strata::{
    host::Stream,
    ops::{Element, TensorId, TensorShape, check::conv2d as cases, conv2d},
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
    // Many patches an image and few, so that products take one image and several; the last has one patch
    // an image and a deep sum, whose order a product would choose by its width. Then many channels, whose tiles
    // are computed side by side with those of other images, or are the only ones of their block.
    let small = [([1, 4, 19, 17], 10, 3, 2, 1), ([1, 6, 5, 5], 10, 3, 1, 1), ([1, 96, 3, 3], 10, 3, 1, 0)];
    let many = [([1, 32, 6, 7], 32, 3, 1, 1), ([1, 32, 20, 23], 48, 3, 1, 1), ([1, 64, 9, 9], 64, 5, 2, 2)];
    for (x, k, kernel, groups, pad) in small.into_iter().chain(many) {
        let forward = |device: &_, n: usize, images: &[f32]| {
            let configuration = cases::Configuration {
                text: "",
                x: [n, x[1], x[2], x[3]],
                k,
                kernel: [kernel; 2],
                stride: [1; 2],
                pads: [pad; 4],
                dilation: [1; 2],
                groups,
                bias: true,
            };
            let dims = configuration.dims().expect("the window fits");
            let weights = TensorShape::Kernel { dims: [dims.k, dims.cg(), kernel, kernel], groups };
            let program = laws::program(
                &[
                    ("x", Element::Real, TensorShape::Activation(dims.x)),
                    ("w", Element::Real, weights),
                    ("b", Element::Real, TensorShape::Channels(dims.k)),
                    ("y", Element::Real, TensorShape::Activation(dims.y())),
                ],
                |id| vec![conv2d::Forward { dims, x: id[0], w: id[1], b: Some(id[2]), y: id[3], relu: false }.into()],
            );
            let w = Stream::named("laws/w").normal(weights.len(), 0.3);
            let b = Stream::named("laws/b").normal(dims.k, 1.0);
            let given = [(TensorId(0), images), (TensorId(1), &w[..]), (TensorId(2), &b[..])];
            laws::computed(device, &program, &given, TensorId(3))
        };
        laws::an_image_does_not_depend_on_its_batch(x[1] * x[2] * x[3], &forward);
    }
}
