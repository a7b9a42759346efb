//! JSON by its schemas, and the tables of results in other people's programs.

use super::made::{err, out, strata, tinted};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn python() -> Command {
    let own = root("target/python/bin/python");
    let mut command = Command::new(std::env::var_os("STRATA_PYTHON").map_or(own, PathBuf::from));
    command.arg("-B");
    command
}

/// The smallest study that has a report, in `runs` of a folder.
const STUDY: [&str; 9] = [
    "default", "--quick", "--set", "protocol.arms=[\"BnB\"]", "--set", "protocol.layers=[1]", "--set",
    "protocol.splits=[0]", "--set=solver.max_iter=4",
];

#[test]
fn every_json_names_a_schema_and_keeps_to_it() {
    let place = tempfile::tempdir().unwrap();
    let weights = root("tests/cli/trained/image-mean.safetensors").display().to_string();
    let images = root("tests/cli/trained/images").display().to_string();
    let cpu = ["--device", "cpu"];
    tinted(&place.path().join("own"), &["a", "b"], 4, 16);
    let commands: Vec<Vec<&str>> = vec![
        [&["reproduce"], &STUDY[..], &cpu].concat(),
        [&["plan"], &STUDY[..]].concat(),
        [&["run"], &STUDY[..1], &["s0-r0-B1B"], &STUDY[1..], &cpu].concat(),
        [&["similarity"], &STUDY[..], &cpu].concat(),
        vec!["report", "runs/default-quick"],
        [&["train", "--max-iter", "2", "--batch-size", "4"][..], &cpu].concat(),
        [&["eval", &weights, "--data", &images][..], &cpu].concat(),
        [&["predict", &weights, &images][..], &cpu].concat(),
        [&["advise", "--source", &weights, "--data", "own", "--set=solver.min_iter=2"][..], &cpu].concat(),
        [&["features", &weights, "--data", &images, "--layer", "conv2", "--out", "f.npy"][..], &cpu].concat(),
        [&["gradcheck", "--net", "lenet5", "--batch", "2"][..], &cpu].concat(),
        [&["bench", "step", "--net", "lenet5", "--batch", "2", "--steps", "1"][..], &cpu].concat(),
        vec!["devices"],
        vec!["doctor"],
        vec!["status", "runs/default-quick"],
        vec!["net", "list"],
        vec!["net", "show", "lenet5"],
        vec!["data", "inspect", "fashion-mnist"],
        vec!["data", "pack", &images, "--size", "16", "--out", "set.pack"],
        [&["tune", "--net", "lenet5"][..], &cpu].concat(),
        vec!["weights", "inspect", &weights],
    ];
    let mut documents = vec![place.path().join("runs/default-quick/report/results.json")];
    for (number, command) in commands.iter().enumerate() {
        let output = strata(command).args(["--format", "json"]).current_dir(place.path()).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", err(&output));
        let path = place.path().join(format!("{number}.json"));
        fs::write(&path, output.stdout).unwrap();
        documents.push(path);
    }
    let mut valid = python();
    let output = valid.arg(root("tests/cli/valid.py")).arg(root("docs/schema")).args(documents).output().unwrap();
    assert!(output.status.success(), "{}; scripts/test installs jsonschema", err(&output));
    let held: BTreeSet<String> = out(&output).lines().map(String::from).collect();
    let stem = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
    let mut all: BTreeSet<String> = fs::read_dir(root("docs/schema")).unwrap().map(|entry| stem(entry.unwrap())).collect();
    // It times the largest nets, which takes too long here; `tests/cli/bench.rs` looks at its fields.
    all.remove("bench-kernels");
    assert_eq!(held, all, "every schema has a command that was run");
}

#[test]
fn the_page_of_results_reads_tables_as_it_says() {
    let place = tempfile::tempdir().unwrap();
    let mut command = strata(&["reproduce", "--device", "cpu"]);
    let output = command.args(STUDY).current_dir(place.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let page = root("docs/results.md");
    let output = python().arg(root("tests/cli/results.py")).arg(&page).current_dir(place.path()).output().unwrap();
    assert!(output.status.success(), "{}{}; scripts/test installs pandas and polars", out(&output), err(&output));
    // R is not everywhere, and where it is it may be without jsonlite.
    let text = fs::read_to_string(&page).unwrap();
    let script = text.split("```r\n").nth(1).unwrap().split("```").next().unwrap();
    let has = Command::new("Rscript").args(["-e", "library(jsonlite)"]).output().is_ok_and(|o| o.status.success());
    if has {
        let output = Command::new("Rscript").args(["-e", script]).current_dir(place.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
}
