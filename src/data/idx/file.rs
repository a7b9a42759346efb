//! One IDX file, and the pair of two of them that holds images and labels.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use crate::data::{
    DataError, ImageSet,
    file_bytes::{FileBytes, LIMIT},
};

/// The magic number of unsigned bytes, to which the number of dimensions is added.
const UNSIGNED_BYTES: u32 = 0x0800;

/// The contents of one IDX file of unsigned bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxArray {
    /// The file, as errors name it.
    pub path: PathBuf,
    /// The sizes of the dimensions, slowest first.
    pub dimensions: Vec<usize>,
    /// The values; their number is the product of the dimensions.
    pub values: Vec<u8>,
}

/// Reads an IDX file of unsigned bytes with `rank` dimensions (3 for images, 1 for labels).
///
/// # Errors
/// Those of [`read_idx`], and [`DataError::Read`] when the file cannot be opened.
pub fn read_idx_file(path: &Path, rank: u8) -> Result<IdxArray, DataError> {
    parse(FileBytes::open(path)?, rank)
}

/// Reads IDX data from a stream, for example a byte slice; `path` is what errors name.
///
/// # Errors
/// [`DataError::WrongMagic`] for another type or number of dimensions, [`DataError::NoPixels`] when a dimension
/// is 0, [`DataError::TooLarge`] above 1 GiB, [`DataError::Truncated`] and [`DataError::TrailingBytes`] when the
/// length differs from what the dimensions give, [`DataError::Gzip`] for a damaged gzip stream.
pub fn read_idx(stream: impl Read, path: &Path, rank: u8) -> Result<IdxArray, DataError> {
    parse(FileBytes::new(stream, path)?, rank)
}

fn parse(mut source: FileBytes<'_>, rank: u8) -> Result<IdxArray, DataError> {
    let path = source.path().to_path_buf();
    let (expected, got) = (UNSIGNED_BYTES + u32::from(rank), next_u32(&mut source)?);
    if got != expected {
        return Err(DataError::WrongMagic { path, expected, got });
    }
    let mut dimensions = Vec::with_capacity(usize::from(rank));
    for _ in 0..rank {
        dimensions.push(next_u32(&mut source)? as usize);
    }
    if dimensions.contains(&0) {
        return Err(DataError::NoPixels { path, got: dimensions });
    }
    let values = dimensions.iter().try_fold(1u64, |product, &side| product.checked_mul(side as u64));
    let Some(values) = values else {
        return Err(DataError::TooLarge { path, limit: LIMIT, got: u64::MAX });
    };
    // The length is checked against the limit here and against the header while reading, so a gzip file
    // that unpacks to more than its header says costs one byte, not the memory of the machine.
    let values = source.read_exactly(values)?;
    source.expect_end()?;
    Ok(IdxArray { path, dimensions, values })
}

