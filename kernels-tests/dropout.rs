//! Dropout.

use crate::{devices::devices, laws};
use std::sync::Arc;
use strata::{
    host::{ImageDims, Stream},
    ops::{
        Device, Element, Executor, Step, TensorId, TensorShape,
        check::dropout as cases,
        dropout::{Apply, Mask},
    },
};

/// What dropout makes of ones: the mask, scaled, in NCHW order.
fn ones(device: &Device, dims: ImageDims, ratio: f64, layer: u32, step: &Step) -> Vec<f32> {
    let shape = TensorShape::Activation(dims);
    let program = laws::program(&[("x", Element::Real, shape)], |id| {
        vec![Apply { dims, ratio, mask: Mask::Drawn { layer }, x: id[0] }.into()]
    });
    let mut executor = Executor::load(device, Arc::clone(&program)).expect("the program loads");
    executor.write(TensorId(0), &vec![1.0; shape.len()]).expect("the values fit");
    executor.run(0, step).expect("the tape runs");
    executor.read(TensorId(0)).expect("a tensor of real numbers")
}

fn step(iteration: u32) -> Step {
    Step { iteration, rate: 0.0, dropout: Stream::named("dropout"), first_image: 0 }
}

#[test]
fn dropped_elements_are_zero_and_kept_ones_right_to_their_roundings() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}

#[test]
fn about_the_wanted_share_is_kept() {
    for device in devices() {
        for ratio in [0.0, 0.2, 0.5, 0.9] {
            let dims = ImageDims { n: 100, c: 1000, h: 1, w: 1 };
            let kept = ones(&device, dims, ratio, 6, &step(1)).iter().filter(|&&v| v != 0.0).count() as f64 / 1e5;
            // Five standard deviations of a share of 100,000 draws.
            let allowed = 5.0 * (ratio * (1.0 - ratio) / 1e5_f64).sqrt();
            assert!((kept - (1.0 - ratio)).abs() <= allowed, "{}: ratio {ratio} keeps {kept}", device.describe());
        }
    }
}

#[test]
fn a_mask_depends_on_the_logical_element_alone() {
    for device in devices() {
        // Element i is counted in NHWC order without padding: an image of 7 channels, 5 x 3, is 105 elements.
        let flat = ones(&device, ImageDims { n: 2, c: 105, h: 1, w: 1 }, 0.5, 6, &step(4));
        let map = ones(&device, ImageDims { n: 2, c: 7, h: 5, w: 3 }, 0.5, 6, &step(4));
        for n in 0..2 {
            for (c, pixel) in (0..7).flat_map(|c| (0..15).map(move |pixel| (c, pixel))) {
                let (outer, logical) = ((n * 7 + c) * 15 + pixel, (n * 15 + pixel) * 7 + c);
                assert_eq!(map[outer], flat[logical], "{}: image {n}, channel {c}", device.describe());
            }
        }
        // A larger batch begins with the same masks.
        let larger = ones(&device, ImageDims { n: 5, c: 105, h: 1, w: 1 }, 0.5, 6, &step(4));
        assert_eq!(larger[..flat.len()], flat);
    }
}

#[test]
fn a_part_of_a_batch_gets_the_masks_that_its_images_have_in_the_whole_batch() {
    for device in devices() {
        // Images of 105 and of 7 elements: parts begin in the middle of four words that are drawn together.
        for (c, h, w) in [(7, 5, 3), (7, 1, 1), (8, 1, 1), (1, 1, 1)] {
            let dims = |n: usize| ImageDims { n, c, h, w };
            let whole = ones(&device, dims(9), 0.5, 6, &step(4));
            for (first, n) in [(0, 3), (1, 8), (2, 1), (3, 3), (5, 4), (6, 3)] {
                let part = ones(&device, dims(n), 0.5, 6, &Step { first_image: first as u32, ..step(4) });
                let features = c * h * w;
                assert_eq!(part, whole[first * features..][..n * features], "{}, {first}, {n}", device.describe());
            }
        }
    }
}

#[test]
fn masks_differ_between_steps_and_layers_and_devices_agree_on_them() {
    let dims = ImageDims { n: 3, c: 65, h: 1, w: 1 };
    let reference = ones(&Device::Reference, dims, 0.5, 6, &step(1));
    for device in devices() {
        let first = ones(&device, dims, 0.5, 6, &step(1));
        assert_eq!(first, reference, "{}", device.describe());
        assert_ne!(first, ones(&device, dims, 0.5, 6, &step(2)));
        assert_ne!(first, ones(&device, dims, 0.5, 7, &step(1)));
    }
}
