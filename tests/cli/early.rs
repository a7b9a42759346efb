//! What can be known before the first step is reported before it, and a command that cannot begin leaves no file.

use super::made::{err, idx, out, strata, tinted, tiny};
use std::{fs, path::Path, process::Output};

/// No step was made, no directory was left, and the message says why.
fn refused_at_once(output: &Output, runs: &Path, code: i32, words: &[&str]) {
    let message = err(output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for word in words {
        assert!(message.contains(word), "{word} is missing in {message}");
    }
    assert!(!message.contains("step "), "{message}");
    assert!(!runs.exists(), "{} is left", runs.display());
}

fn train(args: &[&str]) -> Output {
    let usual = ["train", "--device", "cpu", "--max-iter", "20", "--batch-size", "4"];
    strata(&[&usual[..], args].concat()).output().unwrap()
}

#[test]
fn weights_that_could_not_be_written_are_reported_before_the_first_step() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "kept").unwrap();
    for (out, word) in [("missing/w.safetensors", "No such file"), ("", "is a folder"), ("file/w", "ot a directory")] {
        let path = root.path().join(out);
        let output = train(&["--out", path.to_str().unwrap()]);
        refused_at_once(&output, &root.path().join("missing"), 1, &["cannot be written", word]);
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn a_set_without_test_images_is_refused_before_it_is_trained_on() {
    let root = tempfile::tempdir().unwrap();
    tinted(&root.path().join("set/train"), &["a", "b", "c", "d"], 4, 32);
    let set = root.path().join("set");
    let (path, runs) = (set.to_str().unwrap(), root.path().join("runs"));
    let weights = root.path().join("w.safetensors");
    let output =
        train(&["--net", "alexnet32", "--data", "folder", "--data-path", path, "--out", weights.to_str().unwrap()]);
    refused_at_once(
        &output,
        &weights,
        4,
        &["no image of its classes to evaluate on", "there is no test part", "valid"],
    );
    let study = ["--set", "net.name=alexnet32", "--set", "data.source=folder", "--set", "data.held_out_per_class=0"];
    let study = |verb: &[&str]| {
        let mut command = tiny(verb, &runs);
        command.args(study).args(["--set", &format!("data.path={path}"), "--set", "data.train_per_class=0"]);
        // --quick takes 20 images of each class.
        command.output().unwrap()
    };
    refused_at_once(&study(&["reproduce"]), &runs, 4, &["2 of 4 classes", "evaluate on"]);
    tinted(&root.path().join("set/train"), &["a", "b", "c", "d"], 20, 32);
    for verb in [&["reproduce"][..], &["run", "default", "s0-r0-baseA"]] {
        refused_at_once(&study(verb), &runs, 4, &["half A of split 0", "evaluate on", "held-out"]);
    }
}

#[test]
fn a_half_without_test_images_is_named_before_the_other_one_is_trained() {
    let root = tempfile::tempdir().unwrap();
    let all: Vec<u8> = (0..10).flat_map(|class| [class; 21]).collect();
    // Seed 0 puts 0, 1, 3, 7 and 8 into A. That some classes of a half are not evaluated on is only reported.
    idx(&root.path().join("some"), 28, &all, &[0, 1, 3, 7, 8, 2, 4]);
    let plan = ["plan", "default", "--memory", "--device", "cpu", "--set", "protocol.splits=[0]", "--set"];
    let sizes = ["--set", "data.train_per_class=20", "--set", "data.held_out_per_class=0", "--set"];
    let some = format!("data.path={}", root.path().join("some").display());
    let output = strata(&plan).arg("data.source=idx").args(sizes).arg(&some).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("half B of split 0: no image of \"5\", \"6\", \"9\""), "{}", err(&output));
    idx(&root.path().join("set"), 28, &all, &[0, 1, 3, 7, 8]);
    let runs = root.path().join("runs");
    let mut command = tiny(&["reproduce", "--set", "data.source=idx", "--set", "data.held_out_per_class=0"], &runs);
    let output = command.arg("--set").arg(format!("data.path={}", root.path().join("set").display())).output().unwrap();
    refused_at_once(&output, &runs, 4, &["half B of split 0", "no image of its classes to evaluate on"]);
}

