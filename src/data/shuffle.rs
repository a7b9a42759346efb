//! Images whose blocks are shuffled: the small patterns of photographs without their shapes.
//!
//! Each image is cut into [`GRID`] x [`GRID`] blocks of one size, which are put together again in a random order of the
//! image's own. Every block keeps its pixels, so that statistics of small neighbourhoods stay, but for the seams.

use super::{DataError, Dataset, ImageSet};
use crate::host::Stream;
use rayon::prelude::*;

/// Blocks along each side: 8 x 8 pixels in an image of 32 x 32, 7 x 7 in one of 28 x 28.
pub const GRID: usize = 4;

/// A data set with the blocks of every image in an order of its own. The order depends on the image's place in its set
/// alone.
///
/// # Errors
/// [`DataError::NoFit`] for sides that [`GRID`] does not divide, and for images in a packed store.
pub fn shuffled(data: Dataset) -> Result<Dataset, DataError> {
    let Dataset { name, class_names, train, test, taken } = data;
    let (train, test) = (part(&name, "train", &train)?, part(&name, "test", &test)?);
    Ok(Dataset { taken, ..Dataset::new(format!("{name}, shuffled"), class_names, train, test)? })
}

fn part(name: &str, which: &str, set: &ImageSet) -> Result<ImageSet, DataError> {
    let [height, width, channels] = set.shape();
    let refuse = |reason: &'static str| {
        let expected = [height.next_multiple_of(GRID), width.next_multiple_of(GRID), channels];
        Err(DataError::NoFit { name: name.into(), expected, got: set.shape(), reason })
    };
    if set.is_stored() {
        return refuse("images in a packed store stay as they are, and are not shuffled");
    }
    if !height.is_multiple_of(GRID) || !width.is_multiple_of(GRID) {
        return refuse("blocks of one size need sides that four divides");
    }
    let image = |index: usize| {
        let order = Stream::named(&format!("shuffled/{which}/{index}")).permutation(GRID * GRID, 0);
        rearranged(set.image(index), set.shape(), &order)
    };
    let pixels: Vec<Vec<u8>> = (0..set.len()).into_par_iter().map(image).collect();
    ImageSet::new(height, width, channels, pixels.concat(), set.labels.clone())
}

/// An image whose block `k`, counted row by row, is block `order[k]` of the given one.
fn rearranged(pixels: &[u8], [height, width, channels]: [usize; 3], order: &[u32]) -> Vec<u8> {
    let (rows, line) = (height / GRID, width / GRID * channels);
    let start = |block: usize, row: usize| (block / GRID * rows + row) * width * channels + block % GRID * line;
    let mut out = vec![0; pixels.len()];
    for (block, &from) in order.iter().enumerate() {
        for row in 0..rows {
            let (to, from) = (start(block, row), start(from as usize, row));
            out[to..to + line].copy_from_slice(&pixels[from..from + line]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(images: usize, [height, width, channels]: [usize; 3]) -> Dataset {
        let pixels = (0..images * height * width * channels).map(|at| (at * 31 % 251) as u8).collect();
        let labels = (0..images as u16).collect();
        let set = ImageSet::new(height, width, channels, pixels, labels).unwrap();
        Dataset::new("x", (0..images).map(|class| class.to_string()).collect(), set.clone(), set).unwrap()
    }

    /// The blocks of an image, each as its rows of pixels one after the other.
    fn blocks(image: &[u8], [height, width, channels]: [usize; 3]) -> Vec<Vec<u8>> {
        let (h, w) = (height / GRID, width / GRID);
        let at = |y: usize, x: usize, c: usize| image[(y * width + x) * channels + c];
        let block = |by: usize, bx: usize| {
            let places = (0..h).flat_map(|y| (0..w).flat_map(move |x| (0..channels).map(move |c| (y, x, c))));
            places.map(|(y, x, c)| at(by * h + y, bx * w + x, c)).collect()
        };
        (0..GRID * GRID).map(|at| block(at / GRID, at % GRID)).collect()
    }

    #[test]
    fn every_image_keeps_its_blocks_whole_in_an_order_of_its_own() {
        let shape = [8, 12, 3];
        let before = set(3, shape);
        let after = shuffled(before.clone()).unwrap();
        let order = |images: &ImageSet, index: usize| -> Vec<usize> {
            let whole = blocks(before.train.image(index), shape);
            let find = |block: &Vec<u8>| whole.iter().position(|other| other == block).unwrap();
            blocks(images.image(index), shape).iter().map(find).collect()
        };
        for index in 0..3 {
            let mut seen = order(&after.train, index);
            assert!(!seen.is_sorted(), "image {index} stayed as it was");
            seen.sort_unstable();
            assert_eq!(seen, (0..GRID * GRID).collect::<Vec<_>>());
        }
        assert_ne!(order(&after.train, 0), order(&after.train, 1));
        assert_ne!(order(&after.train, 0), order(&after.test, 0));
        assert_eq!((&after.train.labels, &after.class_names), (&before.train.labels, &before.class_names));
    }

    #[test]
    fn every_machine_makes_the_same_bytes() {
        assert_eq!(
            shuffled(set(4, [8, 8, 1])).unwrap().digest(),
            "b0b66589555cd7837fb08a68296b18c80656f4d9fbf6a75c7853ff09c0f9edc2"
        );
    }

    #[test]
    fn sides_that_cannot_be_cut_into_blocks_are_refused_with_what_would_fit() {
        let error = shuffled(set(1, [6, 8, 1])).unwrap_err();
        assert!(matches!(error, DataError::NoFit { expected: [8, 8, 1], got: [6, 8, 1], .. }), "{error}");
    }
}
