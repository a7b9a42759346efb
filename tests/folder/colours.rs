//! Every kind of colour becomes the red, green and blue that PIL's `convert("RGB")` gives.

use super::made::{encoded, jpeg, picture, png, put};
use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, ImageFormat, Luma, Rgb as Pixel, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};
use std::path::Path;
use strata::data::{
    folder::{load, open, sizes},
    image_file::{Rgb, decode},
};

fn rgb(bytes: &[u8]) -> Rgb {
    decode(bytes, Path::new("made")).unwrap()
}

#[test]
fn lossless_formats_give_their_exact_pixels() {
    let image = picture(7, 5, 200);
    let mut files: Vec<(String, Vec<u8>)> = [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP]
        .map(|format| (format!("{format:?}"), encoded(image.clone(), format)))
        .into();
    files.push(("Pixmap".into(), [b"P6\n7 5\n255\n", image.as_raw().as_slice()].concat()));
    for (format, bytes) in files {
        let got = rgb(&bytes);
        assert_eq!((got.width, got.height, &got.pixels), (7, 5, image.as_raw()), "{format}");
    }
}

#[test]
fn gray_is_repeated_and_alpha_is_dropped_without_blending() {
    let gray = GrayImage::from_raw(2, 1, vec![9, 250]).unwrap();
    assert_eq!(rgb(&encoded(gray.clone(), ImageFormat::Png)).pixels, [9, 9, 9, 250, 250, 250]);
    let with_alpha = GrayAlphaImage::from_raw(2, 1, vec![9, 0, 250, 128]).unwrap();
    assert_eq!(rgb(&encoded(with_alpha, ImageFormat::Png)).pixels, [9, 9, 9, 250, 250, 250]);
    let colour = RgbaImage::from_raw(2, 1, vec![1, 2, 3, 0, 4, 5, 6, 77]).unwrap();
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        assert_eq!(rgb(&encoded(colour.clone(), format)).pixels, [1, 2, 3, 4, 5, 6], "{format:?}");
    }
    let flat = rgb(&encoded(GrayImage::from_pixel(16, 16, Luma([77])), ImageFormat::Jpeg));
    assert_eq!(flat.pixels, [77; 16 * 16 * 3]);
}

#[test]
fn of_sixteen_bits_the_high_byte_is_kept() {
    let colour = ImageBuffer::<Pixel<u16>, _>::from_raw(1, 1, vec![0x01ff, 0x8000, 0xfeff]).unwrap();
    let gray = ImageBuffer::<Luma<u16>, _>::from_raw(1, 1, vec![0x42ff]).unwrap();
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        assert_eq!(rgb(&encoded(DynamicImage::ImageRgb16(colour.clone()), format)).pixels, [0x01, 0x80, 0xfe]);
        assert_eq!(rgb(&encoded(DynamicImage::ImageLuma16(gray.clone()), format)).pixels, [0x42; 3]);
    }
}

#[test]
fn palettes_are_resolved_also_with_transparency_and_few_bits() {
    for (depth, row) in [(png::BitDepth::Eight, vec![2, 0, 1]), (png::BitDepth::Two, vec![0b10_00_01_00])] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 3, 1);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(depth);
        encoder.set_palette(vec![10, 20, 30, 40, 50, 60, 70, 80, 90]);
        encoder.set_trns(vec![0, 128]);
        encoder.write_header().unwrap().write_image_data(&row).unwrap();
        assert_eq!(rgb(&bytes).pixels, [70, 80, 90, 10, 20, 30, 40, 50, 60], "{depth:?}");
    }
    let mut gif = GrayImage::from_pixel(4, 4, Luma([0]));
    gif.put_pixel(1, 0, Luma([255]));
    let got = rgb(&encoded(DynamicImage::ImageLuma8(gif).into_rgba8(), ImageFormat::Gif));
    assert_eq!(got.pixels[..9], [0, 0, 0, 255, 255, 255, 0, 0, 0]);
}

/// A 16 x 16 JPEG of one colour in four inks; the encoder stores them inverted, as Adobe programs do.
fn four_inks(inks: [u8; 4], kind: ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 100).encode(&inks.repeat(256), 16, 16, kind).unwrap();
    bytes
}

#[test]
fn cmyk_and_ycck_jpegs_are_taken_as_inverted() {
    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let got = rgb(&four_inks([55, 155, 205, 75], kind));
        // (255 - ink) * (255 - black) / 255, within the rounding of the transform.
        for (value, expected) in got.pixels.iter().zip([141i16, 71, 35].into_iter().cycle()) {
            assert!((i16::from(*value) - expected).abs() <= 3, "{kind:?}: {:?}", &got.pixels[..3]);
        }
    }
}

#[test]
fn an_exif_rotation_is_ignored_as_torchvision_ignores_it() {
    let plain = jpeg(24, 16);
    // APP1 with a TIFF header and one entry: orientation (0x0112) = 6, a quarter turn.
    let tiff = [&b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"[..]].concat();
    let segment = [&[0xff, 0xe1][..], &(tiff.len() as u16 + 2).to_be_bytes(), &tiff].concat();
    let turned = [&plain[..2], &segment, &plain[2..]].concat();
    assert_eq!(rgb(&turned), rgb(&plain));
    assert_eq!((rgb(&turned).width, rgb(&turned).height), (24, 16));
}

#[test]
fn a_folder_of_mixed_sizes_and_colours_becomes_one_set_of_one_shape() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "a/gray.jpg", &encoded(GrayImage::from_pixel(31, 9, Luma([50])), ImageFormat::Jpeg));
    put(root.path(), "a/cmyk.JPG", &four_inks([0; 4], ColorType::Cmyk));
    put(root.path(), "b/large.jpeg", &jpeg(300, 200));
    put(root.path(), "b/named-wrongly.jpg", &png(3));
    let data = load(&open(root.path(), None).unwrap(), 8).unwrap();
    assert_eq!(sizes(&open(root.path(), None).unwrap()).unwrap(), Some([[6, 4], [31, 9], [300, 200]]));
    assert_eq!((data.train.shape(), &data.train.labels[..]), ([8, 8, 3], &[0, 0, 1, 1][..]));
    // cmyk.JPG comes first: capitals do not matter after the dot, and "c" stands before "g".
    assert_eq!(data.train.image(0), [255; 192]);
    assert_eq!(data.train.image(1), [50; 192]);
}
