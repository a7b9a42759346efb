//! What cannot be interpreted fails, by name.

use super::{case::Stop, folders, run, skipped};
use std::{fs, path::Path};
use strata::ops::Device;

const GOOD: &str = r#"{"op": "Relu", "opset": {"ai.onnx": 14}, "attributes": {}, "rtol": 1e-3, "atol": 1e-7,
    "inputs": [{"slot": 0, "name": "x", "file": "x.npy", "shape": [2], "dtype": "float32"}],
    "outputs": [{"slot": 0, "name": "y", "file": "y.npy", "shape": [2], "dtype": "float32"}]}"#;

fn array(values: [f32; 2]) -> Vec<u8> {
    let header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header);
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

/// The verdict on the good case, changed.
fn verdict(change: impl Fn(&Path)) -> Result<(), Stop> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("attributes.json"), GOOD).expect("written");
    fs::write(folder.path().join("x.npy"), array([-1.0, 2.0])).expect("written");
    fs::write(folder.path().join("y.npy"), array([0.0, 2.0])).expect("written");
    change(folder.path());
    run(folder.path(), &Device::Cpu).map(|_| ())
}

fn message(from: &str, to: &str) -> String {
    let changed = verdict(|folder| fs::write(folder.join("attributes.json"), GOOD.replace(from, to)).expect("written"));
    match changed {
        Err(Stop::Fail(message)) => message,
        other => panic!("{from} -> {to} gives {other:?}"),
    }
}

#[test]
fn a_good_case_passes_and_a_wrong_value_fails() {
    assert!(verdict(|_| ()).is_ok());
    assert!(verdict(|folder| fs::write(folder.join("y.npy"), array([0.0, 2.1])).expect("written")).is_err());
    assert!(verdict(|folder| fs::write(folder.join("y.npy"), array([f32::NAN, 2.0])).expect("written")).is_err());
}

#[test]
fn what_is_not_understood_fails_by_name() {
    assert!(message("\"Relu\"", "\"Elu\"").contains("Elu"));
    assert!(message("\"attributes\": {}", "\"attributes\": {\"slope\": 1}").contains("slope"));
    assert!(message("x.npy", "z.npy").contains("z.npy"));
    assert!(message("\"shape\": [2], \"dtype\": \"float32\"}],\n", "\"shape\": [3]}],\n").contains("shape"));
    assert!(message("\"dtype\": \"float32\"", "\"dtype\": \"float16\"").contains("float16"));
    assert!(message("\"slot\": 0, \"name\": \"y\"", "\"slot\": 1, \"name\": \"mask\"").contains("mask"));
    assert!(message("\"slot\": 0, \"name\": \"x\"", "\"slot\": 3, \"name\": \"x\"").contains("input"));
    assert!(message("\"rtol\": 1e-3, ", "").contains("rtol"));
}

#[test]
fn a_directory_without_a_case_fails() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    assert!(folders(empty.path()).expect_err("empty").contains("no case"));
    assert!(folders(&empty.path().join("missing")).is_err());
}

#[test]
fn every_entry_of_the_table_has_a_name_of_its_own_and_a_reason() {
    for (at, skip) in skipped::SKIPPED.iter().enumerate() {
        assert!(!skip.reason.is_empty());
        assert!(skipped::SKIPPED[..at].iter().all(|other| other.name != skip.name), "{} stands twice", skip.name);
    }
}
