//! From the bytes of a file to red, green and blue.

use super::{ImageFileError, jpeg_end};
use crate::data::DataError;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, error::LimitErrorKind};
use std::{
    io::{Cursor, ErrorKind},
    path::Path,
};

/// The longest side that is decoded, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// The most bytes that an image may decode to, and that its file may have: 256 MiB.
pub const MAX_BYTES: u64 = 256 << 20;

/// A decoded image: H x W x 3 bytes, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    /// Columns, W.
    pub width: u32,
    /// Rows, H.
    pub height: u32,
    /// H x W x 3 values: red, green, blue.
    pub pixels: Vec<u8>,
}

/// Decodes one image file; `path` is what errors name.
///
/// # Errors
/// An [`ImageFileError`] for a file that is no image, is damaged or truncated, or is above [`MAX_SIDE`] or
/// [`MAX_BYTES`]; sizes are judged by the header, before any pixel is decoded.
pub fn decode(bytes: &[u8], path: &Path) -> Result<Rgb, DataError> {
    let path = || path.to_path_buf();
    let Ok(format) = image::guess_format(bytes) else {
        return Err(ImageFileError::UnknownFormat { path: path() }.into());
    };
    // JPEG decoders fill what is missing with gray; a file without its end marker is refused instead.
    if format == ImageFormat::Jpeg && !jpeg_end::has_end(bytes) {
        return Err(ImageFileError::Truncated { path: path(), got: bytes.len() }.into());
    }
    let failure = |error: ImageError| -> DataError {
        match error {
            ImageError::Limits(error) if matches!(error.kind(), LimitErrorKind::InsufficientMemory) => {
                ImageFileError::TooLarge { path: path(), got: MAX_BYTES + 1, limit: MAX_BYTES }
            }
            error if ends_early(&error) => ImageFileError::Truncated { path: path(), got: bytes.len() },
            error => ImageFileError::Undecodable { path: path(), reason: error.to_string() },
        }
        .into()
    };
    let decoder = reader(bytes, format).into_decoder().map_err(failure)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MAX_SIDE {
        return Err(ImageFileError::TooWide { path: path(), width, height, limit: MAX_SIDE }.into());
    }
    // Three bytes a pixel are what remains, however few bits a pixel the file stores.
    let got = decoder.total_bytes().max(u64::from(width) * u64::from(height) * 3);
    if got > MAX_BYTES {
        return Err(ImageFileError::TooLarge { path: path(), got, limit: MAX_BYTES }.into());
    }
    // Decoders are other people's code: one that panics on a damaged file must not end a run of days.
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| DynamicImage::from_decoder(decoder)));
    let Ok(decoded) = decoded else {
        let reason = "its decoder broke off".into();
        return Err(ImageFileError::Undecodable { path: path(), reason }.into());
    };
    let image = decoded.map_err(failure)?;
    Ok(Rgb { width, height, pixels: rgb_bytes(image) })
}

/// A reader under our limit of memory. That of sides is judged by [`decode`], which can tell them; the library's
/// error does not.
fn reader(bytes: &[u8], format: ImageFormat) -> ImageReader<Cursor<&[u8]>> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader
}

/// Columns and rows of an image file by its header, before any rotation; `path` is what errors name.
///
/// # Errors
/// [`ImageFileError::UnknownFormat`] and [`ImageFileError::Undecodable`].
pub fn dimensions(bytes: &[u8], path: &Path) -> Result<[u32; 2], DataError> {
    let Ok(format) = image::guess_format(bytes) else {
        return Err(ImageFileError::UnknownFormat { path: path.into() }.into());
    };
    let size = reader(bytes, format).into_dimensions();
    let (width, height) =
        size.map_err(|error| ImageFileError::Undecodable { path: path.into(), reason: error.to_string() })?;
    Ok([width, height])
}

/// Whether a decoder stopped because the bytes ran out. Some decoders pass the reader's error on, others its text.
fn ends_early(error: &ImageError) -> bool {
    let text = std::io::Error::from(ErrorKind::UnexpectedEof).to_string();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if kind == Some(ErrorKind::UnexpectedEof) || error.to_string().contains(&text) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn rgb_bytes(image: DynamicImage) -> Vec<u8> {
    let high = |value: u16| (value >> 8) as u8;
    match image {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        DynamicImage::ImageLuma8(image) => image.into_raw().into_iter().flat_map(|value| [value; 3]).collect(),
        DynamicImage::ImageLumaA8(image) => image.pixels().flat_map(|pixel| [pixel.0[0]; 3]).collect(),
        DynamicImage::ImageRgba8(image) => image.pixels().flat_map(|pixel| first_three(pixel.0)).collect(),
        DynamicImage::ImageLuma16(image) => image.pixels().flat_map(|pixel| [high(pixel.0[0]); 3]).collect(),
        DynamicImage::ImageLumaA16(image) => image.pixels().flat_map(|pixel| [high(pixel.0[0]); 3]).collect(),
        DynamicImage::ImageRgb16(image) => image.into_raw().into_iter().map(high).collect(),
        DynamicImage::ImageRgba16(image) => image.pixels().flat_map(|pixel| first_three(pixel.0.map(high))).collect(),
        other => other.into_rgb8().into_raw(),
    }
}

fn first_three([red, green, blue, _]: [u8; 4]) -> [u8; 3] {
    [red, green, blue]
}
