//! `strata tune`: what it measures, keeps, and does where there is nothing to choose.

use super::made::{err, out, strata};
use std::{fs, path::Path, process::Command};

/// A command on a software adapter of another width than the kernels for processors are written for, which computes
/// its products in tiles as a GPU does.
fn on_tiles(line: &[&str], cache: &Path) -> Command {
    let mut command = strata(line);
    command.args(["--device", "software"]).env("LP_NATIVE_VECTOR_WIDTH", "128").env("STRATA_CACHE", cache);
    command
}

#[test]
fn tune_keeps_the_fastest_tiles_of_a_net_for_later_runs_and_replaces_a_damaged_file() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let line = ["tune", "--net", "alexnet28", "--batch", "2", "--steps", "1", "--format", "json"];
    let output = on_tiles(&line, &cache).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let record: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    let products = record["products"].as_array().unwrap();
    // Eight layers with weights have three passes each, but for the input gradient of the first.
    assert_eq!(products.len(), 23, "{record}");
    assert!(products.iter().all(|product| product["milliseconds"].as_array().unwrap().len() == 12), "{record}");
    let file = Path::new(record["file"].as_str().unwrap());
    assert!(file.starts_with(&cache));
    let kept = fs::read_to_string(file).unwrap();
    let preferred = products.iter().filter(|product| !product["preferred"].is_null()).count();
    assert_eq!(kept.lines().filter(|line| line.starts_with('"')).count(), preferred, "{kept}");

    fs::write(file, "adapter = 1").unwrap();
    let bench = ["bench", "step", "--net", "alexnet28", "--batch", "2", "--steps", "1"];
    let output = on_tiles(&bench, &cache).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("not tuned") && err(&output).contains("strata tune"), "{}", err(&output));
    assert!(on_tiles(&line, &cache).output().unwrap().status.success());
    let output = on_tiles(&bench, &cache).output().unwrap();
    assert!(output.status.success() && !err(&output).contains("not tuned"), "{}", err(&output));
}

#[test]
fn tune_says_where_there_is_nothing_to_choose() {
    let cache = tempfile::tempdir().unwrap();
    for device in ["cpu", "software"] {
        let output = strata(&["tune", "--device", device]).env("STRATA_CACHE", cache.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        assert!(out(&output).contains("nothing to choose"), "{}", out(&output));
    }
    let line = ["tune", "--device", "cpu", "--format", "json"];
    let output = strata(&line).env("STRATA_CACHE", cache.path()).output().unwrap();
    let record: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert!(record["products"].as_array().unwrap().is_empty() && record["file"].is_null(), "{record}");
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);

    // Nothing is measured before it is known that it can be kept.
    let file = cache.path().join("file");
    fs::write(&file, "").unwrap();
    let output = on_tiles(&["tune", "--net", "caffenet", "--batch", "64"], &file).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("set STRATA_CACHE"), "{}", err(&output));
    let both = strata(&["tune", "default", "--net", "alexnet28"]).output().unwrap();
    assert_eq!(both.status.code(), Some(2), "an experiment and a net exclude each other: {}", err(&both));
}
