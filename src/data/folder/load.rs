//! A folder of images into memory.

use super::{FolderError, FolderSet, Item, Listing};
use crate::data::{
    DataError, Dataset, ImageSet,
    image_file::{Warp, decode, dimensions},
};
use rayon::prelude::*;

/// The most bytes of pixels that are kept in memory: 4 GiB. Larger sets are packed first.
pub const MAX_MEMORY: u64 = 4 << 30;

/// Decodes all images of a folder, warped to `side` x `side`, in parallel.
///
/// # Errors
/// [`FolderError::TooMuchMemory`] above [`MAX_MEMORY`]; the first bad image, in the order of the listing.
pub fn load(set: &FolderSet, side: u32) -> Result<Dataset, DataError> {
    let images = set.train.items.len() + set.test.items.len();
    let got = (u64::from(side) * u64::from(side)).saturating_mul(3).saturating_mul(images as u64);
    if got > MAX_MEMORY {
        let path = set.path.clone();
        return Err(FolderError::TooMuchMemory { path, images, side, got, limit: MAX_MEMORY }.into());
    }
    let part = |listing: &Listing| part(listing, side);
    let data = Dataset::new(set.name(), set.train.class_names.clone(), part(&set.train)?, part(&set.test)?)?;
    Ok(Dataset { taken: set.taken.clone(), ..data })
}

fn part(listing: &Listing, side: u32) -> Result<ImageSet, DataError> {
    let results: Vec<Result<Vec<u8>, DataError>> =
        listing.items.par_iter().map_init(|| Warp::to(side), |warp, item| item.decode(warp)).collect();
    let image_len = side as usize * side as usize * 3;
    let mut pixels = Vec::with_capacity(listing.items.len() * image_len);
    for result in results {
        pixels.extend(result?);
    }
    let labels = listing.items.iter().map(|item| item.label).collect();
    ImageSet::new(side as usize, side as usize, 3, pixels, labels)
}

/// The smallest, the median and the largest `[width, height]` of the files, by their pixels; read from their headers.
/// None where there is no file.
///
/// # Errors
/// The first file that cannot be read or whose header is no image's.
pub fn sizes(set: &FolderSet) -> Result<Option<[[u32; 2]; 3]>, DataError> {
    let items: Vec<&Item> = set.train.items.iter().chain(&set.test.items).collect();
    let size = |item: &&Item| dimensions(&item.place.read(&item.name)?, &item.place.path(&item.name));
    let mut sizes = items.par_iter().map(size).collect::<Result<Vec<_>, _>>()?;
    sizes.sort_by_key(|&[width, height]| (u64::from(width) * u64::from(height), width));
    Ok(match (sizes.first(), sizes.last()) {
        (Some(&first), Some(&last)) => Some([first, sizes[sizes.len() / 2], last]),
        _ => None,
    })
}

impl Item {
    /// The image's S x S x 3 bytes.
    ///
    /// # Errors
    /// Those of [`super::Place::read`], of [`decode`] and of [`Warp::apply`].
    pub fn decode(&self, warp: &mut Warp) -> Result<Vec<u8>, DataError> {
        self.decode_bytes(&self.place.read(&self.name)?, warp)
    }

    /// The same of bytes that were read already.
    ///
    /// # Errors
    /// Those of [`decode`] and of [`Warp::apply`].
    pub fn decode_bytes(&self, bytes: &[u8], warp: &mut Warp) -> Result<Vec<u8>, DataError> {
        let path = self.place.path(&self.name);
        warp.apply(decode(bytes, &path)?, &path)
    }
}
