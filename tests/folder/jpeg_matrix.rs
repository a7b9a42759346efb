//! Pictures of every kind of JPEG that libjpeg reads, each compared with the pixels that PIL's libjpeg gave.
//!
//! The pictures are made here; `data/pictures/jpeg.txt` has a digest for each, which `scripts/pictures` takes from PIL.

use super::{
    jpeg_writer::{Component, Jpeg, one_scan, progressive, scan_each, segment},
    kinds::{digest, expected},
};
use std::path::Path;
use strata::data::image_file::decode;

/// Sampling factors of three components, (across, down) each.
const SAMPLING: [(&str, [(u8, u8); 3]); 20] = [
    ("444", [(1, 1), (1, 1), (1, 1)]),
    ("422", [(2, 1), (1, 1), (1, 1)]),
    ("440", [(1, 2), (1, 1), (1, 1)]),
    ("420", [(2, 2), (1, 1), (1, 1)]),
    ("411", [(4, 1), (1, 1), (1, 1)]),
    ("441", [(1, 4), (1, 1), (1, 1)]),
    ("410", [(4, 2), (1, 1), (1, 1)]),
    ("24", [(2, 4), (1, 1), (1, 1)]),
    ("steps-down", [(1, 4), (1, 2), (1, 1)]),
    ("42-41", [(4, 1), (2, 1), (4, 1)]),
    ("chroma-larger", [(1, 1), (2, 2), (2, 2)]),
    ("last-wider", [(1, 1), (1, 1), (2, 1)]),
    ("last-as-luma", [(2, 1), (1, 1), (2, 1)]),
    ("crossed", [(2, 2), (1, 2), (2, 1)]),
    ("second-wider", [(2, 2), (2, 1), (1, 1)]),
    ("422-doubled", [(2, 2), (1, 2), (1, 2)]),
    ("440-doubled", [(2, 2), (2, 1), (2, 1)]),
    ("444-wide", [(2, 1), (2, 1), (2, 1)]),
    ("444-tall", [(1, 2), (1, 2), (1, 2)]),
    ("steps", [(4, 1), (2, 1), (1, 1)]),
];

const JFIF: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

