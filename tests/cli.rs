//! The command line, end to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

/// A study that ends in seconds: one split, three values of n, few steps, the cpu.
const TINY: [&str; 14] = [
    "--quick",
    "--device",
    "cpu",
    "--set",
    "protocol.layers=[1, 4, 7]",
    "--set",
    "solver.max_iter=6",
    "--set",
    "data.train_per_class=20",
    "--set",
    "solver.batch_size=10",
    "--set",
    "protocol.checkpoint_every=2",
    "--runs",
];

/// Fashion-MNIST against noise.
const TWO_DATA_SETS: [&str; 6] =
    ["--set", "protocol.split=two-data-sets", "--set", "data.other_source=noise", "--set", "protocol.splits=[0]"];

fn strata(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    command.args(args);
    command
}

fn tiny(verb: &[&str], runs: &Path) -> Command {
    let mut command = strata(verb);
    command.args(TINY).arg(runs);
    command
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Name and content of every file that must not depend on how a study was run.
fn results(runs: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for node in std::fs::read_dir(runs.join("default-quick")).unwrap() {
        let node = node.unwrap().path();
        for name in ["weights.safetensors", "log.jsonl", "confusion.json", "manifest.toml"] {
            if let Ok(bytes) = std::fs::read(node.join(name)) {
                files.push((format!("{}/{name}", node.file_name().unwrap().to_string_lossy()), bytes));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn reproduce_runs_every_arm_and_ends_with_the_table_and_the_report() {
    let runs = tempfile::tempdir().unwrap();
    let output = tiny(&["reproduce"], runs.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&output);
    for word in ["BnB+", "AnB", "random-caffe", "random-he", "restart gain", "report:"] {
        assert!(text.contains(word), "{word} is missing in:\n{text}");
    }
    let page = runs.path().join("default-quick/report/report.html");
    assert!(std::fs::read_to_string(page).unwrap().contains("A4B+"));

    // 2 bases, 2 restarts, 6 arms x 3 layers x 2 targets, each with weights, log, confusion counts and manifest.
    assert_eq!(results(runs.path()).len(), 4 * (2 + 2 + 36));

    let before = results(runs.path());
    let again = tiny(&["reproduce", "--format", "json"], runs.path()).output().unwrap();
    assert!(again.status.success());
    assert_eq!(results(runs.path()), before, "what is done is not done again");
    let json: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert!(json.is_object());
}

#[test]
fn a_killed_study_goes_on_to_the_same_bytes() {
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(tiny(&["reproduce"], whole.path()).output().unwrap().status.success());
    for delay in [40, 160, 400, 700] {
        let mut child = tiny(&["reproduce", "--jobs", "2"], killed.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = tiny(&["reproduce", "--jobs", "1"], killed.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let (a, b) = (results(whole.path()), results(killed.path()));
    assert_eq!(a.len(), b.len());
    for ((name, left), (other, right)) in a.iter().zip(&b) {
        assert_eq!(name, other);
        assert!(left == right, "{name} differs");
    }
}

#[test]
#[cfg(unix)]
fn an_interrupt_writes_a_checkpoint_and_exits_with_130() {
    let runs = tempfile::tempdir().unwrap();
    let mut child = strata(&["reproduce", "--device", "cpu", "--set", "protocol.checkpoint_every=2", "--runs"])
        .arg(runs.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let state = runs.path().join("default/s0-r0-baseA/state.safetensors");
    let start = Instant::now();
    while !state.exists() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(state.exists());
}

#[test]
fn plan_lists_every_network_with_parents_and_state() {
    let runs = tempfile::tempdir().unwrap();
    let output = strata(&["plan", "--format", "json", "--runs"]).arg(runs.path()).output().unwrap();
    let nodes: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    // 2 splits: 2 bases, 2 restarts, 6 arms x 7 layers x 2 targets.
    assert_eq!(nodes.len(), 2 * (2 + 2 + 84));
    let node = nodes.iter().find(|node| node["name"] == "s0-r0-A3B+").unwrap();
    assert_eq!(node["arm"], "AnB+");
    assert_eq!(node["n"], 3);
    assert_eq!(node["parents"], serde_json::json!(["s0-r0-baseA"]));
    assert_eq!(node["state"], "pending");
    assert!(nodes.iter().find(|node| node["name"] == "s0-r0-baseB").unwrap()["n"].is_null());
}

#[test]
fn plan_counts_the_work_and_what_freezing_caching_and_sharing_save() {
    let runs = tempfile::tempdir().unwrap();
    let plan = |format: &str| {
        let arms = "protocol.arms=[\"BnB+\", \"AnB\", \"AnB-probe\", \"random-he\"]";
        let mut command = strata(&["plan", "--set", arms, "--format", format, "--runs"]);
        let output = command.arg(runs.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    let nodes: Vec<serde_json::Value> = serde_json::from_str(&plan("json")).unwrap();
    let work = |name: &str| {
        let node = nodes.iter().find(|node| node["name"] == name).unwrap();
        ["all_layers_learning", "with_frozen_layers", "computed"]
            .map(|key| node["multiply_adds"][key].as_u64().unwrap())
    };
    let [whole, pruned, computed] = work("s0-r0-baseB");
    assert!(whole == pruned && pruned == computed);
    assert_eq!(work("s0-r0-B4B+"), work("s0-r0-baseB"));
    for n in 1..=7 {
        let [transfer_whole, transfer_pruned, transfer_computed] = work(&format!("s0-r0-A{n}B"));
        assert_eq!(transfer_whole, whole);
        assert!(transfer_computed < transfer_pruned && transfer_pruned < whole, "n = {n}");
        assert_eq!(work(&format!("s0-r0-random-he{n}B")), work(&format!("s0-r0-A{n}B")));
    }
    assert!(work("s0-r0-A7B")[2] < work("s0-r0-A1B")[2]);
    let text = plan("text");
    assert_eq!(text.matches("% saved").count(), 3, "{text}");
    assert!(!text.contains(" 0.0 % saved"), "{text}");
}

#[test]
fn networks_trained_side_by_side_on_shared_activations_have_the_bytes_of_networks_alone() {
    let (study, alone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // 10 steps of 10 images see each of 100 once, so that a frozen prefix is computed once for all of them.
    let sets = ["protocol.arms=[\"BnB\", \"BnB-preserve1\", \"BnB-probe\"]", "solver.max_iter=10"];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let output = tiny(&["reproduce", "--jobs", "2"], study.path()).args(&sets).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let all = results(study.path());
    assert_eq!(all.len(), 4 * (2 + 3 * 3 * 2));
    for node in ["s0-r0-B4B", "s0-r0-B4B-preserve1", "s0-r0-B4B-probe", "s0-r0-B7B-preserve1", "s0-r0-B7B-probe"] {
        let output = tiny(&["run", "default", node], alone.path()).args(&sets).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
    for file in results(alone.path()) {
        assert!(all.contains(&file), "{} differs", file.0);
    }
}

#[test]
fn run_trains_a_network_and_what_is_missing_of_its_parents() {
    let runs = tempfile::tempdir().unwrap();
    let output = tiny(&["run", "default", "s0-r0-A4B"], runs.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let folder = runs.path().join("default-quick");
    let weights = folder.join("s0-r0-A4B/weights.safetensors");
    assert!(out(&output).contains(&weights.display().to_string()));
    let (donor, _) = strata::nn::weights::read(&folder.join("s0-r0-baseA/weights.safetensors")).unwrap();
    let (transferred, _) = strata::nn::weights::read(&weights).unwrap();
    for layer in ["conv1", "conv2", "conv3", "conv4"] {
        for kind in ["weight", "bias"] {
            let name = format!("{layer}.{kind}");
            let bits = |t: &strata::nn::weights::Tensors| t[&name].1.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&donor), bits(&transferred), "{name} is the donor's to the last bit");
        }
    }
    assert_ne!(donor["conv5.weight"], transferred["conv5.weight"]);
}

/// Trains some networks of a tiny plan with every arm, and returns the folder of its networks.
fn trained(runs: &Path, sets: &[&str], nodes: &[&str]) -> std::path::PathBuf {
    let arms =
        "protocol.arms=[\"BnB\", \"BnB-preserve1\", \"AnB-preserve2\", \"random-moments\", \"AnB-probe\", \"AnB\"]";
    for node in nodes {
        let mut command = tiny(&["run", "default", node, "--set", arms], runs);
        let output = command.args(sets.iter().flat_map(|set| ["--set", set])).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
    runs.join("default-quick")
}

fn tensors(folder: &Path, node: &str) -> strata::nn::weights::Tensors {
    strata::nn::weights::read(&folder.join(node).join("weights.safetensors")).unwrap().0
}

/// With a learning rate that changes nothing, a network ends where it started.
const STILL: [&str; 2] = ["solver.base_lr=1e-30", "solver.weight_decay=0"];

#[test]
fn preserved_layers_start_as_in_the_base_and_those_above_as_in_the_other_arms() {
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &STILL, &["s0-r0-A4B-preserve2", "s0-r0-B4B-preserve1", "s0-r0-A4B"]);
    let [base_a, base_b] = ["s0-r0-baseA", "s0-r0-baseB"].map(|node| tensors(&folder, node));
    let two = tensors(&folder, "s0-r0-A4B-preserve2");
    let one = tensors(&folder, "s0-r0-B4B-preserve1");
    let none = tensors(&folder, "s0-r0-A4B");
    for (layer, number) in ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"].iter().zip(1..) {
        let name = format!("{layer}.weight");
        assert_eq!(two[&name] == base_a[&name], number <= 6, "{name}");
        assert_eq!(one[&name] == base_b[&name], number <= 5, "{name}");
        assert_eq!(two[&name] == none[&name], number != 5 && number != 6, "{name}");
    }
    // They learn where learning is on: all above the cut do.
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &[], &["s0-r0-A4B-preserve2"]);
    let (base, preserved) = (tensors(&folder, "s0-r0-baseA"), tensors(&folder, "s0-r0-A4B-preserve2"));
    assert_eq!(base["conv4.weight"], preserved["conv4.weight"]);
    assert_ne!(base["conv5.weight"], preserved["conv5.weight"]);
}

#[test]
fn random_filters_of_matched_moments_have_the_means_and_deviations_of_the_base() {
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &[], &["s0-r0-random-moments4B"]);
    let (base, random) = (tensors(&folder, "s0-r0-baseB"), tensors(&folder, "s0-r0-random-moments4B"));
    let moments = |values: &[f32]| {
        let count = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        (mean, (values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count).sqrt())
    };
    for layer in ["conv1", "conv2", "conv3", "conv4"] {
        let name = format!("{layer}.weight");
        let (learned, drawn) = (&base[&name].1, &random[&name].1);
        let ((mean, std), (drawn_mean, drawn_std)) = (moments(learned), moments(drawn));
        let count = learned.len() as f64;
        // Within five standard errors of the moments.
        assert!((mean - drawn_mean).abs() < 5.0 * std / count.sqrt(), "{name}: {mean} and {drawn_mean}");
        assert!((std - drawn_std).abs() < 5.0 * std / (2.0 * count).sqrt(), "{name}: {std} and {drawn_std}");
        let alike = learned.iter().zip(drawn).map(|(&a, &b)| f64::from(a - mean as f32) * f64::from(b - mean as f32));
        assert!((alike.sum::<f64>() / count / std.powi(2)).abs() < 5.0 / count.sqrt(), "{name} is not the base's");
    }
}

#[test]
fn a_probe_learns_one_softmax_layer_on_the_others_frozen_layers() {
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &[], &["s0-r0-A4B-probe"]);
    let (base, probe) = (tensors(&folder, "s0-r0-baseA"), tensors(&folder, "s0-r0-A4B-probe"));
    let names: Vec<&str> = probe.keys().map(String::as_str).collect();
    let layers = ["conv1", "conv2", "conv3", "conv4", "fc8"];
    assert_eq!(names, layers.map(|layer| [format!("{layer}.bias"), format!("{layer}.weight")]).concat());
    for layer in &layers[..4] {
        assert_eq!(base[&format!("{layer}.weight")], probe[&format!("{layer}.weight")]);
    }
    // conv4 gives 48 channels of 7x7.
    assert_eq!(probe["fc8.weight"].0, [5, 48 * 7 * 7]);
}

#[test]
fn a_reduced_set_trains_on_fewer_images_and_is_evaluated_on_as_many() {
    let runs = tempfile::tempdir().unwrap();
    let nodes = ["s0-r0-k4-B1B", "s0-r0-k4-A1B", "s0-r0-B1B"];
    let folder = trained(runs.path(), &["protocol.train_sizes=[4]"], &nodes);
    let last = |node: &str| strata::train::record::read(&folder.join(node).join("log.jsonl")).unwrap().pop().unwrap();
    for (node, images) in [("s0-r0-k4-baseB", 20.0), ("s0-r0-k4-A1B", 20.0), ("s0-r0-B1B", 100.0)] {
        // Six steps of ten images.
        assert_eq!(last(node).epoch, 60.0 / images, "{node}");
        assert_eq!(last(node).images, 50, "{node}");
    }
    assert_eq!(tensors(&folder, "s0-r0-k4-B1B")["conv1.weight"], tensors(&folder, "s0-r0-k4-baseB")["conv1.weight"]);
    assert_eq!(tensors(&folder, "s0-r0-k4-A1B")["conv1.weight"], tensors(&folder, "s0-r0-baseA")["conv1.weight"]);
    assert_ne!(tensors(&folder, "s0-r0-k4-baseB")["conv1.weight"], tensors(&folder, "s0-r0-baseB")["conv1.weight"]);
}

#[test]
fn similarities_compare_the_bases_with_each_other_and_fine_tuned_networks_with_their_parents() {
    let runs = tempfile::tempdir().unwrap();
    let sets =
        ["protocol.similarity_images=50", "protocol.arms=[\"AnB+\"]", "protocol.layers=[4]", "data.test_per_class=10"];
    let sets: Vec<&str> = sets.iter().chain(&STILL).flat_map(|set| ["--set", set]).collect();
    let output = tiny(&["reproduce"], runs.path()).args(&sets).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let path = runs.path().join("default-quick/similarity.json");
    let bytes = std::fs::read(&path).unwrap();
    let found: strata::protocol::similarity::Similarities = serde_json::from_slice(&bytes).unwrap();
    let rows = |network: &str, other: &str| {
        found.rows.iter().filter(|row| row.network == network && row.other == other).collect::<Vec<_>>()
    };
    // Eight layers by eight on the images of both halves.
    let bases = rows("s0-r0-baseA", "s0-r0-baseB");
    assert_eq!(bases.len(), 2 * 64);
    assert!(bases.iter().all(|row| row.count == 50 && (0.0..0.9999).contains(&row.value.unwrap())));
    // With a learning rate of nothing the copied layers are the parent's, and those above are not.
    let tuned = rows("s0-r0-A4B+", "s0-r0-baseA");
    assert_eq!(tuned.len(), 8);
    for (row, number) in tuned.iter().zip(1..) {
        assert_eq!((&row.layer, row.images.as_str()), (&row.other_layer, "B"));
        assert_eq!(row.value.unwrap() > 1.0 - 1e-12, number <= 4, "{}: {:?}", row.layer, row.value);
    }
    assert_eq!(found.rows.len(), 128 + 2 * 8);

    let again = tiny(&["similarity", "default", "--format", "json"], runs.path()).args(&sets).output().unwrap();
    assert!(again.status.success(), "{}", err(&again));
    assert_eq!(serde_json::from_slice::<strata::protocol::similarity::Similarities>(&again.stdout).unwrap(), found);
    std::fs::remove_file(&path).unwrap();
    let computed = tiny(&["similarity", "default"], runs.path()).args(&sets).output().unwrap();
    assert!(out(&computed).contains("s0-r0-A4B+"), "{}", err(&computed));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the same bytes again");
}

/// Every bad input: one message that names the remedy, the documented exit code, nothing lost.
#[test]
fn bad_input_gives_one_clear_message_and_its_exit_code() {
    let runs = tempfile::tempdir().unwrap();
    let dir = runs.path().to_str().unwrap();
    let bad = runs.path().join("bad.toml");
    std::fs::write(&bad, "name = \"x\"\nlayrs = 3\n").unwrap();
    let broken = runs.path().join("broken.toml");
    std::fs::write(&broken, "name = ").unwrap();
    let cases: [(&[&str], i32, &[&str]); 20] = [
        (&["reproduce", "nonsense"], 3, &["nonsense", "default"]),
        (&["reproduce", bad.to_str().unwrap()], 3, &["layrs", "nearest"]),
        (&["reproduce", broken.to_str().unwrap()], 3, &["broken.toml"]),
        (&["reproduce", "--set", "solver.base_rl=1"], 3, &["solver.base_rl", "solver.base_lr"]),
        (&["reproduce", "--set", "solver.momentum=2"], 3, &["momentum"]),
        (&["reproduce", "--set", "protocol.layers=[8]"], 3, &["protocol.layers", "1 to 7", "8"]),
        (&["reproduce", "--set", "data.views=3"], 3, &["data.views", "augmentation"]),
        (&["reproduce", "--set", "protocol.train_sizes=[5, 5]"], 3, &["protocol.train_sizes", "differ"]),
        (&["reproduce", "--set", "protocol.train_sizes=[600]"], 3, &["protocol.train_sizes", "600"]),
        (&["reproduce", "--set", "protocol.split=halves"], 3, &["halves", "random", "two-data-sets"]),
        (&["reproduce", "--set", "protocol.split=man-made-natural"], 3, &["protocol.splits", "replicates"]),
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
        (&["reproduce", "--device", "toaster"], 5, &["toaster", "cpu"]),
        (&["reproduce", "--device", "gpu:no-such-adapter"], 5, &["no-such-adapter"]),
    ];
    for (args, code, words) in cases {
        let output = strata(args).args(["--quick", "--runs", dir]).output().unwrap();
        let message = err(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
        for word in words {
            assert!(message.contains(word), "{args:?}: {word} is missing in {message}");
        }
        assert!(!message.contains("panicked"), "{args:?}: {message}");
        std::fs::remove_dir_all(runs.path().join("default-quick")).ok();
    }
    assert_eq!(strata(&["reproduce", "--no-such-flag"]).output().unwrap().status.code(), Some(2));
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
fn more_splits_arms_and_layers_extend_a_run_directory_and_the_report_covers_the_union() {
    let runs = tempfile::tempdir().unwrap();
    let reproduce = |sets: &[&str]| {
        let mut command = tiny(&["reproduce", "--format", "json"], runs.path());
        let output = command.args(sets.iter().flat_map(|set| ["--set", set])).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    // The cut-down plan keeps the first split that it is given.
    let first = reproduce(&["protocol.arms=[\"AnB\"]", "protocol.layers=[2]"]);
    assert!(first.contains("s0-r0-A2B") && !first.contains("s1-r0-baseA"));
    let before = results(runs.path());
    assert_eq!(before.len(), 4 * 4);

    let second = reproduce(&["protocol.splits=[1]", "protocol.arms=[\"BnB\", \"AnB\"]", "protocol.layers=[1, 2]"]);
    for name in ["s0-r0-A2B", "s1-r0-baseA", "s1-r0-B1B", "s1-r0-A2B"] {
        assert!(second.contains(name), "{name} is missing in the union");
    }
    let after = results(runs.path());
    assert_eq!(after.len(), 4 * (4 + 10));
    assert!(before.iter().all(|file| after.contains(file)), "what was there has not changed");

    // A network made in an extended directory is the one that a directory of its own would hold.
    let alone = tempfile::tempdir().unwrap();
    let output = tiny(&["run", "default", "s1-r0-A2B", "--set", "protocol.splits=[1]"], alone.path())
        .args(["--set", "protocol.layers=[2]"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(results(alone.path()).iter().all(|file| after.contains(file)));

    let report = strata(&["report", "--format", "json"]).arg(runs.path().join("default-quick")).output().unwrap();
    assert_eq!(out(&report), second, "a report of the directory covers the same union");
    let changed = tiny(&["reproduce", "--set", "solver.base_lr=0.02"], runs.path()).output().unwrap();
    assert_eq!(changed.status.code(), Some(6), "{}", err(&changed));
    assert!(err(&changed).contains("solver.base_lr = 0.02"), "{}", err(&changed));
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
fn the_confusion_counts_agree_with_the_accuracy_of_the_last_evaluation() {
    let runs = tempfile::tempdir().unwrap();
    assert!(tiny(&["run", "default", "s0-r0-baseA"], runs.path()).output().unwrap().status.success());
    let folder = runs.path().join("default-quick/s0-r0-baseA");
    let bytes = std::fs::read(folder.join("confusion.json")).unwrap();
    let confusion: strata::train::Confusion = serde_json::from_slice(&bytes).unwrap();
    let last = strata::train::record::read(&folder.join("log.jsonl")).unwrap().pop().unwrap();
    assert_eq!(confusion.classes.len(), 5);
    // Ten test images of each class.
    assert!(confusion.counts.iter().all(|row| row.len() == 5 && row.iter().sum::<u64>() == 10));
    assert_eq!(confusion.right() as f64 / 50.0, last.top1);
    let manifest: toml::Table = std::fs::read_to_string(folder.join("manifest.toml")).unwrap().parse().unwrap();
    assert_eq!(manifest["confusion"].as_str().unwrap(), strata::host::digest::hex(&bytes));
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
fn several_run_directories_make_one_report_in_the_named_folder() {
    let runs = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        let set = format!("name=\"{name}\"");
        let output = tiny(&["run", "default", "s0-r0-A4B", "--set", &set], runs.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
    let folders = ["one-quick", "two-quick"].map(|name| runs.path().join(name));
    let unnamed = strata(&["report"]).args(&folders).output().unwrap();
    assert!(!unnamed.status.success() && err(&unnamed).contains("--out"), "{}", err(&unnamed));

    let out_folder = runs.path().join("together");
    let output = strata(&["report", "--format", "json", "--out"]).arg(&out_folder).args(&folders).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<&str> =
        json["studies"].as_array().unwrap().iter().map(|s| s["experiment"].as_str().unwrap()).collect();
    assert_eq!(names, ["one-quick", "two-quick"]);
    assert!(json["claims"].as_array().unwrap().len() == 6);
    let page = std::fs::read_to_string(out_folder.join("report.html")).unwrap();
    assert!(page.contains("one-quick: random halves") && page.contains("two-quick: random halves"));
}

#[test]
fn two_data_sets_are_two_tasks_in_both_directions_and_their_report_names_them() {
    let runs = tempfile::tempdir().unwrap();
    let mut command = tiny(&["reproduce"], runs.path());
    command.args(TWO_DATA_SETS);
    for set in [
        "net.name=alexnet32",
        "data.fit=pad",
        "protocol.classes_per_half=4",
        "protocol.arms=[\"BnB\", \"AnB\"]",
        "protocol.train_sizes=[5]",
        "protocol.train_sizes_of=random",
    ] {
        command.args(["--set", set]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let folder = runs.path().join("default-quick");
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("report/results.json")).unwrap();
    let study = &json["studies"][0];
    assert_eq!((&study["kind"], &study["dataset"]), (&"other-data".into(), &"fashion-mnist and noise".into()));
    // Two bases, two arms at three n on two targets, at both sizes.
    assert_eq!(study["states"]["done"], 2 * (2 + 12));
    let classes = |node: &str| -> Vec<String> {
        let json: serde_json::Value = serde_json::from_str(&read(&format!("{node}/confusion.json"))).unwrap();
        serde_json::from_value(json["classes"].clone()).unwrap()
    };
    let [a, b] = ["s0-r0-baseA", "s0-r0-baseB"].map(classes);
    assert!(a.len() == 4 && a.iter().all(|name| !name.starts_with("noise")), "{a:?}");
    assert!(b.len() == 4 && b.iter().all(|name| name.starts_with("noise")), "{b:?}");
    assert_eq!((classes("s0-r0-A4B"), classes("s0-r0-B7A")), (b, a));
    assert!(read("report/targets.svg").contains("target B, noise"));
}

#[test]
fn the_published_runs_are_printed_and_written_where_a_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = strata(&["report", "--published", "--out"]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    for words in [
        "layers 1-7: 1.6 / 1.4",
        "layers 3-7: 1.8 / 1.4",
        "layers 5-7: 2.1 / 1.7",
        "AnB+ +0.97 (10 runs), BnB+ +0.97 (10 runs)",
    ] {
        assert!(out(&output).contains(words), "{words} is missing in {}", out(&output));
    }
    for file in
        ["report.html", "results.json", "figure3.svg", "preserved-published.svg", "published-random-halves-figure2.svg"]
    {
        assert!(folder.path().join(file).is_file(), "{file} was not written");
    }
}

/// Two classes of six small PNGs, and one file that is none.
fn image_folder(root: &Path) {
    for i in 0..12u8 {
        let class = root.join(format!("set/{}/{}", ["train", "val"][usize::from(i / 8)], i % 2));
        std::fs::create_dir_all(&class).unwrap();
        let pixel = |x: u32, y: u32| image::Rgb([(x * 9) as u8, (y * 7) as u8, i * 20]);
        image::RgbImage::from_fn(20, 30, pixel).save(class.join(format!("{i}.png"))).unwrap();
    }
}

#[test]
fn a_folder_is_packed_inspected_and_trained_on() {
    let root = tempfile::tempdir().unwrap();
    image_folder(root.path());
    let (set, store, sheet) = (root.path().join("set"), root.path().join("set.pack"), root.path().join("sheet.png"));
    let pack = |more: &[&str]| {
        let mut command = strata(&["data", "pack", "--size", "32"]);
        command.arg(&set).arg("--out").arg(&store).args(more).output().unwrap()
    };
    std::fs::write(set.join("train/0/bad.png"), "no image").unwrap();
    let refused = pack(&[]);
    assert_eq!(refused.status.code(), Some(4), "{}", err(&refused));
    assert!(err(&refused).contains("bad.png"), "{}", err(&refused));
    let packed = pack(&["--on-bad-image", "skip", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&packed.stdout).unwrap();
    assert_eq!((&json["images"], &json["skipped"][0]["name"]), (&12.into(), &"train/0/bad.png".into()));
    assert!(err(&packed).contains("skipped train/0/bad.png"), "{}", err(&packed));

    let inspected = strata(&["data", "inspect", "packed"]).arg(&store).arg("--sheet").arg(&sheet).output().unwrap();
    assert!(out(&inspected).contains("set: 2 classes, images of 32 x 32 x 3"), "{}", out(&inspected));
    assert_eq!(image::open(&sheet).unwrap().height(), 2 * 33 + 1);

    let train = |source: &str, path: &Path| {
        let args = ["train", "--device", "cpu", "--net", "alexnet32", "--max-iter", "2", "--batch-size", "4", "--data"];
        let output = strata(&args).arg(source).arg("--data-path").arg(path).output().unwrap();
        assert!(err(&output).contains("waiting for data"), "{}", err(&output));
        out(&output)
    };
    std::fs::remove_file(set.join("train/0/bad.png")).unwrap();
    let result = train("packed", &store);
    assert!(result.starts_with("top1 "), "{result}");
    assert_eq!(result, train("folder", &set), "the same images, the same bits");
}

#[test]
fn fetching_from_nowhere_names_the_address_and_an_unknown_name_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let fetch = |args: &[&str]| strata(&["data", "fetch"]).args(args).arg("--out").arg(folder.path()).output().unwrap();
    let output = fetch(&["mnist", "--url", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(err(&output).contains("http://127.0.0.1:9/train-images-idx3-ubyte.gz"), "{}", err(&output));
    let output = fetch(&["imagenet"]);
    assert!(!output.status.success() && err(&output).contains("mnist, fashion-mnist, cifar10, cifar100"));
}
