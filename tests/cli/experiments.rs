//! Files of experiments: what is listed, checked and documented, and commands that run as they are printed.

use super::made::{err, out, strata};
use std::{fs, path::Path, process::Command};

const SHORT: &str = "[data]\nsource = \"fashion-mnist\"\ntrain_per_class = 20\ntest_per_class = 10\n[net]\nname = \"alexnet28\"\n\
                     [protocol]\nlayers = [1]\narms = [\"BnB\"]\n[solver]\nbase_lr = 0.01\nlr_policy = \"cosine\"\nmax_iter = 2\n";

#[test]
fn the_document_of_keys_is_the_list_that_files_are_checked_with() {
    let printed = out(&strata(&["experiment", "keys"]).output().unwrap());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/experiment.md");
    let written = fs::read_to_string(&path).unwrap();
    assert!(written == printed, "write it anew: strata experiment keys > docs/experiment.md");
}

#[test]
fn experiments_are_listed_shown_and_checked() {
    let listed = out(&strata(&["experiment", "list"]).output().unwrap());
    assert!(listed.lines().any(|line| line.starts_with("default ")) && listed.contains("cross-dataset"), "{listed}");
    let shown = out(&strata(&["experiment", "show", "default"]).output().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let check = |text: &str, more: &[&str]| {
        fs::write(&file, text).unwrap();
        strata(&["experiment", "check"]).arg(&file).args(more).output().unwrap()
    };
    let output = check(&shown, &[]);
    assert!(
        output.status.success() && out(&output).contains("396 networks of 1250 steps"),
        "{}{}",
        out(&output),
        err(&output)
    );
    assert!(check(SHORT, &[]).status.success());
    let refused = |text: &str, more: &[&str], words: &[&str]| {
        let output = check(text, more);
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
        words.iter().for_each(|word| assert!(err(&output).contains(word), "{word}: {}", err(&output)));
    };
    refused(&SHORT.replace("max_iter = 2", ""), &[], &["solver.max_iter = 12000", "or solver.max_epochs"]);
    refused("", &[], &["data.source", "net.name", "solver.base_lr", "solver.max_iter"]);
    refused(SHORT, &["--set", "max_iter=3"], &["\"max_iter\"", "\"solver.max_iter\""]);
    refused(SHORT, &["--set", "solver.max_iter=some"], &["solver.max_iter is \"some\"", "a whole number"]);
    let output = strata(&["experiment", "show", "defalt"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("\"default\""), "{}", err(&output));
}

#[test]
fn a_path_in_a_file_is_relative_to_it_and_one_on_the_command_line_to_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let labels: Vec<u8> = (0..10).flat_map(|class| [class; 21]).collect();
    super::made::idx(&folder.path().join("of-file/set"), 28, &labels, &labels);
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let text = SHORT.replace("\"fashion-mnist\"", "\"idx\"\npath = \"set\"");
    fs::write(folder.path().join("of-file/mine.toml"), text).unwrap();
    let plan = |more: &[&str]| {
        let mut command = strata(&["plan", "../of-file/mine.toml", "--memory", "--device", "cpu"]);
        command.args(more).env("HOME", folder.path()).current_dir(folder.path().join("elsewhere")).output().unwrap()
    };
    let output = plan(&[]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(!plan(&["--set", "data.path=set"]).status.success());
    assert!(plan(&["--set", "data.path=../of-file/set"]).status.success());
    let output = plan(&["--set", "data.path=~/of-file/set"]);
    assert!(output.status.success(), "{}", err(&output));
}

/// The commands in a table of runs, by the names of their networks.
fn commands(table: &Path) -> Vec<String> {
    let mut rows = csv::Reader::from_path(table).unwrap();
    let place = rows.headers().unwrap().iter().position(|name| name == "command").unwrap();
    rows.records().map(|row| row.unwrap()[place].to_string()).collect()
}

#[test]
fn commands_run_as_they_are_printed_where_the_study_was_run() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("mine.toml"), SHORT).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_strata")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    let small = ["--set", "protocol.arms=[\"BnB\"]", "--set", "protocol.layers=[1]", "--set", "protocol.splits=[0]"];
    let sizes = [
        "--set",
        "solver.max_iter=2",
        "--set",
        "solver.stepsize=2",
        "--set",
        "data.train_per_class=20",
        "--set",
        "data.held_out_per_class=0",
        "--set",
        "data.test_per_class=10",
    ];
    let studies: [(Vec<&str>, &str); 4] = [
        ([&["default", "--quick"], &small[..]].concat(), "runs/default-quick"),
        (vec!["mine.toml"], "runs/mine"),
        ([&["default", "--set", "name=other"], &small[..], &sizes].concat(), "runs/other"),
        (vec!["mine.toml", "--runs", "my runs/deep"], "my runs/deep/mine"),
    ];
    for (args, directory) in studies {
        let mut command = strata(&["reproduce", "--device", "cpu"]);
        let output = command.args(&args).current_dir(place.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        let commands = commands(&place.path().join(directory).join("report/runs.csv"));
        assert_eq!(commands.len(), 4);
        for command in commands {
            assert!(command.starts_with("strata run ") && command.ends_with(" --device cpu"), "{command}");
            let weights =
                place.path().join(directory).join(command.split(' ').rev().nth(2).unwrap()).join("weights.safetensors");
            let before = fs::read(&weights).unwrap();
            let run = || {
                Command::new("sh").args(["-c", &command]).env("PATH", &path).current_dir(place.path()).output().unwrap()
            };
            let output = run();
            assert!(output.status.success() && out(&output).contains("top1"), "{command}: {}", err(&output));
            // Deleted, it is made again to the same bits.
            if command.contains("base") {
                continue;
            }
            fs::remove_dir_all(weights.parent().unwrap()).unwrap();
            assert!(run().status.success());
            assert!(fs::read(&weights).unwrap() == before, "{command}");
        }
    }
    // So do those in messages.
    let output = strata(&["run", "mine.toml", "s0-r0-B7B", "--runs", "my runs/deep"])
        .current_dir(place.path())
        .output()
        .unwrap();
    let message = err(&output);
    let command = message.split('`').nth(1).unwrap();
    let output =
        Command::new("sh").args(["-c", command]).env("PATH", &path).current_dir(place.path()).output().unwrap();
    assert!(out(&output).contains("s0-r0-B1B") && out(&output).contains("4 done"), "{command}: {}", out(&output));
}

#[test]
fn a_plan_says_what_is_true() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("mine.toml"), SHORT).unwrap();
    let plan = |more: &[&str]| strata(&["plan", "mine.toml"]).args(more).current_dir(place.path()).output().unwrap();
    let text = out(&plan(&[]));
    assert!(text.starts_with("network ") && text.contains("mult-adds") && text.contains("4 pending"), "{text}");
    assert!(!text.contains("about "), "no speed is known: {text}");
    let run =
        strata(&["run", "mine.toml", "s0-r0-baseA", "--device", "cpu"]).current_dir(place.path()).output().unwrap();
    assert!(run.status.success(), "{}", err(&run));
    let base = place.path().join("runs/mine/s0-r0-baseB");
    fs::create_dir(&base).unwrap();
    fs::write(base.join("claim-000001"), "released = true\n").unwrap();
    let text = out(&plan(&[]));
    for words in ["1 done", "1 interrupted", "2 pending", "about ", "left to do"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // A claim whose heartbeat is new, whoever made it.
    fs::write(base.join("claim-000002"), "").unwrap();
    assert!(out(&plan(&[])).contains("1 running"));
    let output = plan(&["--set", "solver.base_lr=0.02"]);
    assert_eq!(output.status.code(), Some(6));
    assert!(err(&output).contains("solver.base_lr"), "{}", err(&output));
    let json: serde_json::Value = serde_json::from_slice(&plan(&["--format", "json"]).stdout).unwrap();
    assert_eq!(json["schema"], "plan");
    assert!(json["seconds_left"].as_f64().unwrap() > 0.0);
    // A directory that is not there is not made.
    for verb in [&["similarity", "mine.toml", "--runs", "rnus"][..], &["report", "rnus/mine"]] {
        let output = strata(verb).current_dir(place.path()).output().unwrap();
        assert!(!output.status.success() && !place.path().join("rnus").exists(), "{verb:?}");
    }
}

#[test]
fn a_closed_pipe_ends_a_command_quietly_with_a_code_of_its_own() {
    let place = tempfile::tempdir().unwrap();
    let mut child = strata(&["plan", "default"])
        .current_dir(place.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(141), ""));
}
