//! Devices that fail: no memory, lost, a refused pipeline, a wait without an end. `STRATA_FAULT=KIND:N` makes one meet
//! such a fault at the N-th place where it could (`src/gpu/fault.rs`), on the software adapter.

use super::made::{err, held, kill, network, results, same, strata_on};
use std::{collections::BTreeMap, fs, path::Path, process::Command};

const BASE: &str = "s0-r0-baseA";

fn command(verb: &[&str], runs: &Path) -> Command {
    let mut command = strata_on("software", verb, runs);
    command.args(["--set", "solver.max_iter=4", "--set", "protocol.arms=[]"]);
    command
}

fn base(runs: &Path) -> Command {
    command(&["run", "default", BASE], runs)
}

/// The files of an undisturbed run of one network; with `set` where there is something to set.
fn undisturbed(set: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let runs = tempfile::tempdir().unwrap();
    let output = base(runs.path()).args(set).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    results(runs.path())
}

#[test]
fn a_device_that_fails_is_an_error_of_its_kind_and_the_same_command_resumes_to_the_same_bytes() {
    let whole = undisturbed(&[]);
    let faults = [
        ("out-of-memory:1..", "out of device memory: no place for"),
        ("out-of-memory:60..", "out of device memory: no place for"),
        ("out-of-memory:200..", "out of device memory: no place for"),
        ("lost:1", "the device was lost: Destroyed"),
        ("lost:20", "the device was lost: Destroyed"),
        ("lost:100", "the device was lost: Destroyed"),
        ("lost:140", "the device was lost: Destroyed"),
        ("driver:1", "the device was lost: its driver broke off"),
        ("driver:100", "the device was lost: its driver broke off"),
        ("pipeline:1", "the device refuses the pipeline"),
        ("pipeline:9", "the device refuses the pipeline"),
        ("timeout:1", "the device did not finish a"),
        ("timeout:100", "the device did not finish a"),
    ];
    let mut from_checkpoints = 0;
    for (fault, words) in faults {
        let runs = tempfile::tempdir().unwrap();
        let output = base(runs.path()).env("STRATA_FAULT", fault).output().unwrap();
        let said = err(&output);
        assert_eq!(output.status.code(), Some(5), "{fault}: {said}");
        assert!(said.contains(words) && !said.contains("panicked"), "{fault}: {said}");
        let folder = network(runs.path(), BASE);
        assert!(!folder.join("manifest.toml").exists(), "{fault}: a fault of the device is not the network's");
        let begun = folder.join("state.safetensors").exists();
        let output = base(runs.path()).output().unwrap();
        assert!(output.status.success(), "after {fault}: {}", err(&output));
        assert_eq!(err(&output).contains("resumes from step"), begun, "after {fault}: {}", err(&output));
        from_checkpoints += u32::from(begun);
        same(&whole, &results(runs.path()));
    }
    println!("{} faults, {from_checkpoints} after a checkpoint: all byte-identical", faults.len());
    assert!(from_checkpoints >= 5, "{from_checkpoints}");
}

