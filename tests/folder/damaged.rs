//! Files that are no images, or only a part of one.

use super::{
    jpeg_writer::{Component, Jpeg, Scan, one_scan, progressive, scan_each, segment},
    made::{encoded, jpeg, picture, png, put},
};
use image::{DynamicImage, ImageFormat};
use std::path::Path;
use strata::data::{
    DataError,
    folder::{load, open},
    image_file::{ImageFileError, decode, decode_with_remark},
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

/// A picture of 48 x 40 pixels with half the colours, in scans of a kind.
fn written(frame: u8, scans: Vec<Scan>, restart: u16) -> Jpeg {
    let component = |(id, side)| Component { id, across: side, down: side };
    let (markers, before_markers) = (segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"), vec![]);
    let components = [(1, 2), (2, 1), (3, 1)].map(component).to_vec();
    Jpeg { width: 48, height: 40, components, frame, restart, scans, markers, before_markers, wide: false, seed: 77 }
}

/// One picture of each way to write one.
fn ways() -> [Vec<u8>; 5] {
    [
        written(0xc0, one_scan(3), 0).bytes(),
        written(0xc0, one_scan(3), 2).bytes(),
        written(0xc0, scan_each(3), 0).bytes(),
        written(0xc2, progressive(3, true), 0).bytes(),
        written(0xc2, progressive(3, false), 3).bytes(),
    ]
}

/// Where each scan's marker stands, and where its data begin and end.
fn scans(bytes: &[u8]) -> Vec<[usize; 3]> {
    let is_marker = |at: usize| bytes[at] == 0xff && !matches!(bytes[at + 1], 0 | 0xd0..=0xd7 | 0xff);
    let markers: Vec<usize> = (2..bytes.len() - 1).filter(|&at| is_marker(at)).collect();
    let data = |at: usize| at + 2 + usize::from(bytes[at + 2]) * 256 + usize::from(bytes[at + 3]);
    let scan = |pair: &[usize]| (bytes[pair[0] + 1] == 0xda).then(|| [pair[0], data(pair[0]), pair[1]]);
    markers.windows(2).filter_map(scan).collect()
}

#[test]
fn a_jpeg_cut_in_its_data_and_closed_with_an_end_marker_is_refused() {
    for (way, whole) in ways().into_iter().enumerate() {
        decode(&whole, Path::new("x")).unwrap();
        let all = scans(&whole);
        for (number, &[_, begin, end]) in all.iter().enumerate() {
            // The last byte may hold nothing but padding.
            for cut in begin..end - 1 {
                let cut = [&whole[..cut], &[0xff, 0xd9]].concat();
                let error = refusal(&cut);
                assert!(matches!(error, ImageFileError::Undecodable { .. }), "way {way}, scan {number}: {error}");
            }
            // Between scans nothing is damaged: what is missing is all that follows.
            if number + 1 < all.len() {
                let error = refusal(&[&whole[..end], &[0xff, 0xd9]].concat());
                assert!(error.to_string().contains("scans are missing"), "way {way}, scan {number}: {error}");
            }
        }
    }
}

#[test]
fn a_jpeg_that_lacks_one_scan_in_its_middle_is_refused() {
    for way in [2, 3, 4] {
        let whole = &ways()[way];
        for [marker, _, end] in scans(whole) {
            refusal(&[&whole[..marker], &whole[end..]].concat());
        }
    }
}

#[test]
fn a_jpeg_whose_data_are_zeros_from_some_place_on_is_refused() {
    for (way, whole) in ways().into_iter().enumerate() {
        for [_, begin, end] in scans(&whole) {
            // At least 64 bytes are lost: a hole in a file has the size of a sector or more.
            for from in (begin..end.saturating_sub(64)).step_by(7) {
                let mut holed = whole.clone();
                holed[from..end].fill(0);
                let error = refusal(&holed);
                assert!(matches!(error, ImageFileError::Undecodable { .. }), "way {way}, from {from}: {error}");
            }
        }
    }
}

#[test]
fn stray_bytes_before_a_marker_do_no_harm_and_are_reported() {
    for (way, whole) in ways().into_iter().enumerate() {
        let (expected, none) = decode_with_remark(&whole, Path::new("x")).unwrap();
        assert_eq!(none, None);
        for stray in [&[1u8][..], &[7; 100], &[0, 0, 0]] {
            let strewn = [&whole[..whole.len() - 2], stray, &[0xff, 0xd9]].concat();
            let (got, remark) = decode_with_remark(&strewn, Path::new("x")).unwrap();
            assert_eq!(got, expected);
            // libjpeg reads a few bytes ahead and does not miss them.
            let reported = remark.is_some_and(|remark| remark.contains("extraneous bytes before marker 0xd9"));
            assert!(reported || stray.len() < 8, "way {way}, {} bytes", stray.len());
        }
        // After SOI and the JFIF segment.
        let strewn = [&whole[..20], &[1, 2, 3], &whole[20..]].concat();
        let (got, remark) = decode_with_remark(&strewn, Path::new("x")).unwrap();
        assert_eq!(
            (got, remark.as_deref()),
            (expected, Some("Corrupt JPEG data: 3 extraneous bytes before marker 0xdb"))
        );
    }
}

#[test]
fn kinds_of_jpeg_that_are_not_read_are_refused_by_what_they_are() {
    let whole = written(0xc0, one_scan(3), 0).bytes();
    let frame = whole.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let with = |at: usize, value: u8| {
        let mut bytes = whole.clone();
        bytes[frame + at] = value;
        refusal(&bytes).to_string()
    };
    assert!(with(1, 0xc9).contains("0xc9"), "arithmetic coding: {}", with(1, 0xc9));
    assert!(with(1, 0xc3).contains("0xc3"), "lossless: {}", with(1, 0xc3));
    assert!(with(4, 12).contains("12"), "12 bits a sample: {}", with(4, 12));
    let two = Jpeg { components: written(0xc0, vec![], 0).components[..2].to_vec(), ..written(0xc0, one_scan(2), 0) };
    assert!(refusal(&two.bytes()).to_string().contains("2 components"));
    let thirds = vec![
        Component { id: 1, across: 3, down: 1 },
        Component { id: 2, across: 1, down: 1 },
        Component { id: 3, across: 1, down: 1 },
    ];
    let thirds = Jpeg { components: thirds, ..written(0xc0, one_scan(3), 0) };
    assert!(refusal(&thirds.bytes()).to_string().contains("sampling factor of 3"));
    // A height of 0 would come in a later segment, which nobody writes.
    let none = Jpeg { height: 0, ..written(0xc0, one_scan(3), 0) };
    assert!(refusal(&none.bytes()).to_string().contains("48 x 0 pixels"));
}

#[test]
fn limits_hold_for_what_a_jpeg_needs_while_it_is_decoded() {
    let head = |width: u16, height: u16, frame: u8, scans: Vec<Scan>| {
        let small = Jpeg { width: 1, height: 1, ..written(frame, scans, 0) };
        let mut bytes = small.bytes();
        let at = bytes.windows(2).position(|pair| pair == [0xff, frame]).unwrap();
        bytes[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
        bytes[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
        refusal(&bytes)
    };
    let error = head(16_385, 1, 0xc0, one_scan(3));
    assert!(matches!(error, ImageFileError::TooWide { width: 16_385, limit: 16_384, .. }), "{error}");
    let error = head(16_384, 6000, 0xc0, one_scan(3));
    assert!(matches!(error, ImageFileError::TooLarge { got: 294_912_000, .. }), "{error}");
    // 9,985 x 8,945 pixels are below the limit, and the coefficients of their whole units of 16 x 16 above it.
    let error = head(9_985, 8_945, 0xc2, progressive(3, true));
    assert!(matches!(error, ImageFileError::TooLarge { got: 268_800_000, .. }), "{error}");
    let many: Vec<Scan> = progressive(3, true).into_iter().chain((0..600).flat_map(|_| progressive(3, true))).collect();
    let error = refusal(&written(0xc2, many, 0).bytes());
    assert!(error.to_string().contains("above the limit of 500"), "{error}");
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

/// A PNG header that promises a size, without pixels after it.
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
