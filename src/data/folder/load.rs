//! The images of a folder: decoded into memory, or counted.

use super::{FolderError, FolderSet, Item, Listing};
use crate::data::{
    DataError, Dataset, ImageSet, OnBad,
    image_file::{Warp, decode, dimensions},
};
use rayon::prelude::*;

/// The most bytes of pixels that are kept in memory: 4 GiB. Larger sets are packed first.
pub const MAX_MEMORY: u64 = 4 << 30;

/// The images that were left out of which as many are named.
const NAMED: usize = 10;

/// Decodes all images of a folder, warped to `side` x `side`, in parallel.
///
/// # Errors
/// [`FolderError::TooMuchMemory`] above [`MAX_MEMORY`]; the first bad image, in the order of the listing.
pub fn load(set: &FolderSet, side: u32) -> Result<Dataset, DataError> {
    load_good(&mut set.clone(), side, OnBad::Fail)
}

/// The same; under [`OnBad::Skip`] bad images are taken from the listing, and counted and named in what was taken for
/// what.
///
/// # Errors
/// As [`load`], but for bad images that are left out.
pub fn load_good(set: &mut FolderSet, side: u32, on_bad: OnBad) -> Result<Dataset, DataError> {
    let images = set.train.items.len() + set.test.items.len();
    let got = (u64::from(side) * u64::from(side)).saturating_mul(3).saturating_mul(images as u64);
    if got > MAX_MEMORY {
        let path = set.path.clone();
        return Err(FolderError::TooMuchMemory { path, images, side, got, limit: MAX_MEMORY }.into());
    }
    let mut skipped = Vec::new();
    let mut part = |listing: &mut Listing| part(listing, side, on_bad, &mut skipped);
    let (train, test) = (part(&mut set.train)?, part(&mut set.test)?);
    if !skipped.is_empty() {
        let more = skipped.len().saturating_sub(NAMED);
        set.taken.push(format!("{} of {images} images cannot be decoded and are left out:", skipped.len()));
        set.taken.extend(skipped.into_iter().take(NAMED).map(|error| format!("  {error}")));
        set.taken.extend((more > 0).then(|| format!("  and {more} more")));
    }
    let data = Dataset::new(set.name(), set.train.class_names.clone(), train, test)?;
    Ok(Dataset { taken: set.taken.clone(), ..data })
}

/// Counts the images of a folder as if each were `side` x `side`, and decodes none: a plan needs no more.
///
/// # Errors
/// Those of [`Dataset::new`].
pub fn list(set: &FolderSet, side: u32) -> Result<Dataset, DataError> {
    let part = |listing: &Listing| {
        let labels = listing.items.iter().map(|item| item.label).collect();
        ImageSet::listed([side as usize, side as usize, 3], labels)
    };
    let data = Dataset::new(set.name(), set.train.class_names.clone(), part(&set.train), part(&set.test))?;
    Ok(Dataset { taken: set.taken.clone(), ..data })
}

/// The images of one part; those that are left out go from the listing to `skipped`, as their errors.
fn part(listing: &mut Listing, side: u32, on_bad: OnBad, skipped: &mut Vec<DataError>) -> Result<ImageSet, DataError> {
    let results: Vec<Result<Vec<u8>, DataError>> =
        listing.items.par_iter().map_init(|| Warp::to(side), |warp, item| item.decode(warp)).collect();
    let image_len = side as usize * side as usize * 3;
    let mut pixels = Vec::with_capacity(listing.items.len() * image_len);
    let mut kept = Vec::with_capacity(listing.items.len());
    for (item, result) in std::mem::take(&mut listing.items).into_iter().zip(results) {
        match result {
            Ok(image) => {
                pixels.extend(image);
                kept.push(item);
            }
            Err(error) if on_bad == OnBad::Fail => return Err(error),
            Err(error) => skipped.push(error),
        }
    }
    listing.items = kept;
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
