//! Files that cannot be read or written. `scripts/faults` injects such faults into every call of a run.

use super::made::{err, held, kill, network, results, same, strata, undisturbed};
use std::{
    fs,
    process::{Command, Stdio},
};

#[test]
fn what_cannot_be_read_is_named_fails_no_network_and_a_retry_succeeds() {
    let whole = undisturbed();
    let runs = tempfile::tempdir().unwrap();
    let mut child = held(strata(&["run", "default", "s0-r0-baseA"], runs.path()), "state.safetensors", 21).unwrap();
    assert!(kill(&mut child));
    let folder = network(runs.path(), "s0-r0-baseA");
    let (state, aside) = (folder.join("state.safetensors"), folder.join("aside"));
    // A folder in place of the checkpoint cannot be read, and is no reason to begin anew.
    fs::rename(&state, &aside).unwrap();
    fs::create_dir(&state).unwrap();
    let output = strata(&["reproduce", "--jobs", "1"], runs.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains(&state.display().to_string()), "{}", err(&output));
    assert!(!folder.join("manifest.toml").exists(), "an error of the machine is not the network's");
    assert!(network(runs.path(), "s0-r0-B4B").join("manifest.toml").exists(), "other networks are trained");
    fs::remove_dir(&state).unwrap();
    fs::rename(&aside, &state).unwrap();
    let output = strata(&["reproduce"], runs.path()).output().unwrap();
    assert!(output.status.success() && err(&output).contains("resumes from step 4"), "{}", err(&output));
    same(&whole, &results(runs.path()));
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_a_retry_succeeds() {
    let runs = tempfile::tempdir().unwrap();
    // Where the network's folder should be there is a file.
    fs::create_dir(runs.path().join("default")).unwrap();
    let folder = network(runs.path(), "s0-r0-baseA");
    fs::write(&folder, "in the way").unwrap();
    let run = || strata(&["run", "default", "s0-r0-baseA"], runs.path()).output().unwrap();
    let refused = run();
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
    assert!(err(&refused).contains(&folder.display().to_string()), "{}", err(&refused));
    fs::remove_file(&folder).unwrap();
    assert!(run().status.success());
}

#[test]
fn too_few_file_handles_are_an_error_with_a_path_and_no_panic() {
    let runs = tempfile::tempdir().unwrap();
    let tight = |handles: u32| {
        let mut whole = strata(&["run", "default", "s0-r0-baseA"], runs.path());
        whole.stdout(Stdio::null());
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -n {handles}; exec \"$0\" \"$@\"")).arg(whole.get_program());
        shell.args(whole.get_args()).output().unwrap()
    };
    let mut failed = 0;
    for handles in 3..12 {
        let output = tight(handles);
        let text = err(&output);
        assert!(!text.contains("panicked"), "{handles} handles: {text}");
        failed += u32::from(!output.status.success());
    }
    assert!(failed > 0);
    assert!(tight(64).status.success());
}

#[test]
fn a_full_disk_under_stdout_is_an_error_and_no_panic() {
    if !fs::exists("/dev/full").unwrap_or(false) {
        return;
    }
    let runs = tempfile::tempdir().unwrap();
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = || strata(&["run", "default", "s0-r0-baseA"], runs.path());
    let output = run().stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains("standard output"), "{}", err(&output));
    // A stderr that is gone loses messages, not the result.
    assert!(run().stderr(full()).status().unwrap().success());
}
