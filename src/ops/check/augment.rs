//! Cases of crop, mirror and mean subtraction.

use super::{Builder, Case, LIMIT, Rule, Values};
use crate::{
    host::ImageDims,
    ops::{Element, OpsError, TensorShape, augment::Forward},
};

/// What a case is for; images, channels, height, width as stored; window height and width; scale.
pub const CONFIGURATIONS: &[(&str, [usize; 4], [usize; 2], f64)] = &[
    ("one pixel", [1, 1, 1, 1], [1, 1], 1.0),
    ("the whole image, grey", [3, 1, 28, 28], [28, 28], 1.0 / 255.0),
    ("random windows, coloured", [6, 3, 16, 16], [13, 13], 1.0),
    ("odd sides, four channels", [5, 4, 7, 9], [6, 5], 0.5),
    ("five channels", [4, 5, 6, 6], [3, 4], 0.25),
];

/// The forward pass; images are mirrored in turn, the first and last windows lie in the corners.
pub fn case(text: &str, [n, c, h, w]: [usize; 4], [height, width]: [usize; 2], scale: f64) -> Case {
    let stored = ImageDims { n, c, h, w };
    let mut b = Builder::new("augment", format!("{text}: stored [{n}, {c}, {h}, {w}], window {height}x{width}"));
    let features = stored.features();
    let bytes: Vec<u8> = b.draw_words("images", n * features, 256).into_iter().map(|v| v as u8).collect();
    let averages: Vec<f32> = b.draw_words("mean", features, 25_600).into_iter().map(|v| v as f32 / 100.0).collect();
    let tops = b.draw_words("top", n, (h - height + 1) as u32);
    let lefts = b.draw_words("left", n, (w - width + 1) as u32);
    let mut windows = Vec::new();
    for (image, (&top, &left)) in tops.iter().zip(&lefts).enumerate() {
        let (top, left) = match image {
            0 => (0, 0),
            _ if image + 1 == n => ((h - height) as u32, (w - width) as u32),
            _ => (top, left),
        };
        windows.extend([top, left, image as u32 % 2]);
    }
    // The largest difference of a byte and a mean bounds every element.
    let x_shape = TensorShape::Activation(ImageDims { n, c, h: height, w: width });
    let bound = vec![scale * 2.0 * 255.0; x_shape.len()];
    let images = b.given("images", TensorShape::Rows { rows: n, width: features }, Values::Bytes(bytes), false);
    let crops = b.given("crops", TensorShape::Rows { rows: n, width: 3 }, Values::Words(windows), false);
    let mean = b.given("mean", TensorShape::Rows { rows: 1, width: features }, Values::Real(averages), false);
    let x = b.result("x", x_shape, Element::Real, Rule::Bound { bound, limit: LIMIT });
    b.call(Forward { stored, crop: [height, width], scale, images, crops, mean, x });
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    Ok(CONFIGURATIONS.iter().map(|&(text, stored, window, scale)| case(text, stored, window, scale)).collect())
}
