//! Images of one shape turned into those of another, so that two data sets can share a net.

use super::{
    DataError, Dataset, ImageSet,
    image_file::{Rgb, Warp},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How images of another size become the net's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Not at all: images must have the net's shape, or the 256 x 256 of the paper for nets that see 227 x 227.
    #[default]
    Exact,
    /// Not at all, and the net sees a window of images that are larger: the centre one, or random ones where there is
    /// augmentation. What lies outside is never seen.
    Crop,
    /// Width and height are scaled to the net's by [`Warp`]; gray becomes three equal channels, colours become gray.
    Resize,
    /// Black is put around smaller images, which stand in the middle; channels as for [`Fit::Resize`].
    Pad,
}

impl Fit {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Exact, Self::Resize, Self::Pad, Self::Crop];

    /// The name in experiment files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Crop => "crop",
            Self::Resize => "resize",
            Self::Pad => "pad",
        }
    }

    /// What a net sees of images of another shape, for people.
    pub const fn sees(self) -> &'static str {
        match self {
            Self::Exact => "nothing: images of another shape are refused",
            Self::Crop => "a window of larger images, the centre or random ones, and nothing outside it",
            Self::Resize => "images scaled to its shape",
            Self::Pad => "smaller images with a black margin",
        }
    }
}

/// Gray from red, green and blue: `(19595 R + 38470 G + 7471 B + 2^15) / 2^16`, rounded down; ITU-R BT.601's weights
/// (0.299, 0.587, 0.114) in the whole numbers of PIL and torchvision.
pub fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue) + 0x8000) >> 16) as u8
}

/// A data set whose images have the shape `[height, width, channels]`. One that has it already comes back untouched.
///
/// # Errors
/// [`DataError::NoFit`] for channels other than 1 and 3, for a target that is not square, for images in a packed
/// store, and where [`Fit::Pad`] would have to cut.
pub fn fit(data: Dataset, shape: [usize; 3], how: Fit) -> Result<Dataset, DataError> {
    if [Fit::Exact, Fit::Crop].contains(&how) || data.train.shape() == shape {
        return Ok(data);
    }
    let Dataset { name, class_names, train, test, taken } = data;
    let train = part(&name, &train, shape, how)?;
    let test = part(&name, &test, shape, how)?;
    Ok(Dataset { taken, ..Dataset::new(name, class_names, train, test)? })
}

/// One decoded image as the H x W x C bytes of a shape `[height, width, channels]`: as [`fit`] makes it, but that
/// images that are kept exact or cropped are warped, too, as those of a folder are when it is loaded. `path` is what
/// errors name.
///
/// # Errors
/// [`DataError::NoFit`] as for [`fit`].
pub fn one(image: Rgb, shape: [usize; 3], how: Fit, warp: &mut Warp, path: &Path) -> Result<Vec<u8>, DataError> {
    let [height, width, channels] = shape;
    let got = [image.height as usize, image.width as usize, 3];
    let refuse = |reason| Err(DataError::NoFit { name: path.display().to_string(), expected: shape, got, reason });
    if ![1, 3].contains(&channels) {
        return refuse("only gray and colours are turned into each other");
    }
    if got[..2] == shape[..2] {
        return Ok(of_channels(&image.pixels, 3, channels));
    }
    if how == Fit::Pad {
        if got[0] > height || got[1] > width {
            return refuse("padding cannot make images smaller; use \"resize\"");
        }
        return Ok(of_channels(&padded(&image.pixels, got, [height, width]), 3, channels));
    }
    if height != width {
        return refuse("images are resized to squares only");
    }
    Ok(of_channels(&warp.apply(image, path)?, 3, channels))
}

fn part(name: &str, set: &ImageSet, shape: [usize; 3], how: Fit) -> Result<ImageSet, DataError> {
    let [height, width, channels] = shape;
    let refuse =
        |reason: &'static str| Err(DataError::NoFit { name: name.into(), expected: shape, got: set.shape(), reason });
    if set.is_stored() {
        return refuse("images in a packed store stay as they are; pack them with --size");
    }
    if ![1, 3].contains(&channels) || ![1, 3].contains(&set.channels) {
        return refuse("only gray and colours are turned into each other");
    }
    if height != width {
        return refuse("the net must see squares");
    }
    if how == Fit::Pad && (set.height > height || set.width > width) {
        return refuse("padding cannot make images smaller; use \"resize\"");
    }
    if set.is_listed() {
        return Ok(ImageSet::listed(shape, set.labels.clone()));
    }
    let sized = |warp: &mut Warp, index: usize| -> Result<Vec<u8>, DataError> {
        if how == Fit::Pad {
            return Ok(padded(set.image(index), set.shape(), [height, width]));
        }
        let pixels = coloured(set.image(index), set.channels);
        let rgb = warp.apply(Rgb { width: set.width as u32, height: set.height as u32, pixels }, Path::new(name))?;
        Ok(of_channels(&rgb, 3, set.channels))
    };
    let images = (0..set.len()).into_par_iter().map_init(
        || Warp::to(height as u32),
        |warp, index| -> Result<Vec<u8>, DataError> { Ok(of_channels(&sized(warp, index)?, set.channels, channels)) },
    );
    let pixels: Vec<Vec<u8>> = images.collect::<Result<_, _>>()?;
    ImageSet::new(height, width, channels, pixels.concat(), set.labels.clone())
}

