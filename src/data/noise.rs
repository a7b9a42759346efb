//! Images of noise: the far end of a ladder of distances between tasks.
//!
//! Each class has a pattern of independent bytes, and each image is that pattern under as independent noise of its own:
//! `x = (3 pattern + 13 own) / 16`, rounded down. A net can learn the classes, but from no edge, shape or colour that
//! photographs have. Whole numbers alone go in, so that every machine makes the same bytes.

use super::{DataError, Dataset, ImageSet};
use crate::host::Stream;
use rayon::prelude::*;

/// Classes of the data set `noise`.
pub const CLASSES: usize = 10;

/// Training images of each class.
pub const TRAIN_PER_CLASS: usize = 600;

/// Test images of each class.
pub const TEST_PER_CLASS: usize = 200;

/// Some classes of noise with images of a shape, classes in turn.
///
/// # Errors
/// [`DataError::PixelCount`] for a shape without pixels; [`DataError::TooFewClasses`] for more classes than labels can
/// name.
pub fn noise([height, width, channels]: [usize; 3], classes: usize) -> Result<Dataset, DataError> {
    let classes =
        u16::try_from(classes).map_err(|_| DataError::TooFewClasses { expected: classes, got: u16::MAX.into() })?;
    let len = height * width * channels;
    let patterns: Vec<Vec<u8>> = (0..classes).map(|class| bytes("pattern", u64::from(class), len)).collect();
    let part = |name: &str, per_class: usize| {
        let labels: Vec<u16> = (0..per_class).flat_map(|_| 0..classes).collect();
        let image = |(index, &label): (usize, &u16)| {
            let own = bytes(name, index as u64, len);
            let mixed = |(&pattern, own): (&u8, u8)| ((3 * u16::from(pattern) + 13 * u16::from(own)) / 16) as u8;
            patterns[usize::from(label)].iter().zip(own).map(mixed).collect::<Vec<u8>>()
        };
        let images: Vec<Vec<u8>> = labels.par_iter().enumerate().map(image).collect();
        ImageSet::new(height, width, channels, images.concat(), labels)
    };
    let names = (0..classes).map(class_name).collect();
    Dataset::new("noise", names, part("train", TRAIN_PER_CLASS)?, part("test", TEST_PER_CLASS)?)
}

/// The name of a class of noise.
pub fn class_name(class: u16) -> String {
    format!("noise {class}")
}

/// Independent bytes of equal chances: those of one image or pattern.
fn bytes(name: &str, index: u64, len: usize) -> Vec<u8> {
    let stream = Stream::named(&format!("noise/{name}/{index}"));
    let words = (0..len.div_ceil(16) as u64).flat_map(|at| stream.words(at, 0));
    words.flat_map(u32::to_le_bytes).take(len).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_a_class_share_a_pattern_and_differ_from_each_other() {
        let data = noise([8, 8, 1], CLASSES).unwrap();
        assert_eq!(data.train.class_counts(10), [TRAIN_PER_CLASS; 10]);
        assert_eq!(data.test.class_counts(10), [TEST_PER_CLASS; 10]);
        let mean_of = |class: u16| -> Vec<f64> {
            let of_class: Vec<&[u8]> =
                data.train.images().zip(&data.train.labels).filter(|(_, l)| **l == class).map(|(i, _)| i).collect();
            (0..64).map(|at| of_class.iter().map(|i| f64::from(i[at])).sum::<f64>() / of_class.len() as f64).collect()
        };
        let (zero, one) = (mean_of(0), mean_of(1));
        let spread = zero.iter().zip(&one).map(|(a, b)| (a - b).abs()).sum::<f64>() / 64.0;
        assert!((8.0..32.0).contains(&spread), "the patterns of two classes are {spread} apart");
        assert_ne!(data.train.image(0), data.train.image(10));
        assert_ne!(data.train.image(0), data.test.image(0));
    }

    #[test]
    fn every_machine_makes_the_same_bytes() {
        assert_eq!(
            noise([4, 4, 3], CLASSES).unwrap().digest(),
            "ea1259cef7714b9866153ec36785e5ca2e8cc2f59a1171571921eed5934ee70f"
        );
    }
}
