//! What cannot be advised on is said before anything is trained, in one message.

use super::made::{advise, images, source};
use crate::cli::made::{err, strata};
use std::path::Path;

/// No network was trained, and the message says why.
fn refused(data: &Path, args: &[&str], code: i32, words: &[&str]) {
    let place = data.join("advice");
    let output = advise(data, &place).args(args).output().unwrap();
    let message = err(&output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for word in words {
        assert!(message.contains(word), "{word} is missing in {message}");
    }
    assert!(!place.exists(), "{message}");
}

#[test]
fn images_that_cannot_be_divided_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let folder = |name: &str, classes: &[(&str, u32)]| {
        let data = root.path().join(name);
        images(&data, classes, 16);
        data
    };
    refused(&folder("one", &[("red", 9)]), &[], 4, &["only one class", "\"red\""]);
    let few = folder("few", &[("red", 9), ("green", 2), ("blue", 2)]);
    refused(&few, &[], 4, &["\"blue\" (and 1 other class) has fewer than 3 images", "one to test on"]);
}

#[test]
fn images_smaller_than_the_net_are_refused_with_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    let output = strata(&["advise", "--device", "cpu", "--data", "fashion-mnist", "--source"])
        .arg(source())
        .args(["--out", "advice"])
        .current_dir(root.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(err(&output).contains("[28, 28, 1]") && err(&output).contains("--fit resize"), "{}", err(&output));
    assert!(!root.path().join("advice").exists());
}

#[test]
fn keys_values_and_files_that_cannot_be_meant_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("images");
    images(&data, &[("red", 5), ("green", 5)], 16);
    refused(&data, &["--set", "solver.max_epoch=3"], 3, &["unknown key \"solver.max_epoch\"", "solver.max_epochs"]);
    refused(&data, &["--set", "advice.level=2"], 3, &["advice.level is 2", "below 1"]);
    refused(&data, &["--budget", "0"], 2, &["a number of minutes above 0"]);
    let foreign = root.path().join("foreign.safetensors");
    std::fs::write(&foreign, "no weights").unwrap();
    let output = strata(&["advise", "--source"]).arg(&foreign).arg("--data").arg(&data).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    let output = strata(&["advise", "--source", "nowhere", "--data"]).arg(&data).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
}
