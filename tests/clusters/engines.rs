//! Files for engines: what each of them starts is what `strata run` and `strata reproduce` take.

use crate::reliability::made::{NETWORKS, err, network, results, same, strata_on, undisturbed};
use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// The file of an engine for the study, written on a device.
fn file(format: &str, device: &str, runs: &Path) -> String {
    let output = strata_on(device, &["plan", "default", "--format", format], runs).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_job_file_for_hyperqueue_has_its_documented_keys_and_its_commands_train_the_study() {
    let runs = tempfile::tempdir().unwrap();
    let job: toml::Table = file("hyperqueue", "cpu", runs.path()).parse().unwrap();
    let job_keys = BTreeSet::from(["name", "stream", "max_fails", "task", "array"]);
    assert!(job.keys().all(|key| job_keys.contains(key.as_str())), "{job:?}");
    let task_keys = BTreeSet::from([
        "id",
        "command",
        "deps",
        "env",
        "stdin",
        "stdout",
        "stderr",
        "task_dir",
        "time_limit",
        "priority",
        "crash_limit",
        "request",
    ]);
    let tasks = job["task"].as_array().unwrap();
    assert_eq!(tasks.len(), NETWORKS.len() + 1);
    let mut seen = BTreeSet::new();
    for task in tasks {
        let task = task.as_table().unwrap();
        assert!(task.keys().all(|key| task_keys.contains(key.as_str())), "{task:?}");
        for request in task["request"].as_array().unwrap() {
            let request = request.as_table().unwrap();
            assert!(request.keys().all(|key| ["resources", "time_request"].contains(&key.as_str())), "{request:?}");
            assert_eq!(request["resources"].as_table().unwrap().len(), 1, "no GPU is asked for: {request:?}");
        }
        let deps = task.get("deps").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        assert!(deps.iter().all(|id| seen.contains(&id.as_integer().unwrap())), "{task:?}");
        seen.insert(task["id"].as_integer().unwrap());
        let words: Vec<&str> = task["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", err(&output));
    }
    assert_eq!(seen.len(), tasks.len());
    same(&undisturbed(), &results(runs.path()));
    assert!(runs.path().join("default/report/report.html").exists());
    // Where the device may be a GPU each task asks for one.
    let job: toml::Table = file("hyperqueue", "gpu:1", runs.path()).parse().unwrap();
    for task in job["task"].as_array().unwrap() {
        assert_eq!(task["request"][0]["resources"]["gpus/nvidia"].as_integer(), Some(1));
    }
}

#[test]
fn a_script_for_sbatch_is_a_worker_that_ends_well_requeues_when_it_is_stopped_and_fails_as_strata_does() {
    let runs = tempfile::tempdir().unwrap();
    let script = file("sbatch", "cpu", runs.path());
    for line in ["--array=0-5", "--requeue", "--signal=B:TERM@60", "--job-name=strata-default"] {
        assert!(script.contains(&format!("#SBATCH {line}\n")), "{line} is missing in {script}");
    }
    assert!(!script.contains("--gres") && file("sbatch", "auto", runs.path()).contains("#SBATCH --gres=gpu:1\n"));
    // Slurm's part is played by a shell and a stand-in for scontrol.
    let bin = tempfile::tempdir().unwrap();
    let requeued = bin.path().join("requeued");
    let scontrol = bin.path().join("scontrol");
    fs::write(&scontrol, format!("#!/bin/sh\necho \"$@\" > {}\n", requeued.display())).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&scontrol).status().unwrap().success());
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let start = |script: &str| {
        let mut shell = Command::new("bash");
        shell.env("PATH", &path).env("SLURM_ARRAY_JOB_ID", "7").env("SLURM_ARRAY_TASK_ID", "3");
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        child
    };
    let long = script.replace(" --idle-exit", " --set solver.max_iter=1000000 --idle-exit");
    let child = start(&long);
    while !network(runs.path(), "s0-r0-baseA").join("state.safetensors").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    crate::reliability::made::send("-TERM", &child);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(fs::read_to_string(&requeued).unwrap(), "requeue 7_3\n");
    fs::remove_file(&requeued).unwrap();
    // The directory of other settings, of which nothing is finished, gives way.
    let output = start(&script).wait_with_output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(!requeued.exists());
    same(&undisturbed(), &results(runs.path()));
    let output = start(&script.replace(" --idle-exit", " --set seed=9 --idle-exit")).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
}

#[test]
fn a_snakefile_names_each_network_with_its_parents_and_the_command_that_makes_its_manifest() {
    let runs = tempfile::tempdir().unwrap();
    let text = file("snakemake", "cpu", runs.path());
    let parents = text.split("PARENTS = ").nth(1).unwrap().split("\n\n").next().unwrap();
    let parents: serde_json::Value = serde_json::from_str(parents).unwrap();
    assert_eq!(parents.as_object().unwrap().len(), NETWORKS.len());
    assert_eq!(parents["s0-r0-A4B+"], serde_json::json!(["s0-r0-baseA"]));
    assert!(text.contains("run default {wildcards.network} --set ") && text.contains("/report/report.html"), "{text}");
    assert!(!text.contains("gpu") && file("snakemake", "auto", runs.path()).contains("gpu=1"), "{text}");
}

#[test]
fn json_of_a_plan_has_commands_and_outputs_that_hold() {
    let runs = tempfile::tempdir().unwrap();
    let plan: serde_json::Value = serde_json::from_str(&file("json", "cpu", runs.path())).unwrap();
    let networks = plan["networks"].as_array().unwrap().clone();
    let first = &networks[0];
    assert_eq!((first["id"].as_u64(), first["name"].as_str()), (Some(0), Some(NETWORKS[0])));
    let words: Vec<&str> = first["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let outputs = first["outputs"].as_array().unwrap();
    assert!(outputs.len() == 2 && outputs.iter().all(|path| Path::new(path.as_str().unwrap()).is_file()));
}
