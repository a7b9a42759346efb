//! Every input that is kept: what fuzzing begins with, and what it has found.

use super::targets::TARGETS;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// No small file may keep a parser busy for longer. A build with checks on a busy machine stays far below.
const LONGEST: Duration = Duration::from_secs(20);

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_kept_input_is_read_or_refused_without_a_panic() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    for (name, target) in TARGETS {
        let begun_with = inputs(&fuzz.join("corpus").join(name));
        assert!(begun_with.len() >= 3, "{name}: a corpus has valid and broken files");
        let found = inputs(&fuzz.join("regressions").join(name));
        println!("{name}: {} inputs to begin with, {} found", begun_with.len(), found.len());
        for path in begun_with.iter().chain(&found) {
            let begun = Instant::now();
            let bytes = fs::read(path).unwrap();
            let result = std::panic::catch_unwind(|| target(&bytes));
            assert!(result.is_ok(), "{name}: {} panics", path.display());
            assert!(begun.elapsed() < LONGEST, "{name}: {} takes {:?}", path.display(), begun.elapsed());
        }
    }
}

#[test]
fn the_folders_of_inputs_and_the_fuzz_targets_are_those_of_the_list() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let mut names: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_string()).collect();
    names.sort();
    let stems = |folder: &str| -> Vec<String> {
        let paths = inputs(&fuzz.join(folder));
        paths.iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(stems("corpus"), names);
    assert_eq!(stems("fuzz_targets"), names);
    assert!(stems("regressions").iter().all(|stem| names.contains(stem)));
}

#[test]
fn valid_inputs_reach_past_the_parsers() {
    // The corpora would be worthless if their valid files were refused at the first byte.
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let bytes = |name: &str| fs::read(corpus.join(name)).unwrap();
    let (path, images) = (Path::new("x"), ["bmp", "gif", "jpeg", "pgm", "png", "ppm", "tiff", "webp"]);
    for format in images {
        strata::data::image_file::decode(&bytes(&format!("image/valid.{format}")), path).unwrap();
    }
    strata::data::idx::read_idx(&bytes("idx/images")[..], path, 3).unwrap();
    strata::data::idx::read_idx(&bytes("idx/labels.gz")[..], path, 1).unwrap();
    strata::nn::weights::decode(path, &bytes("weights/valid")).unwrap();
    for name in ["pytorch/zip.pth", "pytorch/stream.pth", "caffe/normed.caffemodel", "onnx/normed.onnx"] {
        strata::exchange::parse(path, bytes(name)).unwrap();
    }
    let text = String::from_utf8(bytes("experiment/default")).unwrap();
    strata::protocol::Experiment::parse("x", &text, &[]).unwrap();
    let study: strata::report::Study = serde_json::from_slice(&bytes("report/study")).unwrap();
    assert!(strata::report::report(&[study]).is_ok());
    strata::data::folder::open(&corpus.join("tar/valid"), None).unwrap();
    strata::data::store::Store::open(&corpus.join("store/whole")).unwrap();
}
