//! Networks side by side on one gpu: several threads share a device, its queue, its pipelines and its faults.

use super::made::{err, network, results, same, strata_on};
use std::{collections::BTreeMap, fs, path::Path, process::Command};

/// A study on the software adapter; `tiles` makes it of another width than the kernels for processors are written for,
/// so that it computes in tiles as a GPU does.
fn study(runs: &Path, jobs: &str, tiles: bool) -> Command {
    let mut command = strata_on("software", &["reproduce", "--jobs", jobs], runs);
    command.args(["--set", "solver.max_iter=4"]);
    if tiles {
        // Which takes a processor several times as long.
        command.args(["--set", "solver.max_iter=2", "--set", "protocol.evaluations=1"]);
        command.env("LP_NATIVE_VECTOR_WIDTH", "128").env("STRATA_CACHE", runs.join("cache"));
    }
    command
}

/// Four bases, of which none waits for another.
fn bases(runs: &Path, jobs: &str) -> Command {
    let mut command = study(runs, jobs, false);
    command.args(["--set", "protocol.arms=[]", "--set", "protocol.replicates=2"]);
    command
}

fn files(mut command: Command, runs: &Path) -> BTreeMap<String, Vec<u8>> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    results(runs)
}

#[test]
fn networks_side_by_side_on_a_gpu_get_the_bytes_of_networks_one_after_the_other() {
    for tiles in [false, true] {
        let runs = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [one, three] = [0, 1].map(|i| files(study(runs[i].path(), ["1", "3"][i], tiles), runs[i].path()));
        assert_eq!(one.len(), 24);
        same(&one, &three);
    }
}

#[test]
fn of_networks_side_by_side_the_one_that_finds_no_memory_is_divided_and_the_others_are_not() {
    let whole = tempfile::tempdir().unwrap();
    let whole = files(bases(whole.path(), "1"), whole.path());
    let mut beside = 0;
    // Buffers that are refused while networks are built, and submissions that lose the device of all.
    for place in [100, 500, 600, 700] {
        let runs = tempfile::tempdir().unwrap();
        let fault = format!("out-of-memory:{place}");
        let output = bases(runs.path(), "3").env("STRATA_FAULT", &fault).output().unwrap();
        assert!(output.status.success(), "{fault}: {}", err(&output));
        let mut found = results(runs.path());
        let divided = |name: &str| {
            let manifest = fs::read_to_string(network(runs.path(), name).join("manifest.toml")).unwrap();
            manifest.contains("[division]")
        };
        let names = ["s0-r0-baseA", "s0-r0-baseB", "s0-r1-baseA", "s0-r1-baseB"];
        let divided: Vec<_> = names.into_iter().filter(|name| divided(name)).collect();
        assert_eq!(divided.len(), 1, "{fault}: {}", err(&output));
        found.retain(|name, _| !name.starts_with(divided[0]));
        let mut others = whole.clone();
        others.retain(|name, _| !name.starts_with(divided[0]));
        assert_eq!(others.len(), 12);
        same(&others, &found);
        beside += err(&output).matches("a network beside this one found no memory").count();
    }
    println!("4 faults, by which {beside} other networks lost their device: all of these byte-identical");
    assert!(beside >= 2, "{beside}");
}

#[test]
fn a_device_that_is_lost_under_several_networks_fails_none_and_the_same_command_resumes_to_the_same_bytes() {
    let whole = tempfile::tempdir().unwrap();
    let whole = files(bases(whole.path(), "1"), whole.path());
    for fault in ["lost:1", "lost:40", "lost:120", "driver:50", "timeout:60"] {
        let runs = tempfile::tempdir().unwrap();
        let output = bases(runs.path(), "3").env("STRATA_FAULT", fault).output().unwrap();
        let said = err(&output);
        assert_eq!(output.status.code(), Some(5), "{fault}: {said}");
        assert!(!said.contains("panicked") && !said.contains("a defect of strata"), "{fault}: {said}");
        let manifests = results(runs.path()).into_iter().filter(|(name, _)| name.ends_with("manifest.toml"));
        manifests.for_each(|(name, text)| {
            assert!(String::from_utf8_lossy(&text).contains("state = \"done\""), "{fault}: {name}");
        });
        same(&whole, &files(bases(runs.path(), "3"), runs.path()));
    }
}
