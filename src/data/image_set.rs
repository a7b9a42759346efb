//! Images and labels, in memory, in a packed store or in files that were listed only.

use super::{DataError, store::Stored};
use rayon::prelude::*;
use std::{path::PathBuf, sync::Arc};

/// Labelled images of one shape, as bytes.
///
/// Pixels are kept as bytes and channels last because that is what image decoders and the packed files
/// give; the conversion to the layout and numbers of a network happens when a batch is made.
#[derive(Debug, Clone)]
pub struct ImageSet {
    /// Rows, H.
    pub height: usize,
    /// Columns, W.
    pub width: usize,
    /// Channels, C: 1 for gray, 3 for red, green, blue in this order.
    pub channels: usize,
    /// N x H x W x C values from 0 to 255; none where the images lie in a packed store, in memory that several sets
    /// share or in files that were listed. [`Self::image`] reads all but the last.
    pub pixels: Vec<u8>,
    /// N classes, counted from 0.
    pub labels: Vec<u16>,
    elsewhere: Option<Elsewhere>,
}

/// Where images lie that are not the set's own.
#[derive(Debug, Clone)]
enum Elsewhere {
    Stored(Stored),
    Shared(Shared),
    /// In files of which the names alone were read.
    Listed,
}

/// Images in memory that several sets share: parts of one data set, such as the halves of its splits.
#[derive(Debug, Clone)]
struct Shared {
    pixels: Arc<Vec<u8>>,
    /// The place of each image among them.
    places: Vec<u32>,
}

/// Two sets are equal when they hold the same images and labels, wherever they lie.
impl PartialEq for ImageSet {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.labels == other.labels && self.images().eq(other.images())
    }
}

impl Eq for ImageSet {}

impl ImageSet {
    /// Takes N x H x W x C bytes and N labels.
    ///
    /// # Errors
    /// [`DataError::PixelCount`] when the lengths do not agree or a side is 0.
    pub fn new(
        height: usize,
        width: usize,
        channels: usize,
        pixels: Vec<u8>,
        labels: Vec<u16>,
    ) -> Result<Self, DataError> {
        let images = labels.len();
        let expected = [width, channels, images].iter().try_fold(height, |product, &side| product.checked_mul(side));
        if expected != Some(pixels.len()) || height == 0 || width == 0 || channels == 0 {
            let (expected, got) = (expected.unwrap_or(usize::MAX), pixels.len());
            return Err(DataError::PixelCount { images, height, width, channels, expected, got });
        }
        Ok(Self { height, width, channels, pixels, labels, elsewhere: None })
    }

    /// Images that stay in a packed store, with a label for each.
    pub(super) fn stored(stored: Stored, labels: Vec<u16>) -> Self {
        let side = stored.store.side();
        Self {
            height: side,
            width: side,
            channels: 3,
            pixels: Vec::new(),
            labels,
            elsewhere: Some(Elsewhere::Stored(stored)),
        }
    }

    /// Images that nobody decodes, because how many there are of each class is all that is asked.
    pub(super) fn listed([height, width, channels]: [usize; 3], labels: Vec<u16>) -> Self {
        Self { height, width, channels, pixels: Vec::new(), labels, elsewhere: Some(Elsewhere::Listed) }
    }

    /// Whether the files of the images were listed and none was decoded: [`Self::image`] panics.
    pub fn is_listed(&self) -> bool {
        matches!(self.elsewhere, Some(Elsewhere::Listed))
    }

    /// Whether the images lie in a packed store, where reading one may wait for the disk.
    pub fn is_stored(&self) -> bool {
        matches!(self.elsewhere, Some(Elsewhere::Stored(_)))
    }

    /// The same images where sets that are selected from it share them: no selection copies or reads a pixel.
    pub fn into_shared(mut self) -> Self {
        if self.elsewhere.is_none()
            && let Ok(images) = u32::try_from(self.len())
        {
            let pixels = Arc::new(std::mem::take(&mut self.pixels));
            self.elsewhere = Some(Elsewhere::Shared(Shared { pixels, places: (0..images).collect() }));
        }
        self
    }

    /// Holds the pixels of images in a packed store against the digests that were packed with them; each image is
    /// looked at once a process. Images in memory were decoded by it.
    ///
    /// # Errors
    /// [`super::store::StoreError::ChangedImage`] for the first one that differs.
    pub fn verify(&self) -> Result<(), DataError> {
        match &self.elsewhere {
            Some(Elsewhere::Stored(stored)) => stored.store.verify_places(&stored.places),
            Some(Elsewhere::Shared(_) | Elsewhere::Listed) | None => Ok(()),
        }
    }

    /// The number of images, N.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The number of values in one image, H x W x C.
    pub fn image_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// The shape of one image: H, W, C.
    pub fn shape(&self) -> [usize; 3] {
        [self.height, self.width, self.channels]
    }