fn coloured(pixels: &[u8], channels: usize) -> Vec<u8> {
    of_channels(pixels, channels, 3)
}

/// Gray as three equal channels, three channels as gray. Equal channels give back the gray that they were.
fn of_channels(pixels: &[u8], from: usize, to: usize) -> Vec<u8> {
    match (from, to) {
        (1, 3) => pixels.iter().flat_map(|&gray| [gray; 3]).collect(),
        (3, 1) => pixels.chunks_exact(3).map(|pixel| luma([pixel[0], pixel[1], pixel[2]])).collect(),
        _ => pixels.to_vec(),
    }
}

/// An image in the middle of a larger black one; an odd row or column more lies below or to the right.
fn padded(pixels: &[u8], [from_h, from_w, channels]: [usize; 3], [height, width]: [usize; 2]) -> Vec<u8> {
    let (top, left) = ((height - from_h) / 2, (width - from_w) / 2);
    let mut out = vec![0; height * width * channels];
    for (row, line) in pixels.chunks_exact(from_w * channels).enumerate() {
        let at = ((top + row) * width + left) * channels;
        out[at..at + line.len()].copy_from_slice(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(side: usize) -> Dataset {
        let pixels = (0..2 * side * side).map(|at| (at * 37 % 256) as u8).collect();
        let set = ImageSet::new(side, side, 1, pixels, vec![0, 1]).unwrap();
        Dataset::new("digits", vec!["a".into(), "b".into()], set.clone(), set).unwrap()
    }

    #[test]
    fn padding_puts_the_image_in_the_middle_of_black() {
        let fitted = fit(gray(2), [5, 5, 1], Fit::Pad).unwrap();
        let rows: Vec<&[u8]> = fitted.train.image(1).chunks(5).collect();
        assert_eq!(rows[1], [0, 148, 185, 0, 0]);
        assert_eq!(rows[2], [0, 222, 3, 0, 0]);
        assert!([0, 3, 4].iter().all(|&row| rows[row] == [0; 5]));
    }

    #[test]
    fn gray_becomes_three_equal_channels_and_comes_back_as_it_was() {
        let original = gray(28);
        let coloured = fit(original.clone(), [28, 28, 3], Fit::Pad).unwrap();
        assert_eq!(coloured.train.image(0)[..6], [0, 0, 0, 37, 37, 37]);
        assert_eq!(fit(coloured, [28, 28, 1], Fit::Pad).unwrap(), original);
        for value in 0..=255 {
            assert_eq!(luma([value; 3]), value);
        }
    }

    #[test]
    fn colours_become_gray_with_the_weights_of_the_eye() {
        assert_eq!([luma([255, 0, 0]), luma([0, 255, 0]), luma([0, 0, 255])], [76, 150, 29]);
    }

    #[test]
    fn resizing_keeps_one_colour_labels_and_names() {
        let set = ImageSet::new(28, 28, 1, vec![200; 28 * 28], vec![0]).unwrap();
        let data = Dataset::new("x", vec!["only".into()], set.clone(), set).unwrap();
        let fitted = fit(data, [32, 32, 3], Fit::Resize).unwrap();
        assert_eq!((fitted.train.shape(), fitted.class_names[0].as_str()), ([32, 32, 3], "only"));
        assert!(fitted.train.pixels.iter().all(|&value| value == 200));
    }

    #[test]
    fn what_fits_already_or_is_to_stay_exact_is_not_touched() {
        for (shape, how) in [([28, 28, 1], Fit::Resize), ([32, 32, 3], Fit::Exact), ([24, 24, 1], Fit::Crop)] {
            assert_eq!(fit(gray(28), shape, how).unwrap(), gray(28));
        }
    }

    #[test]
    fn images_that_padding_would_have_to_cut_are_refused_with_both_shapes() {
        let error = fit(gray(28), [24, 24, 1], Fit::Pad).unwrap_err();
        assert!(matches!(error, DataError::NoFit { expected: [24, 24, 1], got: [28, 28, 1], .. }), "{error}");
        assert!(error.to_string().contains("use \"resize\""), "{error}");
        assert!(fit(gray(28), [28, 30, 1], Fit::Resize).is_err());
    }
}