#[test]
fn what_no_network_could_be_made_of_leaves_no_directory() {
    let root = tempfile::tempdir().unwrap();
    let runs = root.path().join("runs");
    for (set, code) in [
        ("net.outputs=2", 4),
        ("net.name=alexnet32", 3),
        ("protocol.split=man-made-natural", 3),
        ("data.path=nowhere", 4),
        ("protocol.classes_per_half=9", 4),
    ] {
        let output = tiny(&["reproduce", "--set", set, "--set", "protocol.splits=[0]"], &runs).output().unwrap();
        refused_at_once(&output, &runs, code, &[]);
    }
}

#[test]
fn a_report_that_could_not_be_written_is_an_error_before_anything_is_trained() {
    let runs = tempfile::tempdir().unwrap();
    let folder = runs.path().join("default-quick");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("report"), "in the way").unwrap();
    let output = tiny(&["reproduce"], runs.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains("report") && !folder.join("s0-r0-baseA").exists(), "{}", err(&output));
}

#[test]
fn weights_are_kept_whatever_fails_after_the_last_step() {
    let root = tempfile::tempdir().unwrap();
    let weights = root.path().join("w.safetensors");
    if !fs::exists("/dev/full").unwrap_or(false) {
        return;
    }
    let args = ["train", "--device", "cpu", "--max-iter", "2", "--batch-size", "2", "--out", weights.to_str().unwrap()];
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = strata(&args).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(strata::nn::weights::read(&weights).is_ok());
}

#[test]
fn a_directory_without_a_finished_network_gives_way_to_other_settings_and_is_kept_aside() {
    let runs = tempfile::tempdir().unwrap();
    let folder = runs.path().join("default-quick");
    let with = |seed: &str| tiny(&["run", "default", "s0-r0-baseA", "--set", seed], runs.path()).output().unwrap();
    assert!(with("seed=1").status.success());
    // As if the first network had been stopped with a checkpoint.
    let node = folder.join("s0-r0-baseA");
    fs::rename(node.join("weights.safetensors"), node.join("state.safetensors")).unwrap();
    fs::remove_file(node.join("manifest.toml")).unwrap();
    let other = with("seed=2");
    assert!(other.status.success(), "{}", err(&other));
    assert!(err(&other).contains("no finished network") && err(&other).contains(".replaced"), "{}", err(&other));
    assert!(runs.path().join(".replaced/default-quick-1/s0-r0-baseA/state.safetensors").exists());
    assert!(fs::read_to_string(folder.join("experiment.toml")).unwrap().contains("seed = 2"));
    // Now there is a finished one.
    let refused = with("seed=3");
    assert_eq!(refused.status.code(), Some(6), "{}", err(&refused));
    assert!(fs::read_to_string(folder.join("experiment.toml")).unwrap().contains("seed = 2"));
    let report = strata(&["report"]).arg(runs.path()).output().unwrap();
    assert!(!out(&report).contains("replaced") && !err(&report).contains("replaced"), "{}", err(&report));
}

#[test]
fn a_directory_in_which_another_process_trains_gives_way_to_nobody() {
    let runs = tempfile::tempdir().unwrap();
    let node = runs.path().join("default-quick/s0-r0-baseA");
    let first = tiny(&["run", "default", "s0-r0-baseA"], runs.path()).output().unwrap();
    assert!(first.status.success());
    fs::remove_file(node.join("manifest.toml")).unwrap();
    // A claim whose heartbeat is new, whoever made it.
    fs::write(node.join("claim-000002"), "").unwrap();
    let other = tiny(&["run", "default", "s0-r0-baseA", "--set", "seed=2"], runs.path()).output().unwrap();
    assert_eq!(other.status.code(), Some(75), "{}", err(&other));
    assert!(node.exists() && !runs.path().join(".replaced").exists());
}

#[test]
fn similarities_of_a_directory_that_is_not_there_make_none() {
    let root = tempfile::tempdir().unwrap();
    let runs = root.path().join("runs");
    let output = strata(&["similarity", "default", "--device", "cpu", "--runs"]).arg(&runs).output().unwrap();
    refused_at_once(&output, &runs, 1, &["no such run directory"]);
}
