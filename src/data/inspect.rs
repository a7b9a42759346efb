//! What is in a data set: counts, means, images that come twice, and a sheet of samples.

use super::{DataError, Dataset, mean};
use crate::host::png;
use serde::Serialize;
use std::collections::HashMap;

/// The classes and the images of each that a contact sheet shows at most.
const SHEET: [usize; 2] = [40, 12];

/// What is in a data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Its name.
    pub name: String,
    /// H, W and C of every image.
    pub shape: [usize; 3],
    /// Images of each class.
    pub classes: Vec<ClassCount>,
    /// The mean of each channel over the training images, 0 to 255.
    pub channel_mean: Vec<f32>,
    /// The deviation of all training values about their one mean.
    pub std: f32,
    /// Images whose pixels equal those of an earlier one of their part.
    pub twice: Twice,
}

/// The images of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class.
    pub class: String,
    /// Training images.
    pub train: usize,
    /// Test images.
    pub test: usize,
}

/// Images whose pixels come more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Twice {
    /// Training images that an earlier training image equals.
    pub in_training: usize,
    /// Test images that an earlier test image equals.
    pub in_test: usize,
    /// The training images that an earlier one equals, with that one: `[index, earlier index]`.
    pub training: Vec<[usize; 2]>,
    /// The same of test images.
    pub test: Vec<[usize; 2]>,
    /// Test images that a training image equals: `[test index, training index]`. An accuracy counts these as learnt.
    pub across: Vec<[usize; 2]>,
}

/// Looks through a data set.
///
/// # Errors
/// [`DataError::NoImages`] for an empty training part.
pub fn inspect(data: &Dataset) -> Result<Inspection, DataError> {
    let (train, test) = (data.train.class_counts(data.classes()), data.test.class_counts(data.classes()));
    let counts = data.class_names.iter().zip(train.iter().zip(&test));
    let count =
        |(class, (&train, &test)): (&String, (&usize, &usize))| ClassCount { class: class.clone(), train, test };
    Ok(Inspection {
        name: data.name.clone(),
        shape: data.train.shape(),
        classes: counts.map(count).collect(),
        channel_mean: mean::channel_mean(&data.train)?,
        std: mean::std(&data.train)?,
        twice: twice(data),
    })
}

/// The images that an earlier one of their part equals, with that one.
fn within(digests: &[blake3::Hash]) -> Vec<[usize; 2]> {
    let mut first: HashMap<&blake3::Hash, usize> = HashMap::new();
    let mut again = Vec::new();
    for (index, digest) in digests.iter().enumerate() {
        let earlier = *first.entry(digest).or_insert(index);
        if earlier != index {
            again.push([index, earlier]);
        }
    }
    again
}

fn twice(data: &Dataset) -> Twice {
    let (train, test) = (data.train.image_digests(), data.test.image_digests());
    let mut first: HashMap<blake3::Hash, usize> = HashMap::new();
    for (index, digest) in train.iter().enumerate() {
        first.entry(*digest).or_insert(index);
    }
    let across =
        test.iter().enumerate().filter_map(|(index, digest)| first.get(digest).map(|&in_train| [index, in_train]));
    let across = across.collect();
    let (training, test) = (within(&train), within(&test));
    Twice { in_training: training.len(), in_test: test.len(), training, test, across }
}

/// A contact sheet as PNG: one row per class (at most 40), its first training images from left to right (at most 12).
///
/// # Errors
/// [`DataError::NoImages`] for an empty training part.
pub fn contact_sheet(data: &Dataset) -> Result<Vec<u8>, DataError> {
    let [height, width, channels] = data.train.shape();
    let rows = data.classes().min(SHEET[0]);
    if data.train.is_empty() || rows == 0 {
        return Err(DataError::NoImages);
    }
    // One pixel of white between images.
    let (cell_h, cell_w) = (height + 1, width + 1);
    let (full_h, full_w) = (rows * cell_h + 1, SHEET[1] * cell_w + 1);
    let mut sheet = vec![255; full_h * full_w * 3];
    let mut placed = vec![0; rows];
    for (index, &label) in data.train.labels.iter().enumerate() {
        let row = usize::from(label);
        if row >= rows || placed[row] == SHEET[1] {
            continue;
        }
        let (top, left) = (row * cell_h + 1, placed[row] * cell_w + 1);
        placed[row] += 1;
        for (y, line) in data.train.image(index).chunks_exact(width * channels).enumerate() {
            for (x, pixel) in line.chunks_exact(channels).enumerate() {
                let at = ((top + y) * full_w + left + x) * 3;
                (0..3).for_each(|c| sheet[at + c] = pixel[c.min(channels - 1)]);
            }
        }
    }
    if channels == 1 {
        sheet = sheet.chunks_exact(3).map(|pixel| pixel[0]).collect();
    }
    // The buffer has the sheet's size, and a PNG is written to memory: no step can fail.
    png::encode(full_w as u32, full_h as u32, channels.min(3), &sheet).map_err(|_| DataError::NoImages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageSet;

    fn data() -> Dataset {
        let train = ImageSet::new(1, 2, 1, vec![0, 1, 10, 11, 0, 1, 20, 21], vec![1, 0, 1, 0]).unwrap();
        let test = ImageSet::new(1, 2, 1, vec![20, 21, 9, 9, 9, 9], vec![0, 1, 1]).unwrap();
        Dataset::new("x", vec!["a".into(), "b".into()], train, test).unwrap()
    }

    #[test]
    fn counts_means_and_duplicates_are_those_of_the_images() {
        let found = inspect(&data()).unwrap();
        let counts: Vec<_> = found.classes.iter().map(|c| (c.class.as_str(), c.train, c.test)).collect();
        assert_eq!(counts, [("a", 2, 1), ("b", 2, 2)]);
        assert_eq!((found.shape, &found.channel_mean[..]), ([1, 2, 1], &[8.0][..]));
        let (training, test, across) = (vec![[2, 0]], vec![[2, 1]], vec![[0, 3]]);
        assert_eq!(found.twice, Twice { in_training: 1, in_test: 1, training, test, across });
    }

    #[test]
    fn the_sheet_has_one_row_a_class_with_its_first_images() {
        let sheet = image::load_from_memory(&contact_sheet(&data()).unwrap()).unwrap().into_luma8();
        assert_eq!(sheet.dimensions(), (37, 5));
        let row = |y: u32| (0..8).map(|x| sheet.get_pixel(x, y).0[0]).collect::<Vec<_>>();
        assert_eq!(row(1), [255, 10, 11, 255, 20, 21, 255, 255]);
        assert_eq!(row(3), [255, 0, 1, 255, 0, 1, 255, 255]);
    }
}