fn adobe(transform: u8) -> Vec<u8> {
    segment(0xee, &[b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat())
}

fn jpeg(size: (u16, u16), factors: &[(u8, u8)], ids: &[u8], kind: &str) -> Jpeg {
    let count = factors.len();
    let components = factors.iter().zip(ids).map(|(&(across, down), &id)| Component { id, across, down }).collect();
    let (frame, scans) = match kind {
        "baseline" => (0xc0, one_scan(count)),
        "extended" => (0xc1, one_scan(count)),
        "scans" => (0xc0, scan_each(count)),
        "progressive" => (0xc2, progressive(count, true)),
        _ => (0xc2, progressive(count, false)),
    };
    Jpeg {
        width: size.0,
        height: size.1,
        components,
        frame,
        restart: 0,
        scans,
        markers: segment(0xe0, JFIF),
        before_markers: vec![],
        wide: false,
        seed: 0,
    }
}

/// All pictures: kind, name and file.
pub fn pictures() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut pictures: Vec<(&str, String, Jpeg)> = Vec::new();
    for (place, (name, factors)) in SAMPLING.into_iter().enumerate() {
        let sizes = [(40, 25), (1 + place as u16 % 17, 17 - place as u16 % 16), (33, 17)];
        for kind in ["baseline", "scans", "progressive", "progressive-apart"] {
            for (number, restart) in [0, 1, 5].into_iter().enumerate() {
                let picture = Jpeg { restart, ..jpeg(sizes[number], &factors, &[1, 2, 3], kind) };
                pictures.push(("sampling", format!("{name}-{kind}-{restart}"), picture));
            }
        }
    }
    for (name, factors) in &SAMPLING[..4] {
        for side in 1..=17 {
            for (kind, size) in
                [("baseline", (side, 18 - side)), ("scans", (side, side)), ("progressive", (18 - side, 4))]
            {
                let picture = jpeg(size, factors, &[1, 2, 3], kind);
                pictures.push(("size", format!("{name}-{kind}-{}x{}", size.0, size.1), picture));
            }
        }
    }
    let three: [&[(u8, u8)]; 2] = [&[(1, 1); 3], &[(2, 2), (1, 1), (1, 1)]];
    let four: [&[(u8, u8)]; 3] = [&[(1, 1); 4], &[(2, 2), (1, 1), (1, 1), (2, 2)], &[(2, 1), (1, 1), (1, 1), (1, 1)]];
    let jfif = || segment(0xe0, JFIF);
    let markers = [
        ("none", vec![]),
        ("jfif", jfif()),
        ("adobe0", adobe(0)),
        ("adobe1", adobe(1)),
        ("adobe2", adobe(2)),
        ("jfif-adobe0", [jfif(), adobe(0)].concat()),
        ("adobe0-jfif", [adobe(0), jfif()].concat()),
        ("jfif-adobe1", [jfif(), adobe(1)].concat()),
    ];
    for kind in ["baseline", "scans", "progressive"] {
        for (marker, markers) in &markers {
            let mut put = |name: String, size, factors: &[(u8, u8)], ids: &[u8]| {
                let picture = Jpeg { markers: markers.clone(), ..jpeg(size, factors, ids, kind) };
                pictures.push(("colour", format!("{name}-{kind}-{marker}"), picture));
            };
            put("gray".into(), (19, 11), &[(1, 1)], &[1]);
            put("gray-22".into(), (19, 11), &[(2, 2)], &[1]);
            for (at, factors) in three.iter().enumerate() {
                put(format!("ids123-{at}"), (18, 20), factors, &[1, 2, 3]);
                put(format!("ids012-{at}"), (18, 20), factors, &[0, 1, 2]);
                put(format!("idsRGB-{at}"), (18, 20), factors, b"RGB");
            }
            for (at, factors) in four.iter().enumerate() {
                put(format!("inks-{at}"), (17, 23), factors, &[1, 2, 3, 4]);
                put(format!("idsCMYK-{at}"), (17, 23), factors, b"CMYK");
            }
        }
    }
    for kind in ["baseline", "extended", "scans", "progressive"] {
        let plain = jpeg((35, 21), &[(2, 2), (1, 1), (1, 1)], &[1, 2, 3], kind);
        let comment = segment(0xfe, b"\xff\xd9 no end");
        let future = segment(0xe0, b"JFIF\0\x02\x09\0\0\x01\0\x01\0\0");
        let thumbnail = segment(0xe1, &[&b"Exif\0\0"[..], &plain.bytes()].concat());
        let mut put = |name: &str, picture| pictures.push(("markers", format!("{name}-{kind}"), picture));
        put("fill-bytes", Jpeg { before_markers: vec![0xff; 3], ..plain.clone() });
        put("stray-bytes", Jpeg { before_markers: vec![7, 0], ..plain.clone() });
        put("comment", Jpeg { markers: [jfif(), comment].concat(), ..plain.clone() });
        put("jfif-of-the-future", Jpeg { markers: future, ..plain.clone() });
        put("unknown-transform", Jpeg { markers: adobe(9), ..plain.clone() });
        put("thumbnail", Jpeg { markers: [jfif(), thumbnail].concat(), ..plain.clone() });
        put("wide-steps", Jpeg { wide: true, ..plain.clone() });
        put("restart-at-the-end", Jpeg { restart: 6, ..plain });
    }
    let numbered = pictures.into_iter().enumerate();
    numbered.map(|(seed, (kind, name, jpeg))| (kind, name, Jpeg { seed: seed as u64, ..jpeg }.bytes())).collect()
}

#[test]
fn every_jpeg_of_the_matrix_has_the_pixels_that_libjpeg_gives() {
    let expected = expected(include_str!("../../data/pictures/jpeg.txt"));
    let pictures = pictures();
    assert!(pictures.len() >= 500 && pictures.len() == expected.len(), "{} pictures", pictures.len());
    let mut wrong = Vec::new();
    for (kind, name, bytes) in &pictures {
        let name = format!("{kind}/{name}");
        let got = decode(bytes, Path::new(&name)).map(|image| digest(&image));
        if got.as_deref().ok() != expected.get(name.as_str()).copied() {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ: {}", wrong.len(), pictures.len(), wrong.join(", "));
}

/// For `scripts/pictures`: writes the pictures, and our pixels of each, into the folder that the variable names.
#[test]
#[ignore = "scripts/pictures runs it"]
fn write_the_matrix() {
    let folder = std::env::var("STRATA_PICTURES").expect("STRATA_PICTURES names a folder");
    for (kind, name, bytes) in pictures() {
        super::made::put(Path::new(&folder), &format!("{kind}/{name}.jpg"), &bytes);
        if let Ok(image) = decode(&bytes, Path::new(&name)) {
            super::made::put(Path::new(&folder), &format!("{kind}/{name}.rgb"), &image.pixels);
        }
    }
}
