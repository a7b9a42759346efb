//! Files that are cut off, changed or malicious.

use super::{
    made::{file, small},
    protobuf::field,
};
use std::{
    io::{Cursor, Write},
    path::Path,
};
use strata::exchange::{self, ExchangeError, Turns};

const FILES: [&str; 12] = [
    "zip.pth",
    "stream.pth",
    "checkpoint.pth",
    "own.safetensors",
    "new.caffemodel",
    "old.caffemodel",
    "raw.onnx",
    "gemm.onnx",
    "matmul.onnx",
    "mean.binaryproto",
    "normed.caffemodel",
    "normed.onnx",
];

fn parse(bytes: Vec<u8>) -> Result<exchange::ForeignFile, ExchangeError> {
    exchange::parse(Path::new("x"), bytes)
}

#[test]
fn a_file_cut_off_anywhere_is_refused_or_does_not_fit_and_never_panics() {
    for name in FILES {
        let whole = std::fs::read(file(name)).unwrap();
        for cut in 0..whole.len() {
            match parse(whole[..cut].to_vec()) {
                Err(error) => assert!(error.to_string().starts_with("x: "), "{name} at {cut}: {error}"),
                // A protobuf file that ends between two fields is whole, as far as anybody can tell.
                Ok(read) => {
                    let matching = exchange::fit(Path::new("x"), &read, &small(), Turns::default()).unwrap();
                    assert!(!matching.is_whole() || whole.len() - cut < 40, "{name} at {cut}");
                }
            }
        }
    }
}

#[test]
fn a_changed_byte_never_panics() {
    for name in FILES {
        let whole = std::fs::read(file(name)).unwrap();
        for at in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                if let Ok(read) = parse(changed) {
                    assert!(
                        read.tensors.iter().all(|tensor| tensor.shape.iter().product::<usize>() == tensor.values.len())
                    );
                }
            }
        }
    }
}

/// A zip archive of one pickle as torch.save lays it out, its entries stored or deflated.
fn archive(pickle: &[u8], more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [("x/data.pkl", pickle), ("x/version", b"3\n")].iter().chain(more) {
        zip.start_file(*name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_pickle_that_would_run_code_is_refused_by_the_name_of_what_it_calls() {
    let mark = std::env::temp_dir().join(format!("strata-exchange-{}", std::process::id()));
    let command = format!("touch {}", mark.display());
    let text = [b"X".as_slice(), &(command.len() as u32).to_le_bytes(), command.as_bytes()].concat();
    for (global, module) in [
        ("posix.system", "cposix\nsystem\n"),
        ("builtins.eval", "cbuiltins\neval\n"),
        ("torch.hub.load", "ctorch.hub\nload\n"),
    ] {
        let pickle = [b"\x80\x02".as_slice(), module.as_bytes(), &text, b"\x85R."].concat();
        for bytes in [archive(&pickle, &[]), pickle] {
            let error = parse(bytes).unwrap_err();
            assert!(matches!(&error, ExchangeError::Code { global: named, .. } if named == global), "{error}");
            assert!(error.to_string().contains("nothing was run"), "{error}");
        }
    }
    // Newer protocols name things in ways that torch.save does not use.
    let newer = [b"\x80\x04\x8c\x05posix\x8c\x06system\x93".as_slice(), &text, b"\x85R."].concat();
    assert!(parse(newer).unwrap_err().to_string().contains("pickle protocol 4, expected 2"));
    assert!(!mark.exists());
}

#[test]
fn archives_that_would_unpack_to_more_than_they_are_are_refused() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("x/data.pkl", deflated).unwrap();
    zip.write_all(&vec![b')'; 64 << 20]).unwrap();
    let error = parse(zip.finish().unwrap().into_inner()).unwrap_err().to_string();
    assert!(error.contains("is compressed, which torch.save never does"), "{error}");
    let many = [b"\x80\x02".as_slice(), &[b')'; 1 << 20], b"."].concat();
    for bytes in [archive(&many, &[]), many] {
        assert!(matches!(parse(bytes), Err(ExchangeError::TooLarge { .. })));
    }
    let program = archive(b"\x80\x02}.", &[("x/code/__torch__.py", b"pass")]);
    assert!(parse(program).unwrap_err().to_string().contains("TorchScript"));
}

#[test]
fn graphs_without_weights_and_weights_in_other_files_are_named() {
    let model = |graph: &[u8]| [&[8, 8][..], &field(7, graph)].concat();
    let relu = field(1, &[field(1, b"x"), field(2, b"y"), field(4, b"Relu")].concat());
    let error = parse(model(&relu)).unwrap_err();
    assert!(error.to_string().contains("there are no weights in this ONNX file"), "{error}");
    let place = field(13, &[field(1, b"location"), field(2, b"w.bin")].concat());
    let outside = field(5, &[&[8, 2, 16, 1][..], &field(8, b"w"), &place, &[14 << 3, 1]].concat());
    let conv = field(1, &[field(1, b"x"), field(1, b"w"), field(2, b"y"), field(4, b"Conv")].concat());
    let error = parse(model(&[conv, outside].concat())).unwrap_err().to_string();
    assert!(error.contains("(w.bin)"), "{error}");
}

#[test]
fn files_of_no_format_say_what_they_look_like() {
    for (bytes, words) in [
        (b"".as_slice(), "is empty"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"GIF89a", "no known format"),
        (&std::fs::read(file("mean.binaryproto")).unwrap(), "--mean"),
    ] {
        let error = parse(bytes.to_vec()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(exchange::mean(&file("new.caffemodel")).is_err());
}
