//! Files of events, read back by TensorBoard's own reader.

use crate::reliability::made::{NETWORKS, err, strata};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn tensorboard_reads_every_evaluation_of_every_network_and_a_second_export_replaces_the_first() {
    let runs = tempfile::tempdir().unwrap();
    let output = strata(&["reproduce"], runs.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let (study, events) = (runs.path().join("default"), runs.path().join("events"));
    for _ in 0..2 {
        let mut report = Command::new(env!("CARGO_BIN_EXE_strata"));
        let output = report.arg("report").arg(&study).arg("--tensorboard").arg(&events).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        let python = std::env::var_os("STRATA_PYTHON").map_or_else(|| root("target/python/bin/python"), PathBuf::from);
        let mut read = Command::new(python);
        let read = read.arg("-B").arg(root("tests/clusters/tensorboard_reads.py")).arg(&events).arg(&study);
        let output = read.output().unwrap();
        assert!(output.status.success(), "{}; scripts/test installs tensorboard", err(&output));
        // Four scalars at each of three evaluations.
        let expected = format!("{} scalars of {} networks", NETWORKS.len() * 4 * 3, NETWORKS.len());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&expected), "{said}");
    }
}
