//! Schedules, epochs, padded windows and normalisation, from the command line to the files.

use super::made::{err, out, strata};
use std::{fs, path::Path};
use strata::protocol::{Experiment, Plan, settings};

/// The default study of before, whose schedule has one drop.
const STUDY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frozen/default.toml");

/// One base of a small study: 100 training images in batches of 10.
const BASE: [&str; 19] = [
    "run",
    STUDY,
    "s0-r0-baseA",
    "--device",
    "cpu",
    "--set",
    "data.train_per_class=20",
    "--set",
    "data.held_out_per_class=0",
    "--set",
    "data.test_per_class=10",
    "--set",
    "solver.batch_size=10",
    "--set",
    "protocol.evaluations=2",
    "--set",
    "protocol.checkpoint_every=3",
    "--runs",
    "",
];

fn base(runs: &Path, sets: &[&str]) -> std::process::Command {
    let mut command = strata(&BASE[..BASE.len() - 1]);
    command.arg(runs);
    for set in sets {
        command.args(["--set", set]);
    }
    command
}

/// What the network became.
fn files(runs: &Path) -> Vec<Vec<u8>> {
    let node = runs.join("default/s0-r0-baseA");
    ["weights.safetensors", "log.jsonl", "manifest.toml"].map(|name| fs::read(node.join(name)).unwrap()).to_vec()
}

fn trained(runs: &Path, sets: &[&str]) -> Vec<Vec<u8>> {
    let output = base(runs, sets).output().unwrap();
    assert!(output.status.success(), "{sets:?}: {}", err(&output));
    files(runs)
}

#[test]
fn epochs_are_their_steps_to_the_last_byte_and_either_resumes_the_other() {
    let [in_epochs, in_steps] = [0, 1].map(|_| tempfile::tempdir().unwrap());
    let epochs = ["solver.max_epochs=2", "solver.stepsize_epochs=1", "solver.warmup_epochs=1"];
    let steps = ["solver.max_iter=20", "solver.stepsize=10", "solver.warmup_iter=10"];
    let of_epochs = trained(in_epochs.path(), &epochs);
    assert!(of_epochs == trained(in_steps.path(), &steps));
    let written = fs::read_to_string(in_epochs.path().join("default/experiment.toml")).unwrap();
    assert!(written.contains("max_iter = 20") && !written.contains("epochs"), "{written}");
    // The same network, however its length is given; another length is another one.
    assert!(of_epochs == trained(in_epochs.path(), &steps));
    let output = base(in_epochs.path(), &["solver.max_epochs=3"]).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(err(&output).contains("solver.max_iter"), "{}", err(&output));
}

#[test]
fn a_cosine_with_warm_up_nesterov_and_padded_windows_trains_and_its_weights_tell_mean_and_deviation() {
    let all = [
        "solver.lr_policy=cosine",
        "solver.warmup_iter=3",
        "solver.warmup_start_factor=0.1",
        "solver.nesterov=true",
        "solver.max_iter=8",
        "data.augmentation=crop-and-mirror",
        "data.augment_padding=4",
        "data.mean=[72.9]",
        "data.std=[90]",
        "data.scale=1.0",
    ];
    let whole = tempfile::tempdir().unwrap();
    let files = trained(whole.path(), &all);
    let header = String::from_utf8_lossy(&files[0][..files[0].len().min(4000)]).into_owned();
    assert!(header.contains("\\\"mean\\\":[72.9"), "{header}");
    assert!(header.contains("\\\"scale\\\":[0.01111"), "{header}");
    let manifest = String::from_utf8_lossy(&files[2]).into_owned();
    for setting in
        ["lr_policy = \"cosine\"", "nesterov = true", "augment_padding = 4", "warmup_iter = 3", "mean = [72.9]"]
    {
        assert!(manifest.contains(setting), "{setting} is missing in {manifest}");
    }
    for left_out in [
        &["solver.nesterov=false"][..],
        &["solver.warmup_iter=4"],
        &["solver.lr_policy=multistep", "solver.gamma=0.1", "solver.stepvalue=[4]"],
        &["data.augment_padding=0"],
        &["data.augment_padding=0", "data.augmentation=resized-crop-and-mirror"],
        &["data.augment_padding=0", "data.augmentation=resized-crop", "data.crop_scale=[0.5, 1]"],
        &["data.mean=channel"],
        &["data.std=channel"],
    ] {
        let other = tempfile::tempdir().unwrap();
        assert!(trained(other.path(), &[&all[..], left_out].concat())[0] != files[0], "{left_out:?} changes nothing");
    }
}