fn next_u32(source: &mut FileBytes<'_>) -> Result<u32, DataError> {
    let bytes = source.read_exactly(4)?;
    Ok(bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
}

/// Joins a file of images (N x H x W) and a file of labels (N) to a set of gray images.
///
/// # Errors
/// [`DataError::CountMismatch`] when the two differ in N, [`DataError::LabelOutOfRange`] for a label that is not
/// below `classes`, [`DataError::PixelCount`] when `images` does not have three dimensions.
pub fn pair(images: IdxArray, labels: IdxArray, classes: usize) -> Result<ImageSet, DataError> {
    let [count, height, width] = images.dimensions[..] else {
        let (expected, got) = (0, images.values.len());
        return Err(DataError::PixelCount { images: 0, height: 0, width: 0, channels: 1, expected, got });
    };
    if labels.values.len() != count {
        return Err(DataError::CountMismatch { path: labels.path, expected: count, got: labels.values.len() });
    }
    let set = ImageSet::new(height, width, 1, images.values, labels.values.into_iter().map(u16::from).collect())?;
    set.check_labels(classes, labels.path)?;
    Ok(set)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// The bytes of an IDX file with any magic number, dimensions and values.
    fn file(magic: u32, dimensions: &[u32], values: &[u8]) -> Vec<u8> {
        let header = [magic].iter().chain(dimensions).flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>();
        [&header, values].concat()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8], rank: u8) -> Result<IdxArray, DataError> {
        read_idx(bytes, Path::new("memory"), rank)
    }

    fn two_images() -> Vec<u8> {
        file(0x803, &[2, 2, 3], &(0..12).collect::<Vec<u8>>())
    }

    #[test]
    fn plain_and_gzip_give_the_same_array() {
        let plain = read(&two_images(), 3).unwrap();
        assert_eq!(plain.dimensions, [2, 2, 3]);
        assert_eq!(plain.values, (0..12).collect::<Vec<u8>>());
        assert_eq!(plain, read(&gzip(&two_images()), 3).unwrap());
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_and_never_panics() {
        let (plain, packed) = (two_images(), gzip(&two_images()));
        for end in 0..plain.len() {
            let error = read(&plain[..end], 3).unwrap_err();
            assert!(matches!(error, DataError::Truncated { .. }), "cut at {end}: {error}");
        }
        for end in 0..packed.len() {
            assert!(read(&packed[..end], 3).is_err(), "gzip cut at {end}");
        }
    }

    #[test]
    fn a_damaged_checksum_is_found() {
        let mut packed = gzip(&two_images());
        let crc = packed.len() - 8;
        packed[crc] ^= 1;
        let error = read(&packed, 3).unwrap_err();
        assert!(matches!(error, DataError::Gzip { .. }), "{error}");
    }

    #[test]
    fn labels_in_place_of_images_are_named_as_such() {
        let labels = file(0x801, &[2], &[0, 1]);
        let error = read(&labels, 3).unwrap_err();
        assert!(matches!(error, DataError::WrongMagic { expected: 0x803, got: 0x801, .. }), "{error}");
        assert!(error.to_string().contains("memory: starts with 0x00000801, not with 0x00000803"), "{error}");
        let floats = file(0xd03, &[1, 1, 1], &[0; 4]);
        assert!(matches!(read(&floats, 3), Err(DataError::WrongMagic { got: 0xd03, .. })));
    }

    #[test]
    fn bytes_after_the_last_image_are_refused() {
        let longer = [two_images(), vec![0]].concat();
        for bytes in [longer.clone(), gzip(&longer)] {
            let error = read(&bytes, 3).unwrap_err();
            assert!(matches!(error, DataError::TrailingBytes { expected: 28, .. }), "{error}");
        }
    }

    #[test]
    fn empty_dimensions_are_refused() {
        let error = read(&file(0x803, &[0, 28, 28], &[]), 3).unwrap_err();
        assert!(matches!(error, DataError::NoPixels { .. }), "{error}");
    }

    #[test]
    fn sizes_above_the_limit_are_refused_before_any_memory_is_taken() {
        for dimensions in [[1 << 20, 32, 33], [u32::MAX; 3]] {
            let error = read(&file(0x803, &dimensions, &[]), 3).unwrap_err();
            assert!(matches!(error, DataError::TooLarge { limit: LIMIT, .. }), "{error}");
        }
        // Below the limit the promise of a header is not believed either.
        let error = read(&file(0x803, &[1 << 20, 31, 33], &[]), 3).unwrap_err();
        assert!(matches!(error, DataError::Truncated { got: 16, .. }), "{error}");
    }

    #[test]
    fn a_gzip_bomb_stops_at_the_length_of_its_header() {
        let bomb = gzip(&[two_images(), vec![0; 50_000_000]].concat());
        assert!(bomb.len() < 100_000);
        assert!(matches!(read(&bomb, 3), Err(DataError::TrailingBytes { expected: 28, .. })));
    }

    #[test]
    fn images_and_labels_must_agree_in_number_and_range() {
        let images = || read(&two_images(), 3).unwrap();
        let labels = |values: &[u8]| read(&file(0x801, &[values.len() as u32], values), 1).unwrap();
        let set = pair(images(), labels(&[1, 0]), 2).unwrap();
        assert_eq!((set.shape(), &set.labels[..], set.image(1)), ([2, 3, 1], &[1, 0][..], &[6, 7, 8, 9, 10, 11][..]));
        assert!(matches!(pair(images(), labels(&[1]), 2), Err(DataError::CountMismatch { expected: 2, got: 1, .. })));
        let error = pair(images(), labels(&[1, 2]), 2).unwrap_err();
        assert!(matches!(error, DataError::LabelOutOfRange { index: 1, label: 2, classes: 2, .. }), "{error}");
        assert!(pair(labels(&[1, 0]), labels(&[1, 0]), 2).is_err());
    }
}
