//! The table of pictures in `docs/data.md`, row by row: files of each kind, and what PIL gave for them.
//!
//! `scripts/pictures` makes the files and asks PIL; `data/pictures` holds both.

use super::made::put;
use flate2::read::GzDecoder;
use md5::{Digest, Md5};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::Path,
};
use strata::data::image_file::{Rgb, decode, dimensions};

/// The first column of every row of the table, and the pictures of that row by how their names begin. Those of JPEG
/// are made by the tests, the others lie in the archive. The longest beginning counts.
const ROWS: [(&str, &[&str]); 28] = [
    ("JPEG of gray, YCbCr and RGB", &["sampling/", "size/", "markers/", "colour/gray", "colour/ids"]),
    ("JPEG of CMYK and YCCK", &["colour/inks", "colour/idsCMYK"]),
    (
        "PNG of 1, 2, 4, 8 bits: gray, palettes",
        &["png/gray-1", "png/gray-2", "png/gray-4", "png/gray-8", "png/palette-"],
    ),
    ("PNG of 8 and 16 bits: colour", &["png/rgb-"]),
    ("PNG with alpha", &["png/gray-alpha-", "png/rgba-"]),
    ("PNG of gray of 16 bits", &["png/gray-16"]),
    ("PNG, animated", &["png/animated"]),
    ("WebP, lossless", &["webp/lossless"]),
    ("WebP, lossy", &["webp/lossy"]),
    ("WebP, animated", &["webp/animated"]),
    ("BMP of 1, 4, 8 bits, also as runs", &["bmp/palette-", "bmp/gray-8", "bmp/black-", "bmp/white-", "bmp/runs-"]),
    ("BMP of 16, 24, 32 bits", &["bmp/16", "bmp/24", "bmp/32"]),
    ("GIF", &["gif/plain", "gif/interlaced", "gif/local-", "gif/short-", "gif/two-", "gif/gray-", "gif/by-pil"]),
    ("GIF with transparency, or a frame that is not the screen", &["gif/transparent", "gif/frame-"]),
    ("GIF, animated", &["gif/animated"]),
    ("PBM (P1, P4)", &["pnm/bits"]),
    ("PGM and PPM (P2, P3, P5, P6)", &["pnm/gray-", "pnm/colour-"]),
    ("PGM above 255", &["pnm/gray-1000", "pnm/gray-65535", "pnm/gray-text-1000", "pnm/gray-text-65535"]),
    ("TIFF of 1, 2, 4, 8 bits: gray", &["tiff/gray-"]),
    ("TIFF of gray of 16 bits", &["tiff/gray-16", "tiff/gray-white-is-0-16"]),
    ("TIFF with a palette", &["tiff/palette-"]),
    ("TIFF of 8 and 16 bits: colour", &["tiff/rgb-", "tiff/rgbx-"]),
    ("TIFF with alpha", &["tiff/gray-alpha-", "tiff/gray-extra-", "tiff/rgba-"]),
    ("TIFF with alpha multiplied in", &["tiff/rgba-8-multiplied", "tiff/rgba-16-multiplied"]),
    ("TIFF of CMYK", &["tiff/cmyk-"]),
    ("TIFF with an orientation", &["tiff/rgb-8-orientation", "tiff/palette-8-orientation"]),
    ("TIFF, several pages", &["tiff/rgb-8-two-pages"]),
    ("anything else", &["png/refused", "webp/refused", "bmp/refused", "gif/refused", "pnm/refused", "tiff/refused"]),
];

/// The first 64 bits of an MD5, as `scripts/pictures` writes them.
pub fn short_digest(bytes: &[u8]) -> String {
    Md5::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of a picture: its sides and its pixels.
pub fn digest(image: &Rgb) -> String {
    short_digest(&[&image.width.to_be_bytes()[..], &image.height.to_be_bytes(), &image.pixels].concat())
}

/// Name and digest of each line.
pub fn expected(text: &'static str) -> BTreeMap<&'static str, &'static str> {
    text.lines().filter_map(|line| line.split_once(' ')).collect()
}

const KINDS: &str = include_str!("../../data/pictures/kinds.txt");
const MATRIX: &str = include_str!("../../data/pictures/jpeg.txt");

/// The files of the archive.
fn files() -> BTreeMap<String, Vec<u8>> {
    let archive = include_bytes!("../../data/pictures/kinds.tar.gz");
    let mut archive = tar::Archive::new(GzDecoder::new(&archive[..]));
    let file = |entry: std::io::Result<tar::Entry<'_, GzDecoder<&[u8]>>>| {
        let (mut entry, mut bytes) = (entry.unwrap(), Vec::new());
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_string(), bytes)
    };
    archive.entries().unwrap().map(file).collect()
}

fn row_of(name: &str) -> Option<&'static str> {
    let begins = |(row, starts): &(&'static str, &[&str])| {
        starts.iter().filter(|start| name.starts_with(**start)).map(|start| (start.len(), *row)).max()
    };
    ROWS.iter().filter_map(begins).max().map(|(_, row)| row)
}

#[test]
fn every_row_of_the_table_of_pictures_has_the_pixels_that_it_promises() {
    let (files, expected) = (files(), expected(KINDS));
    assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), expected.keys().copied().collect::<Vec<_>>());
    let mut wrong = Vec::new();
    for (name, bytes) in &files {
        let got = match decode(bytes, Path::new(name)) {
            Ok(image) => {
                assert_eq!(dimensions(bytes, Path::new(name)).unwrap(), [image.width, image.height], "{name}");
                digest(&image)
            }
            Err(error) => {
                assert!(error.to_string().starts_with(&format!("{name}: ")), "{error}");
                if expected[name.as_str()] == "refused" { "refused".into() } else { error.to_string() }
            }
        };
        if got != expected[name.as_str()] {
            wrong.push(format!("{name} ({}): {got}", row_of(name).unwrap_or("no row")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

#[test]
fn the_table_of_pictures_and_the_pictures_of_the_tests_name_the_same_kinds() {
    let guide = include_str!("../../docs/data.md");
    let table = guide.split("## Pictures").nth(1).unwrap().split("\n## ").next().unwrap();
    let in_guide: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).skip(1).collect();
    assert_eq!(in_guide, ROWS.map(|(row, _)| row));
    let names: Vec<&str> = expected(KINDS).into_keys().chain(expected(MATRIX).into_keys()).collect();
    let homeless: Vec<_> = names.iter().filter(|name| row_of(name).is_none()).collect();
    assert!(homeless.is_empty(), "in no row: {homeless:?}");
    let tried: BTreeSet<_> = names.iter().filter_map(|name| row_of(name)).collect();
    for (row, _) in ROWS {
        assert!(tried.contains(row), "no picture of {row:?}");
    }
}

/// For `scripts/pictures`: writes our pixels of each file into the folder that the variable names.
#[test]
#[ignore = "scripts/pictures runs it"]
fn write_our_pixels() {
    let folder = std::env::var("STRATA_PICTURES").expect("STRATA_PICTURES names a folder");
    for (name, bytes) in files() {
        match decode(&bytes, Path::new(&name)) {
            Ok(image) => put(Path::new(&folder), &format!("kinds/{name}.rgb"), &image.pixels),
            Err(error) => eprintln!("{error}"),
        }
    }
}
