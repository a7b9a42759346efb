//! Wrong arguments, and directories and files that do not fit.

use super::made::{TWO_DATA_SETS, err, results, strata, tiny};

/// Every bad input: one message that names the remedy, the documented exit code, nothing lost.
#[test]
fn bad_input_gives_one_clear_message_and_its_exit_code() {
    let runs = tempfile::tempdir().unwrap();
    let dir = runs.path().to_str().unwrap();
    let bad = runs.path().join("bad.toml");
    std::fs::write(&bad, "name = \"x\"\nlayrs = 3\n").unwrap();
    let broken = runs.path().join("broken.toml");
    std::fs::write(&broken, "name = ").unwrap();
    let cases: [(&[&str], i32, &[&str]); 29] = [
        (&["reproduce", "nonsense"], 3, &["nonsense", "default"]),
        (&["reproduce", bad.to_str().unwrap()], 3, &["layrs", "nearest"]),
        (&["reproduce", broken.to_str().unwrap()], 3, &["broken.toml"]),
        (&["reproduce", "--set", "solver.base_rl=1"], 3, &["solver.base_rl", "solver.base_lr"]),
        (&["reproduce", "--set", "solver.momentum=2"], 3, &["momentum"]),
        (&["reproduce", "--set", "protocol.layers=[8]"], 3, &["protocol.layers", "1 to 7", "8"]),
        (&["reproduce", "--set", "data.views=3"], 3, &["data.views", "augmentation"]),
        (&["reproduce", "--set", "protocol.train_sizes=[5, 5]"], 3, &["protocol.train_sizes", "distinct"]),
        (&["reproduce", "--set", "protocol.train_sizes=[600]"], 3, &["protocol.train_sizes", "600"]),
        (&["reproduce", "--set", "protocol.split=halves"], 3, &["halves", "random", "two-data-sets"]),
        (&["reproduce", "--set", "protocol.split=man-made-natural"], 3, &["protocol.splits", "replicates"]),
        (&["reproduce", "--set", "protocol.split=distance"], 3, &["protocol.sources", "other-classes", "noise"]),
        (&["reproduce", "--set", "protocol.sources=[\"noise\"]"], 3, &["protocol.sources", "distance"]),
        (
            &[
                "reproduce",
                "--set",
                "protocol.split=distance",
                "--set",
                "protocol.sources=[\"opposite-kind\"]",
                "--set",
                "protocol.classes_per_half=3",
            ],
            3,
            &["protocol.sources", "opposite-kind", "fashion-mnist"],
        ),
        (&["reproduce", "--set", "protocol.base_draws=0"], 3, &["protocol.base_draws", "at least 1"]),
        (&["reproduce", "--set", "data.mean_of=both"], 3, &["both", "source", "target"]),
        (&["reproduce", "--set", "data.other_source=noise"], 3, &["data.other_source", "two-data-sets"]),
        (
            &[&["reproduce", "--set", "net.name=alexnet32"][..], &TWO_DATA_SETS].concat(),
            3,
            &["data.fit", "pad", "[28, 28, 1]", "[32, 32, 3]"],
        ),
        (&["reproduce", "--set", "net.name=\"alexnet82\""], 3, &["alexnet82", "alexnet32"]),
        (&["reproduce", "--set", "net.outputs=2"], 4, &["label", "outputs"]),
        (&["reproduce", "--set", "data.source=\"cifar10\""], 3, &["data.path"]),
        (&["reproduce", "--set", "data.source=\"idx\"", "--set", "data.path=\"/nowhere\""], 4, &["/nowhere"]),
        (&["run", "default", "s0-r0-A3B-"], 3, &["s0-r0-A3B-", "s0-r0-A3B"]),
        (&["reproduce", "--set", "solver.loss_scale=512"], 3, &["loss_scale", "precision"]),
        (&["reproduce", "--device", "cpu", "--precision", "mixed"], 5, &["cpu", "mixed", "`--precision f32`"]),
        (&["train", "--device", "cpu", "--precision", "mixed"], 5, &["cpu", "mixed", "`--precision f32`"]),
        (&["gradcheck", "--device", "cpu", "--precision", "mixed"], 5, &["cpu", "mixed", "`--precision f32`"]),
        (&["reproduce", "--device", "toaster"], 5, &["toaster", "cpu"]),
        (&["reproduce", "--device", "gpu:no-such-adapter"], 5, &["no-such-adapter"]),
    ];
    for (args, code, words) in cases {
        let of_study = if ["reproduce", "run"].contains(&args[0]) { &["--quick", "--runs", dir][..] } else { &[] };
        let output = strata(args).args(of_study).output().unwrap();
        let message = err(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
        for word in words {
            assert!(message.contains(word), "{args:?}: {word} is missing in {message}");
        }
        assert!(!message.contains("panicked"), "{args:?}: {message}");
        std::fs::remove_dir_all(runs.path().join("default-quick")).ok();
    }
    assert_eq!(strata(&["reproduce", "--no-such-flag"]).output().unwrap().status.code(), Some(2));
    let output = strata(&["reproduce", "--precision", "half"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("f32, mixed, f16x3"), "{}", err(&output));
    let output = strata(&["plan", "--device", "cpu"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "a plan is the same on every device");
    assert!(err(&output).contains("--memory"), "{}", err(&output));
}

#[test]
fn none_of_what_there_must_be_one_of_is_a_wrong_argument() {
    let wrong: [&[&str]; 8] = [
        &["bench", "step", "--jobs", "0"],
        &["bench", "step", "--batch", "0"],
        &["bench", "step", "--steps", "0"],
        &["bench", "kernels", "--net", "alexnet28", "--batch", "0"],
        &["bench", "kernels", "--steps", "0"],
        &["tune", "--net", "alexnet28", "--batch", "0"],
        &["tune", "--steps", "0"],
        &["reproduce", "--jobs", "0"],
    ];
    for args in wrong {
        let output = strata(args).output().unwrap();
        let (message, name) = (err(&output), args[args.len() - 2]);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(message.contains(name) && message.contains("0 is not in 1.."), "{args:?}: {message}");
    }
}

#[test]
fn a_run_directory_of_another_configuration_is_refused_and_left_alone() {
    let runs = tempfile::tempdir().unwrap();
    assert!(tiny(&["run", "default", "s0-r0-baseA"], runs.path()).output().unwrap().status.success());
    let before = results(runs.path());
    let output = tiny(&["run", "default", "s0-r0-baseA", "--set", "seed=9"], runs.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(err(&output).contains("seed = 9"), "{}", err(&output));
    assert_eq!(results(runs.path()), before);
}

#[test]
fn a_network_of_other_settings_is_refused_by_its_own_manifest() {
    let runs = tempfile::tempdir().unwrap();
    assert!(tiny(&["run", "default", "s0-r0-baseA"], runs.path()).output().unwrap().status.success());
    // Somebody moved the network into a directory of another experiment.
    let folder = runs.path().join("default-quick");
    let text = std::fs::read_to_string(folder.join("experiment.toml")).unwrap();
    std::fs::write(folder.join("experiment.toml"), text.replace("seed = 1", "seed = 9")).unwrap();
    let run = |node: &str| tiny(&["run", "default", node, "--set", "seed=9"], runs.path()).output().unwrap();
    let refused = run("s0-r0-baseA");
    assert_eq!(refused.status.code(), Some(6), "{}", err(&refused));
    assert!(err(&refused).contains("there: seed = 1; now: seed = 9"), "{}", err(&refused));
    assert!(run("s0-r0-baseB").status.success(), "a network without a manifest is not refused");
}

#[test]
fn a_damaged_parent_is_named_and_not_used() {
    let runs = tempfile::tempdir().unwrap();
    assert!(tiny(&["run", "default", "s0-r0-baseA"], runs.path()).output().unwrap().status.success());
    let weights = runs.path().join("default-quick/s0-r0-baseA/weights.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    let output = tiny(&["run", "default", "s0-r0-A1B"], runs.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(err(&output).contains("baseA") && err(&output).contains("digest"), "{}", err(&output));
}

#[test]
fn a_network_is_refused_whose_parent_was_trained_again_to_other_weights() {
    let runs = tempfile::tempdir().unwrap();
    let run = |name: &str| tiny(&["run", "default", name], runs.path()).output().unwrap();
    assert!(run("s0-r0-A1B").status.success());
    assert!(run("s0-r0-A1B").status.success());
    // As if the base had been made on another device: its manifest has another digest of its weights.
    let file = runs.path().join("default-quick/s0-r0-baseA/manifest.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.starts_with("weights = ")).unwrap();
    std::fs::write(&file, text.replace(line, &format!("weights = \"{}\"", "0".repeat(64)))).unwrap();
    let output = run("s0-r0-A1B");
    assert!(!output.status.success());
    assert!(err(&output).contains("trained again to other weights"), "{}", err(&output));
}

#[test]
fn a_network_of_other_sums_is_refused_where_it_was_computed_on_the_same_device() {
    let runs = tempfile::tempdir().unwrap();
    let run = |name: &str| tiny(&["run", "default", name], runs.path()).output().unwrap();
    assert!(run("s0-r0-baseA").status.success());
    let file = runs.path().join("default-quick/s0-r0-baseA/manifest.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.starts_with("numerics = ")).unwrap();
    // As a version of strata from before sums were counted left it, and one that counts on.
    for (numerics, named) in [("", "numerics there: none"), ("numerics = 99", "numerics there: 99")] {
        std::fs::write(&file, text.replace(line, numerics)).unwrap();
        for node in ["s0-r0-baseA", "s0-r0-A1B"] {
            let output = run(node);
            assert_eq!(output.status.code(), Some(6), "{}", err(&output));
            assert!(err(&output).contains(named), "{}", err(&output));
        }
    }
}
