//! How the tests call the program, and what they look at.

use std::{path::Path, process::Command, process::Output};

/// A study that ends in seconds: one split, three values of n, few steps, the cpu.
pub const TINY: [&str; 14] = [
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
pub const TWO_DATA_SETS: [&str; 6] =
    ["--set", "protocol.split=two-data-sets", "--set", "data.other_source=noise", "--set", "protocol.splits=[0]"];

pub fn strata(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    command.args(args);
    command
}

pub fn tiny(verb: &[&str], runs: &Path) -> Command {
    let mut command = strata(verb);
    command.args(TINY).arg(runs);
    command
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Name and content of every file that must not depend on how a study was run.
pub fn results(runs: &Path) -> Vec<(String, Vec<u8>)> {
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
