//! Whole studies: killed, interrupted, side by side, one network at a time.

use super::made::{err, out, results, strata, tiny};
use std::{process::Command, time::Duration, time::Instant};

#[test]
fn reproduce_runs_every_arm_and_ends_with_the_table_and_the_report() {
    let runs = tempfile::tempdir().unwrap();
    let output = tiny(&["reproduce"], runs.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&output);
    for word in ["BnB+", "AnB", "continue", "random-he", "restart gain", "report:"] {
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
fn a_killed_study_resumes_to_the_same_bytes() {
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
