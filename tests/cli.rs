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
        for name in ["weights.safetensors", "log.jsonl", "manifest.toml"] {
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

    // 2 bases, 2 restarts, 6 arms x 3 layers x 2 targets, each with weights, log and manifest.
    assert_eq!(results(runs.path()).len(), 3 * (2 + 2 + 36));

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

/// Every bad input: one message that names the remedy, the documented exit code, nothing lost.
#[test]
fn bad_input_gives_one_clear_message_and_its_exit_code() {
    let runs = tempfile::tempdir().unwrap();
    let dir = runs.path().to_str().unwrap();
    let bad = runs.path().join("bad.toml");
    std::fs::write(&bad, "name = \"x\"\nlayrs = 3\n").unwrap();
    let broken = runs.path().join("broken.toml");
    std::fs::write(&broken, "name = ").unwrap();
    let cases: [(&[&str], i32, &[&str]); 13] = [
        (&["reproduce", "nonsense"], 3, &["nonsense", "default"]),
        (&["reproduce", bad.to_str().unwrap()], 3, &["layrs", "nearest"]),
        (&["reproduce", broken.to_str().unwrap()], 3, &["broken.toml"]),
        (&["reproduce", "--set", "solver.base_rl=1"], 3, &["solver.base_rl", "solver.base_lr"]),
        (&["reproduce", "--set", "solver.momentum=2"], 3, &["momentum"]),
        (&["reproduce", "--set", "protocol.layers=[8]"], 3, &["protocol.layers", "1 to 7", "8"]),
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
