//! Files that are no images, or only a part of one.

use super::made::{encoded, jpeg, picture, png, put};
use image::{DynamicImage, ImageFormat};
use std::path::Path;
use strata::data::{
    DataError,
    folder::{load, open},
    image_file::{ImageFileError, decode},
};

fn refusal(bytes: &[u8]) -> ImageFileError {
    match decode(bytes, Path::new("some/made.jpg")).unwrap_err() {
        DataError::ImageFile(error) => {
            assert!(error.to_string().starts_with("some/made.jpg: "), "{error}");
            error
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_jpeg_cut_anywhere_is_truncated() {
    let whole = jpeg(40, 30);
    for end in 4..whole.len() {
        let error = refusal(&whole[..end]);
        assert!(matches!(error, ImageFileError::Truncated { .. }), "cut at {end}: {error}");
    }
}

#[test]
fn other_formats_cut_anywhere_are_refused_and_never_panic() {
    let image = picture(9, 7, 1);
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP, ImageFormat::Pnm] {
        let whole = encoded(image.clone(), format);
        let last = if format == ImageFormat::Png { whole.len() - 12 } else { whole.len() };
        for end in 0..last {
            let result = decode(&whole[..end], Path::new("x"));
            assert!(result.is_err(), "{format:?} cut at {end} of {}", whole.len());
        }
    }
    let gif = encoded(DynamicImage::ImageRgb8(image).into_rgba8(), ImageFormat::Gif);
    for end in 0..gif.len() {
        let _ = decode(&gif[..end], Path::new("x"));
    }
}

#[test]
fn damaged_bytes_never_panic() {
    let images = [
        jpeg(33, 21),
        png(7),
        encoded(picture(9, 7, 1), ImageFormat::WebP),
        encoded(picture(9, 7, 1), ImageFormat::Tiff),
    ];
    for whole in images {
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            let _ = decode(&bytes, Path::new("x"));
        }
    }
}

#[test]
fn text_and_nothing_are_no_images() {
    for bytes in [&b""[..], b"hello, this is a text", &[0; 100]] {
        assert!(matches!(refusal(bytes), ImageFileError::UnknownFormat { .. }));
    }
}

/// A PNG header that promises a size, without pixels behind it.
fn promise(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_chunk(png::chunk::IDAT, &[0x78, 0x9c]).unwrap();
    bytes
}

#[test]
fn sizes_above_the_limits_are_refused_by_the_header() {
    for (width, height) in [(16_385, 1), (1, 60_000)] {
        assert!(matches!(refusal(&promise(width, height)), ImageFileError::TooWide { limit: 16_384, .. }));
    }
    let error = refusal(&promise(16_384, 5_462));
    assert!(matches!(error, ImageFileError::TooLarge { got: 268_468_224, limit: 268_435_456, .. }), "{error}");
}

#[test]
fn a_truncated_image_in_a_folder_is_named() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "a/whole.jpg", &jpeg(20, 20));
    put(root.path(), "b/whole.jpg", &jpeg(20, 20));
    put(root.path(), "a/half.jpg", &jpeg(20, 20)[..300]);
    let error = load(&open(root.path(), None).unwrap(), 8).unwrap_err();
    assert!(matches!(error, DataError::ImageFile(ImageFileError::Truncated { got: 300, .. })), "{error}");
    assert!(error.to_string().contains("a/half.jpg: ends before its image does"), "{error}");
}
