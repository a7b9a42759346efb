//! Average pooling.

use crate::{devices::devices, laws};
use strata::{
    host::ImageDims,
    ops::{
        Device, Element, TensorId, TensorShape,
        avg_pool::{AvgPool, Forward},
        check::avg_pool as cases,
    },
};

fn forward(device: &Device, pool: AvgPool, x: ImageDims, values: &[f32]) -> Vec<f32> {
    let dims = pool.dims(x).expect("the window fits");
    let output = TensorShape::Activation(dims.pool.y());
    let program =
        laws::program(&[("x", Element::Real, TensorShape::Activation(x)), ("y", Element::Real, output)], |id| {
            vec![Forward { dims, x: id[0], y: id[1] }.into()]
        });
    laws::computed(device, &program, &[(TensorId(0), values)], TensorId(1))
}

const PADDED: AvgPool =
    AvgPool { kernel_size: [2; 2], stride: [2; 2], padding: [1; 2], ceil_mode: false, count_include_pad: true };

#[test]
fn averages_and_gradients_stay_within_their_bounds() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}

#[test]
fn an_image_does_not_depend_on_its_batch() {
    let run = |device: &_, n: usize, images: &[f32]| forward(device, PADDED, ImageDims { n, c: 3, h: 7, w: 6 }, images);
    laws::an_image_does_not_depend_on_its_batch(3 * 7 * 6, &run);
}

#[test]
fn padding_counts_only_where_it_is_asked_to_and_taps_behind_it_never_do() {
    for device in devices() {
        let x = ImageDims { n: 1, c: 1, h: 2, w: 2 };
        let of = |pool| forward(&device, pool, x, &[4.0; 4]);
        // Every window has one pixel of the image and three of the padding.
        assert_eq!(of(PADDED), [1.0; 4], "{}", device.describe());
        assert_eq!(of(AvgPool { count_include_pad: false, ..PADDED }), [4.0; 4], "{}", device.describe());
        // One window of 3 x 3 over 2 x 2 pixels without padding, rounded up: five taps are past the image.
        let rounded =
            AvgPool { kernel_size: [3; 2], stride: [2; 2], padding: [0; 2], ceil_mode: true, count_include_pad: true };
        assert_eq!(of(rounded), [4.0], "{}", device.describe());
    }
}

#[test]
fn a_global_pooling_gives_one_number_a_channel_of_an_image_of_any_size() {
    for device in devices() {
        let x = ImageDims { n: 1, c: 2, h: 3, w: 5 };
        let values: Vec<f32> = (0..30).map(|i| (i % 15) as f32 + 100.0 * (i / 15) as f32).collect();
        assert_eq!(forward(&device, AvgPool::global(x), x, &values), [7.0, 107.0], "{}", device.describe());
    }
}

#[test]
fn padding_as_large_as_the_window_and_a_window_of_nothing_are_refused_by_name() {
    let x = ImageDims { n: 1, c: 1, h: 4, w: 4 };
    let wide = AvgPool { padding: [2, 0], ..PADDED }.dims(x).expect_err("2 is not below 2").to_string();
    assert!(wide.contains("avg_pool") && wide.contains("padding is 2"), "{wide}");
    let empty = AvgPool { kernel_size: [0, 1], padding: [0; 2], ..PADDED }.dims(x).expect_err("no tap").to_string();
    assert!(empty.contains("avg_pool"), "{empty}");
}
