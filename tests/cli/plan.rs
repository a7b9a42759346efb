//! The plan: what there is to do, and what is saved.

use super::made::{err, out, strata};
use std::fs;

#[test]
fn plan_lists_every_network_with_parents_and_state() {
    let runs = tempfile::tempdir().unwrap();
    let output = strata(&["plan", "--format", "json", "--runs"]).arg(runs.path()).output().unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = plan["networks"].as_array().unwrap();
    // 6 splits, on 2 targets each: base and restart, BnB, AnB and continue at 7 n, BnB+ and AnB+ at 3, random-he at 4.
    assert_eq!(nodes.len(), 6 * 2 * (2 + 3 * 7 + 2 * 3 + 4));
    let node = nodes.iter().find(|node| node["name"] == "s0-r0-A3B+").unwrap();
    assert_eq!(node["arm"], "AnB+");
    assert_eq!(node["n"], 3);
    assert_eq!(node["parents"], serde_json::json!(["s0-r0-baseA"]));
    assert_eq!(node["state"], "pending");
    assert!(nodes.iter().find(|node| node["name"] == "s0-r0-baseB").unwrap()["n"].is_null());
}

#[test]
fn plan_counts_the_work_and_what_freezing_caching_and_sharing_save() {
    let runs = tempfile::tempdir().unwrap();
    let plan = |format: &str| {
        let arms = "protocol.arms=[\"BnB+\", \"AnB\", \"AnB-probe\", \"random-he\"]";
        let layers = "protocol.layers=[1, 2, 3, 4, 5, 6, 7]";
        let same = "protocol.held_out_evaluations=0";
        let mut command =
            strata(&["plan", "--set", arms, "--set", same, "--set", layers, "--format", format, "--runs"]);
        let output = command.arg(runs.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    let json: serde_json::Value = serde_json::from_str(&plan("json")).unwrap();
    let nodes = json["networks"].as_array().unwrap();
    let work = |name: &str| {
        let node = nodes.iter().find(|node| node["name"] == name).unwrap();
        ["all_layers_learning", "with_frozen_layers", "computed"]
            .map(|key| node["multiply_adds"][key].as_u64().unwrap())
    };
    let [whole, pruned, computed] = work("s0-r0-baseB");
    assert!(whole == pruned && pruned == computed);
    assert_eq!(work("s0-r0-B4B+"), work("s0-r0-baseB"));
    for n in 1..=7 {
        let [transfer_whole, transfer_pruned, transfer_computed] = work(&format!("s0-r0-A{n}B"));
        assert_eq!(transfer_whole, whole);
        assert!(transfer_computed < transfer_pruned && transfer_pruned < whole, "n = {n}");
        assert_eq!(work(&format!("s0-r0-random-he{n}B")), work(&format!("s0-r0-A{n}B")));
    }
    assert!(work("s0-r0-A7B")[2] < work("s0-r0-A1B")[2]);
    let text = plan("text");
    assert_eq!(text.matches("% saved").count(), 3, "{text}");
    assert!(!text.contains(" 0.0 % saved"), "{text}");
}

#[test]
fn a_plan_of_a_folder_counts_its_files_and_decodes_none() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["cat", "dog", "elk", "fox"] {
        for (part, images) in [("train", 6), ("val", 2)] {
            let of_class = folder.path().join(part).join(class);
            fs::create_dir_all(&of_class).unwrap();
            (0..images).for_each(|image| fs::write(of_class.join(format!("{image}.png")), b"no image").unwrap());
        }
    }
    let path = format!("data.path={}", folder.path().display());
    let all = ["data.train_per_class=0", "data.test_per_class=0", "data.held_out_per_class=0"];
    let settings = [&["data.source=folder", &path, "net.name=alexnet32", "protocol.splits=[0]"][..], &all].concat();
    let command = |verb: &str| {
        let mut command = strata(&[verb, "--runs"]);
        command.arg(folder.path().join("runs"));
        settings.iter().for_each(|setting| _ = command.args(["--set", setting]));
        command
    };
    let plan = command("plan").args(["--format", "json"]).output().unwrap();
    assert!(plan.status.success(), "{}", err(&plan));
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert!(plan["networks"][0]["multiply_adds"]["computed"].as_u64().unwrap() > 0, "{}", plan["networks"][0]);
    let memory = command("plan").args(["--memory", "--device", "cpu"]).output().unwrap();
    assert!(memory.status.success(), "{}", err(&memory));
    // Those that are left out are not counted, so that all are decoded, and none is left.
    let left_out = command("plan").args(["--set", "data.on_bad_image=skip", "--format", "json"]).output().unwrap();
    assert!(left_out.status.success() && err(&left_out).contains("is not known"), "{}", err(&left_out));
    // A run looks at the images, and names the first bad one.
    let run = command("reproduce").args(["--device", "cpu"]).output().unwrap();
    assert!(!run.status.success() && err(&run).contains("0.png"), "{}", err(&run));
}
