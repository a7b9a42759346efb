//! Reports of directories that grew, of several, and of the published runs.

use super::made::{TWO_DATA_SETS, err, out, results, strata, tiny};

#[test]
fn more_splits_arms_and_layers_extend_a_run_directory_and_the_report_covers_the_union() {
    let runs = tempfile::tempdir().unwrap();
    let reproduce = |sets: &[&str]| {
        let mut command = tiny(&["reproduce", "--format", "json"], runs.path());
        let output = command.args(sets.iter().flat_map(|set| ["--set", set])).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    // The cut-down plan keeps the first split that it is given.
    let first = reproduce(&["protocol.arms=[\"AnB\"]", "protocol.layers=[2]"]);
    assert!(first.contains("s0-r0-A2B") && !first.contains("s1-r0-baseA"));
    let before = results(runs.path());
    assert_eq!(before.len(), 4 * 4);

    let second = reproduce(&["protocol.splits=[1]", "protocol.arms=[\"BnB\", \"AnB\"]", "protocol.layers=[1, 2]"]);
    for name in ["s0-r0-A2B", "s1-r0-baseA", "s1-r0-B1B", "s1-r0-A2B"] {
        assert!(second.contains(name), "{name} is missing in the union");
    }
    let after = results(runs.path());
    assert_eq!(after.len(), 4 * (4 + 10));
    assert!(before.iter().all(|file| after.contains(file)), "what was there has not changed");

    // A network made in an extended directory is the one that a directory of its own would hold.
    let alone = tempfile::tempdir().unwrap();
    let output = tiny(&["run", "default", "s1-r0-A2B", "--set", "protocol.splits=[1]"], alone.path())
        .args(["--set", "protocol.layers=[2]"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(results(alone.path()).iter().all(|file| after.contains(file)));

    let report = strata(&["report", "--format", "json"]).arg(runs.path().join("default-quick")).output().unwrap();
    assert_eq!(out(&report), second, "a report of the directory covers the same union");
    let changed = tiny(&["reproduce", "--set", "solver.base_lr=0.02"], runs.path()).output().unwrap();
    assert_eq!(changed.status.code(), Some(6), "{}", err(&changed));
    assert!(err(&changed).contains("solver.base_lr = 0.02"), "{}", err(&changed));
}

#[test]
fn the_margin_is_changed_without_training_anything_again() {
    let runs = tempfile::tempdir().unwrap();
    let margin_of = |output: std::process::Output| {
        assert!(output.status.success(), "{}", err(&output));
        let json: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
        json["studies"][0]["margin"].as_f64().unwrap()
    };
    let reproduce = |more: &[&str]| {
        let mut command = tiny(&["reproduce", "--format", "json"], runs.path());
        let sets = ["protocol.arms=[\"AnB\"]", "protocol.layers=[2]"];
        command.args(sets.iter().chain(more).flat_map(|set| ["--set", set]));
        command.output().unwrap()
    };
    assert_eq!(margin_of(reproduce(&[])), 0.5);
    let before = results(runs.path());
    assert_eq!(margin_of(reproduce(&["report.margin=3"])), 3.0);
    assert_eq!(results(runs.path()), before);
    let report = |more: &[&str]| {
        let folder = runs.path().join("default-quick");
        strata(&["report", "--format", "json"]).arg(folder).args(more).output().unwrap()
    };
    assert_eq!(margin_of(report(&[])), 3.0, "the directory keeps the experiment's");
    assert_eq!(margin_of(report(&["--margin", "0.25"])), 0.25);
    for wrong in ["0", "-1", "nan", "much"] {
        let refused = report(&[&format!("--margin={wrong}")]);
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
        assert!(err(&refused).contains("a number of points above 0"), "{}", err(&refused));
    }
    let refused = reproduce(&["report.margin=0"]);
    assert!(!refused.status.success() && err(&refused).contains("report.margin"), "{}", err(&refused));
}

#[test]
fn several_run_directories_make_one_report_in_the_named_folder() {
    let runs = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        let set = format!("name=\"{name}\"");
        let output = tiny(&["run", "default", "s0-r0-A4B", "--set", &set], runs.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
    let folders = ["one-quick", "two-quick"].map(|name| runs.path().join(name));
    let unnamed = strata(&["report"]).args(&folders).output().unwrap();
    assert!(!unnamed.status.success() && err(&unnamed).contains("--out"), "{}", err(&unnamed));

    let out_folder = runs.path().join("together");
    let output = strata(&["report", "--format", "json", "--out"]).arg(&out_folder).args(&folders).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<&str> =
        json["studies"].as_array().unwrap().iter().map(|s| s["experiment"].as_str().unwrap()).collect();
    assert_eq!(names, ["one-quick", "two-quick"]);
    assert!(json["claims"].as_array().unwrap().len() == 6);
    let page = std::fs::read_to_string(out_folder.join("report.html")).unwrap();
    assert!(page.contains("one-quick: random halves") && page.contains("two-quick: random halves"));
}

#[test]
fn two_data_sets_are_two_tasks_in_both_directions_and_their_report_names_them() {
    let runs = tempfile::tempdir().unwrap();
    let mut command = tiny(&["reproduce"], runs.path());
    command.args(TWO_DATA_SETS);
    for set in [
        "net.name=alexnet32",
        "data.fit=pad",
        "protocol.classes_per_half=4",
        "protocol.arms=[\"BnB\", \"AnB\"]",
        "protocol.train_sizes=[5]",
        "protocol.train_sizes_of=random",
    ] {
        command.args(["--set", set]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let folder = runs.path().join("default-quick");
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("report/results.json")).unwrap();
    let study = &json["studies"][0];
    assert_eq!((&study["kind"], &study["dataset"]), (&"other-data".into(), &"fashion-mnist and noise".into()));
    // Two bases, two arms at three n on two targets, at both sizes.
    assert_eq!(study["states"]["done"], 2 * (2 + 12));
    let classes = |node: &str| -> Vec<String> {
        let json: serde_json::Value = serde_json::from_str(&read(&format!("{node}/confusion.json"))).unwrap();
        serde_json::from_value(json["classes"].clone()).unwrap()
    };
    let [a, b] = ["s0-r0-baseA", "s0-r0-baseB"].map(classes);
    assert!(a.len() == 4 && a.iter().all(|name| !name.starts_with("noise")), "{a:?}");
    assert!(b.len() == 4 && b.iter().all(|name| name.starts_with("noise")), "{b:?}");
    assert_eq!((classes("s0-r0-A4B"), classes("s0-r0-B7A")), (b, a));
    assert!(read("report/targets.svg").contains("target B, noise"));
}

#[test]
fn the_published_runs_are_printed_and_written_where_a_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = strata(&["report", "--published", "--out"]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    for words in [
        "layers 1-7: 1.6 / 1.4",
        "layers 3-7: 1.8 / 1.4",
        "layers 5-7: 2.1 / 1.7",
        "AnB+ +0.97 (10 runs), BnB+ +0.97 (10 runs)",
    ] {
        assert!(out(&output).contains(words), "{words} is missing in {}", out(&output));
    }
    for file in [
        "report.html",
        "results.json",
        "figure3.svg",
        "preserved-published.svg",
        "1-published-random-halves-figure2.svg",
    ] {
        assert!(folder.path().join(file).is_file(), "{file} was not written");
    }
}
