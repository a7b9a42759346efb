//! Which square window of an image a network sees, and whether mirrored.
//!
//! A crop is only described here; it is carried out where a batch is made, on either executor. The mean image
//! is subtracted at the same window before the mirror, so that it is mirrored with the image, as in Caffe.
//!
//! An image may be padded with pixels of 0 on each side, before anything is subtracted, as torchvision's `RandomCrop`
//! and `CenterCrop` do it; rows and columns then count from the corner of the padded image.

use super::DataError;

/// A window of a padded image of H x W; its side is known to whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// The first row of the window.
    pub top: u32,
    /// The first column of the window.
    pub left: u32,
    /// Whether columns run from right to left.
    pub mirror: bool,
}

impl Crop {
    /// A crop for training from an image of H x W, padding included: rows from 0 to H - side and columns from 0 to W -
    /// side, both ends included and all equally likely, and a mirror with probability 1/2 if `may_mirror`.
    ///
    /// `words` are three independent uniform 32-bit words, for the row, the column and the mirror; all three
    /// are always spoken for, so settings do not shift anyone's stream. An offset below k is the upper half of
    /// `word * k`, whose probabilities differ from 1/k by less than 2^-32. Caffe of April 2014, which the
    /// authors ran, never used the last offset; this is the corrected range of later versions.
    ///
    /// # Errors
    /// [`DataError::CropTooLarge`] when the side is 0 or does not fit.
    pub fn train(
        height: usize,
        width: usize,
        side: usize,
        may_mirror: bool,
        words: [u32; 3],
    ) -> Result<Self, DataError> {
        let [rows, columns] = room(height, width, side)?;
        let below = |word: u32, count: u32| ((u64::from(word) * u64::from(count)) >> 32) as u32;
        let [row, column, mirror] = words;
        Ok(Self { top: below(row, rows), left: below(column, columns), mirror: may_mirror && mirror >> 31 == 1 })
    }

    /// The crop for testing, padding included: the centre, offsets (H - side) / 2 and (W - side) / 2 rounded down, no
    /// mirror.
    ///
    /// # Errors
    /// [`DataError::CropTooLarge`] when the side is 0 or does not fit.
    pub fn centre(height: usize, width: usize, side: usize) -> Result<Self, DataError> {
        let [rows, columns] = room(height, width, side)?;
        Ok(Self { top: (rows - 1) / 2, left: (columns - 1) / 2, mirror: false })
    }
}

/// How many offsets there are for rows and for columns, at least one each.
fn room(height: usize, width: usize, side: usize) -> Result<[u32; 2], DataError> {
    let offsets = |length: usize| length.checked_sub(side).and_then(|last| u32::try_from(last + 1).ok());
    match (offsets(height), offsets(width)) {
        (Some(rows), Some(columns)) if side > 0 => Ok([rows, columns]),
        _ => Err(DataError::CropTooLarge { expected: side, height, width }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_crop_is_caffes_centre() {
        assert_eq!(Crop::centre(256, 256, 227).unwrap(), Crop { top: 14, left: 14, mirror: false });
        assert_eq!(Crop::centre(32, 36, 29).unwrap(), Crop { top: 1, left: 3, mirror: false });
        assert_eq!(Crop::centre(28, 28, 28).unwrap(), Crop { top: 0, left: 0, mirror: false });
    }

    #[test]
    fn training_crops_reach_both_ends_and_no_further() {
        let low = Crop::train(256, 300, 227, true, [0, 0, 0]).unwrap();
        assert_eq!(low, Crop { top: 0, left: 0, mirror: false });
        let high = Crop::train(256, 300, 227, true, [u32::MAX; 3]).unwrap();
        assert_eq!(high, Crop { top: 29, left: 73, mirror: true });
        let whole = Crop::train(28, 28, 28, false, [u32::MAX; 3]).unwrap();
        assert_eq!(whole, Crop { top: 0, left: 0, mirror: false });
    }

    #[test]
    fn every_offset_is_about_equally_likely() {
        let mut counts = [0; 5];
        for step in 0..5000u32 {
            let word = step.wrapping_mul(u32::MAX / 5000);
            counts[Crop::train(32, 32, 28, true, [word, 0, 0]).unwrap().top as usize] += 1;
        }
        assert!(counts.iter().all(|count| (999..=1001).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_crop_that_does_not_fit_is_refused() {
        for side in [0, 29, usize::MAX] {
            let error = Crop::centre(28, 64, side).unwrap_err();
            assert!(matches!(error, DataError::CropTooLarge { height: 28, width: 64, .. }), "{error}");
            assert!(Crop::train(64, 28, side, true, [0; 3]).is_err());
        }
    }
}