    /// The H x W x C bytes of image `index`; like a slice, it panics when `index` is not below [`Self::len`], and it
    /// panics where the images were listed only ([`Self::is_listed`]).
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.image_len();
        match &self.elsewhere {
            Some(Elsewhere::Stored(stored)) => stored.image(index),
            Some(Elsewhere::Shared(Shared { pixels, places })) => &pixels[places[index] as usize * size..][..size],
            Some(Elsewhere::Listed) | None => &self.pixels[index * size..(index + 1) * size],
        }
    }

    /// The H x W x C bytes of every image in turn.
    pub fn images(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.image(index))
    }

    /// A new set of the images at `indices`, in that order; an index may appear more than once. Stored images,
    /// those that sets share and those that were listed are not copied.
    ///
    /// # Errors
    /// [`DataError::NoSuchImage`] for an index that is not below [`Self::len`].
    pub fn select(&self, indices: &[usize]) -> Result<Self, DataError> {
        let label = |&index: &usize| {
            self.labels.get(index).copied().ok_or(DataError::NoSuchImage { index, images: self.len() })
        };
        let labels = indices.iter().map(label).collect::<Result<_, _>>()?;
        let elsewhere = self.elsewhere.as_ref().map(|elsewhere| match elsewhere {
            Elsewhere::Stored(stored) => Elsewhere::Stored(stored.select(indices)),
            Elsewhere::Shared(Shared { pixels, places }) => {
                let places = indices.iter().map(|&index| places[index]).collect();
                Elsewhere::Shared(Shared { pixels: Arc::clone(pixels), places })
            }
            Elsewhere::Listed => Elsewhere::Listed,
        });
        let mut pixels = Vec::new();
        if elsewhere.is_none() {
            pixels.reserve_exact(indices.len() * self.image_len());
            indices.iter().for_each(|&index| pixels.extend_from_slice(self.image(index)));
        }
        Ok(Self { pixels, labels, elsewhere, ..*self })
    }

    /// The number of images of each class: `classes` entries, or more where a label asks for it,
    /// so that no image is left out of the sum.
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let highest = self.labels.iter().map(|&label| usize::from(label) + 1).max().unwrap_or(0);
        let mut counts = vec![0; classes.max(highest)];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    /// Checks that every label is below `classes`; `origin` is what the error names.
    pub(super) fn check_labels(&self, classes: usize, origin: impl Into<PathBuf>) -> Result<(), DataError> {
        match self.labels.iter().position(|&label| usize::from(label) >= classes) {
            None => Ok(()),
            Some(index) => {
                Err(DataError::LabelOutOfRange { path: origin.into(), index, label: self.labels[index], classes })
            }
        }
    }

    /// The BLAKE3 of the pixels of each image; of stored images the one that was packed with them.
    pub fn image_digests(&self) -> Vec<blake3::Hash> {
        let packed = |index: usize| match &self.elsewhere {
            Some(Elsewhere::Stored(Stored { store, places })) => {
                blake3::Hash::from_slice(store.image_digest(places[index] as usize)).ok()
            }
            Some(Elsewhere::Shared(_) | Elsewhere::Listed) | None => None,
        };
        let digest = |index: usize| packed(index).unwrap_or_else(|| blake3::hash(self.image(index)));
        (0..self.len()).into_par_iter().map(digest).collect()
    }

    /// Feeds the shape, the pixels and the labels to a hash.
    pub(super) fn hash_into(&self, hasher: &mut blake3::Hasher) {
        // The shape and the length come first, each in eight bytes: no two sets give the same stream.
        for size in [self.height, self.width, self.channels, self.len()] {
            hasher.update(&(size as u64).to_le_bytes());
        }
        match &self.elsewhere {
            None => {
                hasher.update(&self.pixels);
            }
            Some(Elsewhere::Shared(_) | Elsewhere::Listed) => self.images().for_each(|image| {
                hasher.update(image);
            }),
            // The digests of the packed images stand for them: reading a large set whole would take minutes.
            Some(Elsewhere::Stored(Stored { store, places })) => {
                hasher.update(b"packed");
                for &place in places {
                    hasher.update(store.image_digest(place as usize));
                }
            }
        };
        let labels: Vec<u8> = self.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
        hasher.update(&labels);
    }

    /// BLAKE3 over the shape, the pixels (of stored images, their digests) and the labels, as 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        self.hash_into(&mut hasher);
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> ImageSet {
        ImageSet::new(1, 2, 1, vec![0, 1, 10, 11, 20, 21], vec![2, 0, 2]).unwrap()
    }

    #[test]
    fn lengths_that_do_not_agree_are_refused() {
        let error = ImageSet::new(1, 2, 1, vec![0; 5], vec![0; 3]).unwrap_err();
        assert!(matches!(error, DataError::PixelCount { expected: 6, got: 5, .. }), "{error}");
        assert!(ImageSet::new(0, 2, 1, vec![], vec![0; 3]).is_err());
        assert!(ImageSet::new(usize::MAX, 2, 1, vec![0], vec![0]).is_err());
        assert!(ImageSet::new(1, 2, 1, vec![], vec![]).unwrap().is_empty());
    }

    #[test]
    fn selecting_keeps_the_order_of_the_request() {
        let chosen = three().select(&[2, 0, 2]).unwrap();
        assert_eq!((chosen.pixels, chosen.labels), (vec![20, 21, 0, 1, 20, 21], vec![2, 2, 2]));
        let error = three().select(&[3]).unwrap_err();
        assert!(matches!(error, DataError::NoSuchImage { index: 3, images: 3 }), "{error}");
    }

    #[test]
    fn sets_selected_from_shared_images_equal_copies_and_hold_no_pixel_of_their_own() {
        let shared = three().into_shared();
        let (part, copy) = (shared.select(&[2, 0, 2]).unwrap(), three().select(&[2, 0, 2]).unwrap());
        assert_eq!((&part, part.digest()), (&copy, copy.digest()));
        assert_eq!((part.select(&[1]).unwrap(), part.image(1)), (copy.select(&[1]).unwrap(), &[0, 1][..]));
        assert!(part.pixels.is_empty() && shared.pixels.is_empty() && !part.is_stored());
        assert_eq!((shared.digest(), shared.select(&[3]).is_err()), (three().digest(), true));
    }

    #[test]
    fn counts_cover_empty_classes_and_leave_no_image_out() {
        assert_eq!(three().class_counts(4), [1, 0, 2, 0]);
        assert_eq!(three().class_counts(0), [1, 0, 2]);
    }
}
