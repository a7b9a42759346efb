//! Packed files on the command line: verified before they are used, and true about their locks.

use super::made::{err, out, strata, tinted, tiny};
use std::{fs, path::PathBuf};
use tempfile::{TempDir, tempdir};

/// A packed set of four classes, and a copy with one changed pixel.
fn stores() -> (TempDir, PathBuf, PathBuf) {
    let root = tempdir().unwrap();
    ["train", "val"].iter().for_each(|part| tinted(&root.path().join("set").join(part), &["a", "b", "c", "d"], 20, 32));
    let [whole, changed] = ["whole.pack", "changed.pack"].map(|name| root.path().join(name));
    let mut pack = strata(&["data", "pack", "--size", "32"]);
    assert!(pack.arg(root.path().join("set")).arg("--out").arg(&whole).output().unwrap().status.success());
    let mut bytes = fs::read(&whole).unwrap();
    bytes[4096 + 3 * 3072 + 1000] ^= 0x40;
    fs::write(&changed, bytes).unwrap();
    (root, whole, changed)
}

#[test]
fn a_changed_pixel_is_reported_by_every_command_that_reads_it_and_no_network_is_trained_on_it() {
    let (root, whole, changed) = stores();
    let verified = strata(&["data", "verify"]).arg(&whole).output().unwrap();
    assert!(
        verified.status.success() && out(&verified).contains("160 images are what was packed"),
        "{}",
        err(&verified)
    );
    let runs = root.path().join("runs");
    let study = |path: &PathBuf| {
        let sets = ["net.name=alexnet32", "data.source=packed", "data.held_out_per_class=0", "protocol.arms=[\"BnB\"]"];
        let mut command = tiny(&["reproduce"], &runs);
        command.args(sets.iter().flat_map(|set| ["--set", set]));
        command.args(["--set", &format!("data.path={}", path.display())]).output().unwrap()
    };
    let train = ["train", "--device", "cpu", "--net", "alexnet32", "--max-iter", "1", "--batch-size", "2"];
    let outputs = [
        strata(&["data", "verify"]).arg(&changed).output().unwrap(),
        strata(&["data", "inspect", "packed"]).arg(&changed).output().unwrap(),
        strata(&train).args(["--data", "packed", "--data-path"]).arg(&changed).output().unwrap(),
        strata(&["data", "pack", "--size", "32", "--out"]).arg(&changed).arg(root.path().join("set")).output().unwrap(),
        study(&changed),
    ];
    for output in outputs {
        assert_eq!(output.status.code(), Some(4), "{}", err(&output));
        assert!(err(&output).contains("a/03.png"), "{}", err(&output));
    }
    assert!(!runs.exists());
    let good = study(&whole);
    assert!(good.status.success(), "{}", err(&good));
}

#[test]
fn packing_says_that_files_have_changed_and_what_was_taken_for_what() {
    let (root, whole, _) = stores();
    let pack = || {
        let mut command = strata(&["data", "pack", "--size", "32", "--out"]);
        command.arg(&whole).arg(root.path().join("set")).output().unwrap()
    };
    let again = pack();
    assert!(out(&again).contains("160 packed before") && err(&again).contains("test images from"), "{}", err(&again));
    fs::copy(root.path().join("set/train/b/00.png"), root.path().join("set/train/a/00.png")).unwrap();
    let anew = pack();
    assert!(out(&anew).contains(": 0 packed before") && err(&anew).contains("have changed"), "{}", err(&anew));
}
