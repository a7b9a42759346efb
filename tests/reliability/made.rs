//! A study that ends in a moment, and what the tests do with it.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use strata::host::Stream;

/// One split, six networks, few steps, a checkpoint after each and three evaluations.
pub const SETTINGS: [&str; 9] = [
    "protocol.layers=[4]",
    "protocol.arms=[\"BnB\", \"AnB+\"]",
    "protocol.splits=[0]",
    "protocol.checkpoint_every=1",
    "protocol.evaluations=3",
    "protocol.held_out_evaluations=0",
    "solver.max_iter=9",
    "solver.batch_size=8",
    "data.test_per_class=10",
];

/// The networks of the plan, parents first.
pub const NETWORKS: [&str; 6] = ["s0-r0-baseA", "s0-r0-baseB", "s0-r0-A4A", "s0-r0-B4B", "s0-r0-B4A+", "s0-r0-A4B+"];

/// A command of strata on the study, in a directory of runs.
pub fn strata(verb: &[&str], runs: &Path) -> Command {
    strata_on("cpu", verb, runs)
}

/// The same on a device.
pub fn strata_on(device: &str, verb: &[&str], runs: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    command.args(verb).args(["--device", device, "--set", "data.train_per_class=20", "--runs"]).arg(runs);
    command.args(SETTINGS.iter().flat_map(|set| ["--set", set]));
    command
}

/// The folder of a network.
pub fn network(runs: &Path, name: &str) -> PathBuf {
    runs.join("default").join(name)
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Name and content of every file that must not depend on how a study was run.
pub fn results(runs: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    // A process that was killed early has not made the directory.
    let Ok(folders) = fs::read_dir(runs.join("default")) else { return files };
    for folder in folders {
        let folder = folder.unwrap().path();
        for name in ["weights.safetensors", "log.jsonl", "confusion.json", "manifest.toml"] {
            if let Ok(bytes) = fs::read(folder.join(name)) {
                files.insert(format!("{}/{name}", folder.file_name().unwrap().to_string_lossy()), bytes);
            }
        }
    }
    files
}

/// The results of an undisturbed run, which every test holds its own against.
pub fn undisturbed() -> BTreeMap<String, Vec<u8>> {
    let runs = tempfile::tempdir().unwrap();
    let output = strata(&["reproduce"], runs.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let results = results(runs.path());
    assert_eq!(results.len(), 4 * NETWORKS.len());
    results
}

/// Fails with the name of the first file that differs.
pub fn same(left: &BTreeMap<String, Vec<u8>>, right: &BTreeMap<String, Vec<u8>>) {
    assert!(left.keys().eq(right.keys()), "{:?} and {:?}", left.keys(), right.keys());
    for (name, bytes) in left {
        assert!(*bytes == right[name], "{name} differs");
    }
}

/// No checkpoint and no temporary file is left of networks that are done.
pub fn nothing_left(runs: &Path) {
    for name in NETWORKS {
        for entry in fs::read_dir(network(runs, name)).unwrap() {
            let file = entry.unwrap().file_name().to_string_lossy().into_owned();
            assert!(!file.ends_with(".tmp") && !file.starts_with("state"), "{name}/{file} is left");
        }
    }
}

/// A count of the suite, or the greater one that the environment asks for.
pub fn count(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Reproducible numbers below a limit.
pub struct Dice {
    stream: Stream,
    thrown: u64,
}

impl Dice {
    pub fn named(name: &str) -> Self {
        Self { stream: Stream::named(name), thrown: 0 }
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.thrown += 1;
        u64::from(self.stream.words(self.thrown, 0)[0]) % limit
    }

    pub fn shuffled<T: Copy>(&mut self, items: &[T]) -> Vec<T> {
        let mut left = items.to_vec();
        let mut shuffled = Vec::new();
        while !left.is_empty() {
            let place = self.below(left.len() as u64) as usize;
            shuffled.push(left.swap_remove(place));
        }
        shuffled
    }
}

/// Starts a command that is to be held at a place within the writing of a file, and waits until it is there;
/// `None` where it ended before.
pub fn held(mut command: Command, file: &str, place: u64) -> Option<Child> {
    command.env("STRATA_HOLD", format!("{file}:{place}")).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    for line in stderr.lines() {
        let line = line.unwrap();
        if line.starts_with("held while writing") {
            return Some(child);
        }
        said.push_str(&line);
        said.push('\n');
    }
    assert!(child.wait().unwrap().success(), "{said}");
    None
}

/// Kills a process, and says whether it was still alive.
pub fn kill(child: &mut Child) -> bool {
    child.kill().unwrap();
    child.wait().unwrap().signal() == Some(9)
}

/// Sends a signal by its name.
pub fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}