#[test]
fn a_batch_that_the_device_has_no_memory_for_is_halved_once_said_and_recorded() {
    let (whole, halved) = (undisturbed(&[]), undisturbed(&["--set", "solver.batch_parts=2"]));
    let weights = format!("{BASE}/weights.safetensors");
    assert!(whole[&weights] != halved[&weights], "the two differ by their rounding");
    let same_steps = |runs: &Path| {
        let found = results(runs);
        for name in ["weights.safetensors", "log.jsonl", "confusion.json"] {
            let name = format!("{BASE}/{name}");
            assert!(found[&name] == halved[&name], "{name} differs");
        }
        String::from_utf8(found[&format!("{BASE}/manifest.toml")].clone()).unwrap()
    };

    // While the network is built: all steps are those of a batch in two parts.
    let runs = tempfile::tempdir().unwrap();
    let output = base(runs.path()).env("STRATA_FAULT", "out-of-memory:40").output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("from step 0 on each batch of 8 is computed in 2 parts"), "{}", err(&output));
    let manifest = same_steps(runs.path());
    assert!(manifest.contains("[division]\nparts = 2\nfrom_step = 0"), "{manifest}");

    // A run that is killed resumes in two parts, also where there would be memory enough now.
    let runs = tempfile::tempdir().unwrap();
    let mut killed = base(runs.path());
    killed.env("STRATA_FAULT", "out-of-memory:40");
    let mut child = held(killed, "state.safetensors", 12).unwrap();
    assert!(kill(&mut child));
    let output = base(runs.path()).output().unwrap();
    assert!(output.status.success() && err(&output).contains("resumes from step 2"), "{}", err(&output));
    assert_eq!(same_steps(runs.path()), manifest);
    let report = Command::new(env!("CARGO_BIN_EXE_strata")).arg("report").arg(runs.path().join("default")).output();
    assert!(report.unwrap().status.success());
    let table = fs::read_to_string(runs.path().join("default/report/runs.csv")).unwrap();
    assert!(table.contains("batches in 2 parts from step 0 on: the device had no memory for whole ones"), "{table}");

    // While it trains: from the last checkpoint on.
    let run = || {
        let runs = tempfile::tempdir().unwrap();
        let output = base(runs.path()).env("STRATA_FAULT", "out-of-memory:200").output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        (err(&output), results(runs.path()))
    };
    let ((said, first), (_, second)) = (run(), run());
    let manifest = String::from_utf8_lossy(&first[&format!("{BASE}/manifest.toml")]).into_owned();
    let from = (1..4).find(|step| manifest.contains(&format!("parts = 2\nfrom_step = {step}"))).expect(&manifest);
    assert!(said.contains(&format!("from step {from} on each batch")), "{said}");
    assert!(said.contains(&format!("resumes from step {from}")), "{said}");
    same(&first, &second);
    assert!(first[&weights] != whole[&weights] && first[&weights] != halved[&weights]);
}

#[test]
fn a_batch_is_not_halved_where_a_normalisation_would_take_its_statistics_of_half_of_it() {
    let net = concat!("net.file=", env!("CARGO_MANIFEST_DIR"), "/tests/nets/normalised.toml");
    let runs = tempfile::tempdir().unwrap();
    let run = |set: &[&str], fault: Option<&str>| {
        let mut command = base(runs.path());
        command
            .args(["--set", net, "--set", "protocol.layers=[1]"])
            .args(set)
            .envs(fault.map(|fault| ("STRATA_FAULT", fault)));
        command.output().unwrap()
    };
    let output = run(&[], Some("out-of-memory:40"));
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    for words in ["a batch of 8 is not halved", "layer b1.norm", "solver.batch_parts = 2", "out of device memory"] {
        assert!(err(&output).contains(words), "{words}: {}", err(&output));
    }
    assert!(!network(runs.path(), BASE).join("manifest.toml").exists(), "it is not the network's fault");
    let output = run(&["--set", "solver.batch_parts=2"], None);
    assert!(output.status.success(), "{}", err(&output));
    let manifest = fs::read_to_string(network(runs.path(), BASE).join("manifest.toml")).unwrap();
    assert!(manifest.contains("batch_parts = 2") && !manifest.contains("[division]"), "{manifest}");
}

#[test]
fn a_lost_device_is_opened_anew_for_the_next_network_of_the_plan() {
    let whole = tempfile::tempdir().unwrap();
    assert!(command(&["reproduce"], whole.path()).output().unwrap().status.success());
    let whole = results(whole.path());
    let runs = tempfile::tempdir().unwrap();
    let output = command(&["reproduce"], runs.path()).env("STRATA_FAULT", "lost:60").output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    let done = |name: &str| network(runs.path(), name).join("manifest.toml").exists();
    assert!(!done("s0-r0-baseA") && done("s0-r0-baseB"), "{}", err(&output));
    assert!(fs::exists(network(runs.path(), "s0-r0-baseA").join("state.safetensors")).unwrap());
    let output = command(&["reproduce"], runs.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    same(&whole, &results(runs.path()));
}
