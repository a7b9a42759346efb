//! Workers that give their machine back.

use crate::reliability::made::{err, held, kill, network, strata};
use std::process::{Command, Stdio};

#[test]
fn a_worker_without_anything_to_train_exits_after_a_while_and_leaves_what_it_has_done() {
    let runs = tempfile::tempdir().unwrap();
    let mut owner = held(strata(&["run", "default", "s0-r0-baseA"], runs.path()), "state.safetensors", 8).unwrap();
    let mut worker = strata(&["reproduce", "--jobs", "2", "--idle-exit", "0.01"], runs.path());
    let output = worker.output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", err(&output));
    assert!(err(&output).contains("nothing to train for 0.01 minutes: 3 networks"), "{}", err(&output));
    for (name, is_done) in [("s0-r0-baseB", true), ("s0-r0-B4B", true), ("s0-r0-A4A", false), ("s0-r0-A4B+", false)] {
        assert_eq!(network(runs.path(), name).join("manifest.toml").exists(), is_done, "{name}");
    }
    assert!(!runs.path().join("default/report").exists());
    assert!(kill(&mut owner));
}

#[test]
fn a_worker_whose_time_is_up_stops_with_a_checkpoint_as_by_a_signal() {
    let runs = tempfile::tempdir().unwrap();
    let long = ["--set", "solver.max_iter=1000000", "--set", "protocol.checkpoint_every=1000000"];
    let mut command = strata(&["reproduce", "--jobs", "1", "--max-time", "0.02"], runs.path());
    let output = command.args(long).output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", err(&output));
    assert!(err(&output).contains("stopped with a checkpoint"), "{}", err(&output));
    assert!(network(runs.path(), "s0-r0-baseA").join("state.safetensors").exists());
}

#[test]
fn times_that_are_none_are_refused_with_an_example() {
    let runs = tempfile::tempdir().unwrap();
    for option in ["--idle-exit", "--max-time"] {
        for time in ["0", "-1", "soon", "nan", "1e300"] {
            let given = format!("{option}={time}");
            let output = strata(&["reproduce", &given], runs.path()).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{time}: {}", err(&output));
            assert!(err(&output).contains("number of minutes above 0"), "{}", err(&output));
        }
    }
}

/// The device of a command that trains nothing.
fn device(name: &str, visible: Option<&str>) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    command.args(["gradcheck", "--device", name]).stdout(Stdio::null());
    if let Some(visible) = visible {
        command.env("CUDA_VISIBLE_DEVICES", visible);
    }
    let output = command.output().unwrap();
    (output.status.code(), err(&output))
}

#[test]
fn a_gpu_is_chosen_by_its_number_and_one_that_is_not_there_is_refused_with_those_that_are() {
    let output = Command::new(env!("CARGO_BIN_EXE_strata")).args(["devices", "--format", "json"]).output().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let adapters = listed["adapters"].as_array().unwrap();
    assert!(adapters.iter().enumerate().all(|(place, adapter)| adapter["index"] == place));
    let (code, said) = device("gpu:99", None);
    assert_eq!(code, Some(5), "{said}");
    let first = adapters[0]["name"].as_str().unwrap();
    assert!(said.contains("no adapter number 99") && said.contains(&format!("gpu:0 {first}")), "{said}");
}