#[test]
fn schedules_and_images_that_cannot_be_meant_are_refused_with_a_remedy() {
    let runs = tempfile::tempdir().unwrap();
    let cases: [(&[&str], &[&str]); 26] = [
        (&["solver.lr_policy=poly"], &["poly", "step", "multistep", "cosine"]),
        (&["solver.lr_policy=multistep"], &["missing", "solver.stepvalue"]),
        (&["solver.lr_policy=multistep", "solver.stepvalue=[5, 5]"], &["stepvalue", "above the one before"]),
        (&["solver.lr_policy=cosine", "solver.stepsize=5"], &["stepsize is 5", "left out"]),
        (&["solver.stepvalue=[5]"], &["stepvalue is [5]", "multistep"]),
        (&["solver.warmup_iter=400"], &["stepsize", "warmup_iter"]),
        (&["solver.lr_policy=cosine", "solver.warmup_iter=782"], &["warmup_iter", "below max_iter"]),
        (&["solver.warmup_start_factor=0.5"], &["warmup_start_factor", "without warmup_iter"]),
        (&["solver.nesterov=true", "solver.momentum=0.0"], &["nesterov", "without a momentum"]),
        (&["solver.max_iter=5", "solver.max_epochs=5"], &["solver.max_epochs", "exactly one of the two"]),
        (&["solver.max_epochs=0"], &["solver.max_epochs", "above 0"]),
        (&["solver.max_epochs=3", "protocol.train_sizes=[5]"], &["solver.max_epochs", "train_sizes", "steps"]),
        (&["solver.max_epoch=3"], &["solver.max_epoch", "solver.max_epochs"]),
        (&["data.augment_padding=4"], &["data.augment_padding", "augmentation"]),
        (&["data.augment_padding=28", "data.augmentation=crop"], &["data.augment_padding", "below 28"]),
        (
            &["data.augment_padding=4", "data.augmentation=resized-crop"],
            &["data.augment_padding", "parts of the image itself"],
        ),
        (&["data.crop_scale=[0.5, 1]"], &["data.crop_scale", "resized-crop"]),
        (&["data.crop_scale=[0.5]", "data.augmentation=resized-crop"], &["data.crop_scale", "two numbers"]),
        (&["data.crop_scale=[0.5, 1.5]", "data.augmentation=resized-crop"], &["data.crop_scale", "up to 1"]),
        (&["data.crop_ratio=[2, 1]", "data.augmentation=resized-crop"], &["data.crop_ratio", "the smaller first"]),
        (&["data.mean=pixel"], &["pixel", "image", "channel"]),
        (&["data.mean=[1, 2]"], &["data.mean", "1 numbers"]),
        (&["data.mean=[0.485]"], &["data.mean", "255"]),
        (&["data.std=channel", "data.scale=1"], &["data.std", "data.mean"]),
        (&["data.mean=channel", "data.std=channel"], &["data.scale", "data.std"]),
        (&["data.mean=channel", "data.std=[0]", "data.scale=1"], &["data.std", "above 0"]),
    ];
    for (sets, words) in cases {
        let output = base(runs.path(), sets).output().unwrap();
        let message = err(&output);
        assert_eq!(output.status.code(), Some(3), "{sets:?}: {message}");
        for word in words {
            assert!(message.contains(word), "{sets:?}: {word} is missing in {message}");
        }
    }
}

#[test]
fn epochs_of_halves_with_different_numbers_of_images_are_refused_with_both_numbers() {
    let runs = tempfile::tempdir().unwrap();
    let split = runs.path().join("split.csv");
    let classes =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];
    let lines: Vec<String> =
        classes.iter().enumerate().map(|(i, class)| format!("{class},{}\n", if i < 4 { 'A' } else { 'B' })).collect();
    fs::write(&split, lines.concat()).unwrap();
    let file = format!("protocol.split_file={:?}", split.to_str().unwrap());
    // Halves may be unequal where the experiment says so; an epoch is still not the same for both.
    let sets = [
        "protocol.split=listed",
        "protocol.splits=[0]",
        &file,
        "data.unequal_halves=allowed",
        "solver.max_epochs=2",
        "solver.stepsize_epochs=1",
    ];
    let output = base(runs.path(), &sets).output().unwrap();
    let message = err(&output);
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(message.contains("80") && message.contains("120") && message.contains("steps"), "{message}");
}

#[test]
fn train_takes_a_policy_epochs_warm_up_and_nesterov() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = strata(&["train", "--device", "cpu", "--batch-size", "16"]);
        let output = command.args(args).current_dir(&folder).output().unwrap();
        (output.status.code(), out(&output), err(&output))
    };
    let file = folder.path().join("w.safetensors");
    let (code, _, message) = run(&[
        "--max-iter",
        "6",
        "--lr-policy",
        "multistep",
        "--stepvalue",
        "3,5",
        "--warmup-iter",
        "2",
        "--nesterov",
        "--out",
        file.to_str().unwrap(),
    ]);
    assert_eq!(code, Some(0), "{message}");
    assert!(message.contains("step      6") && file.is_file(), "{message}");
    let (code, _, message) = run(&["--max-iter", "6", "--lr-policy", "cosine", "--stepsize", "2"]);
    assert_eq!(code, Some(3), "{message}");
    assert!(message.contains("stepsize is 2"), "{message}");
    let (code, _, message) = run(&["--max-iter", "6", "--max-epochs", "1"]);
    assert_eq!(code, Some(2), "{message}");
    let (code, _, message) = run(&["--lr-policy", "multistep"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("--stepvalue"), "{message}");
}

/// Digests of manifests that were written before there were policies, epochs, padding and statistics of channels.
#[test]
fn networks_of_before_keep_the_digests_of_their_settings() {
    let experiment = Experiment::find(STUDY, &[]).unwrap().quick(&[]).unwrap();
    let plan = Plan::of(&experiment);
    for (node, digest) in [
        ("s0-r0-baseA", "584f72202cd70dbb0db2d6b6f90944ab01c56ace2a60891a237973fcf9e10846"),
        ("s0-r0-A3B", "7b45f1e61cab4f8714ec9b7e5cd19a5f6e67c69ab9bde7df6090778e7b69032c"),
    ] {
        let node = plan.node("default-quick", "default", node).unwrap();
        assert_eq!(settings::digest(&settings::of(&experiment, node)), digest, "{}", node.name);
    }
}
