//! Several processes on one run directory.

use super::made::{NETWORKS, count, err, held, kill, network, nothing_left, results, same, send, strata, undisturbed};
use std::{fs, process::Stdio, thread, time::Duration};

#[test]
fn of_fifty_processes_on_one_network_one_runs_and_the_others_name_it() {
    let runs = tempfile::tempdir().unwrap();
    let processes = count("STRATA_PROCESSES", 50) as usize;
    let long = ["--set", "solver.max_iter=1000000", "--set", "protocol.checkpoint_every=1000000"];
    let mut children: Vec<_> = (0..processes)
        .map(|_| {
            let mut command = strata(&["run", "default", "s0-r0-baseA"], runs.path());
            command.args(long).env("RAYON_NUM_THREADS", "1").stdout(Stdio::null()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    while children.iter_mut().filter_map(|child| child.try_wait().unwrap()).count() < processes - 1 {
        thread::sleep(Duration::from_millis(20));
    }
    let owner = children.iter_mut().position(|child| child.try_wait().unwrap().is_none()).expect("one is at work");
    let owner = children.remove(owner);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let named = format!("in use by process {} on {}", owner.id(), host.trim());
    let mut refused = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(75), "{}", err(&output));
        assert!(err(&output).contains(&named), "{named} is missing in {}", err(&output));
        refused += 1;
    }
    send("-TERM", &owner);
    assert_eq!(owner.wait_with_output().unwrap().status.code(), Some(143));
    println!("{processes} processes: 1 ran, {refused} stopped with 75");
}

#[test]
fn runners_side_by_side_share_a_plan_and_train_each_network_once() {
    let whole = undisturbed();
    for runners in [2, 4] {
        let runs = tempfile::tempdir().unwrap();
        let children: Vec<_> = (0..runners)
            .map(|_| {
                let mut command = strata(&["reproduce", "--jobs", "1"], runs.path());
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", err(&output));
        }
        same(&whole, &results(runs.path()));
        nothing_left(runs.path());
        for name in NETWORKS {
            let text = fs::read_to_string(network(runs.path(), name).join("timing.json")).unwrap();
            assert!(text.contains("\"sittings\":1"), "{name}: {text}");
        }
    }
}

#[test]
fn a_runner_takes_over_what_a_killed_one_had_and_waits_for_what_a_living_one_has() {
    let whole = undisturbed();
    let runs = tempfile::tempdir().unwrap();
    let base = ["run", "default", "s0-r0-baseA"];
    let mut owner = held(strata(&base, runs.path()), "state.safetensors", 8).unwrap();
    let mut waiting = strata(&["reproduce", "--jobs", "1"], runs.path());
    let waiting = waiting.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // The other bases do not need the network that is held.
    while !network(runs.path(), "s0-r0-B4B").join("manifest.toml").exists() {
        thread::sleep(Duration::from_millis(10));
    }
    let output = strata(&base, runs.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", err(&output));
    assert!(!network(runs.path(), "s0-r0-baseA").join("manifest.toml").exists());
    // The lock goes with the process.
    assert!(kill(&mut owner));
    let output = waiting.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("waiting for this one"), "{}", err(&output));
    same(&whole, &results(runs.path()));
}
