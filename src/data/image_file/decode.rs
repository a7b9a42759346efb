//! From the bytes of a file to red, green and blue.

use super::{
    ImageFileError, bmp, fault::Fault, format::Format, gif, jpeg, limits, png, pnm, remarks, rgb::Rgb, tiff, webp,
};
use crate::data::DataError;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Decodes one image file; `path` is what errors name. Faults that do no harm to the pixels are counted, see
/// [`super::take_remarks`].
///
/// # Errors
/// An [`ImageFileError`] for a file that is no image, is damaged or truncated, or is above [`limits::MAX_SIDE`] or
/// [`limits::MAX_BYTES`]; sizes are judged by the header, before any pixel is decoded.
pub fn decode(bytes: &[u8], path: &Path) -> Result<Rgb, DataError> {
    let (image, remark) = decode_with_remark(bytes, path)?;
    remark.iter().for_each(|remark| remarks::add(path, remark));
    Ok(image)
}

/// The same without counting: with what was wrong with the file and did no harm to its pixels, in words.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_with_remark(bytes: &[u8], path: &Path) -> Result<(Rgb, Option<String>), DataError> {
    guarded(bytes, path, |format| match format {
        Format::Jpeg => jpeg::decode(bytes),
        Format::Png => png::decode(bytes).map(flawless),
        Format::Pnm => pnm::decode(bytes).map(flawless),
        Format::Bmp => bmp::decode(bytes).map(flawless),
        Format::Tiff => tiff::decode(bytes).map(flawless),
        Format::WebP => webp::decode(bytes).map(flawless),
        Format::Gif => gif::decode(bytes).map(flawless),
    })
}

fn flawless(image: Rgb) -> (Rgb, Option<String>) {
    (image, None)
}

/// Columns and rows of an image file by its header, those that [`decode`] gives; `path` is what errors name.
///
/// # Errors
/// An [`ImageFileError`] where the header says no size.
pub fn dimensions(bytes: &[u8], path: &Path) -> Result<[u32; 2], DataError> {
    guarded(bytes, path, |format| match format {
        Format::Jpeg => jpeg::dimensions(bytes),
        Format::Png => png::dimensions(bytes),
        Format::Pnm => pnm::dimensions(bytes),
        Format::Bmp => bmp::dimensions(bytes),
        Format::Tiff => tiff::dimensions(bytes),
        Format::WebP => webp::dimensions(bytes),
        Format::Gif => gif::dimensions(bytes),
    })
}

/// Runs a decoder. Decoders are other people's code: one that panics on a damaged file must not end a run of days.
fn guarded<T>(bytes: &[u8], path: &Path, read: impl FnOnce(Format) -> Result<T, Fault>) -> Result<T, DataError> {
    let Some(format) = Format::of(bytes) else {
        return Err(ImageFileError::UnknownFormat { path: path.into() }.into());
    };
    let read = || limits::memory(bytes.len() as u64).and_then(|()| read(format));
    let broken_off = |_| Err(Fault::Undecodable("its decoder broke off".into()));
    let result = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(broken_off);
    result.map_err(|fault| named(fault, path, bytes.len()).into())
}

/// The error of a file of `len` bytes.
fn named(fault: Fault, path: &Path, len: usize) -> ImageFileError {
    let path = path.to_path_buf();
    match fault {
        Fault::Truncated => ImageFileError::Truncated { path, got: len },
        Fault::Undecodable(reason) => ImageFileError::Undecodable { path, reason },
        Fault::TooWide { width, height } => ImageFileError::TooWide { path, width, height, limit: limits::MAX_SIDE },
        Fault::TooLarge(got) => ImageFileError::TooLarge { path, got, limit: limits::MAX_BYTES },
    }
}
