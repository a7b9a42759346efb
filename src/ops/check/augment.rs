//! Cases of crop from a padded image, mirror and normalisation.

use super::{Builder, Case, LIMIT, Rule, Values};
use crate::{
    host::ImageDims,
    ops::{Element, OpsError, TensorShape, augment::Forward},
};

/// What a case is for; images, channels, height, width as stored; padding; window height and width; the scale of the
/// first channel, each further one's being half of the one before.
pub type Configuration = (&'static str, [usize; 4], usize, [usize; 2], f64);

/// The cases' configurations.
pub const CONFIGURATIONS: &[Configuration] = &[
    ("one pixel", [1, 1, 1, 1], 0, [1, 1], 1.0),
    ("the whole image, grey", [3, 1, 28, 28], 0, [28, 28], 1.0 / 255.0),
    ("random windows, coloured", [6, 3, 16, 16], 0, [13, 13], 1.0),
    ("odd sides, four channels", [5, 4, 7, 9], 0, [6, 5], 0.5),
    ("five channels", [4, 5, 6, 6], 0, [3, 4], 0.25),
    ("as large as the image, padded by 4", [7, 3, 8, 8], 4, [8, 8], 1.0 / 64.0),
    ("odd sides, five channels, padded by 2", [5, 5, 3, 6], 2, [4, 7], 0.5),
    ("windows in the padding alone", [3, 1, 2, 2], 5, [3, 3], 1.0),
];

/// The forward pass; images are mirrored in turn, the first and last windows lie in the corners.
pub fn case(
    text: &str,
    [n, c, h, w]: [usize; 4],
    padding: usize,
    [height, width]: [usize; 2],
    first_scale: f64,
) -> Case {
    let stored = ImageDims { n, c, h, w };
    let mut b = Builder::new("augment", format!("{text}: stored [{n}, {c}, {h}, {w}], window {height}x{width}"));
    let features = stored.features();
    let [padded_h, padded_w] = [h, w].map(|side| side + 2 * padding);
    let padded = c * padded_h * padded_w;
    let bytes: Vec<u8> = b.draw_words("images", n * features, 256).into_iter().map(|v| v as u8).collect();
    let averages: Vec<f32> = b.draw_words("mean", padded, 25_600).into_iter().map(|v| v as f32 / 100.0).collect();
    let tops = b.draw_words("top", n, (padded_h - height + 1) as u32);
    let lefts = b.draw_words("left", n, (padded_w - width + 1) as u32);
    let mut windows = Vec::new();
    for (image, (&top, &left)) in tops.iter().zip(&lefts).enumerate() {
        let (top, left) = match image {
            0 => (0, 0),
            _ if image + 1 == n => ((padded_h - height) as u32, (padded_w - width) as u32),
            _ => (top, left),
        };
        windows.extend([top, left, image as u32 % 2]);
    }
    // The largest difference of a byte and a mean bounds every element.
    let x_shape = TensorShape::Activation(ImageDims { n, c, h: height, w: width });
    let bound = vec![first_scale * 2.0 * 255.0; x_shape.len()];
    let scales = (0..c).map(|channel| (first_scale / f64::from(1 << channel)) as f32).collect();
    let images = b.given("images", TensorShape::Rows { rows: n, width: features }, Values::Bytes(bytes), false);
    let crops = b.given("crops", TensorShape::Rows { rows: n, width: 3 }, Values::Words(windows), false);
    let mean = b.given("mean", TensorShape::Rows { rows: 1, width: padded }, Values::Real(averages), false);
    let scale = b.given("scale", TensorShape::Rows { rows: 1, width: c }, Values::Real(scales), false);
    let x = b.result("x", x_shape, Element::Real, Rule::Bound { bound, limit: LIMIT });
    b.call(Forward { stored, padding, crop: [height, width], images, crops, mean, scale, x });
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    Ok(CONFIGURATIONS
        .iter()
        .map(|&(text, stored, padding, window, scale)| case(text, stored, padding, window, scale))
        .collect())
}
