//! The controls: networks that train on without new layers, for twice as long, and from other seeds; and what is made
//! equal or refused before two halves are compared.

use super::made::{err, out, strata, tiny};
use std::{collections::BTreeSet, path::Path};

const ARMS: &str = "protocol.arms=[\"BnB\", \"continue\", \"restart\", \"base-2x\"]";

fn trained(runs: &Path, sets: &[&str], nodes: &[&str]) -> std::path::PathBuf {
    for node in nodes {
        let mut command = tiny(&["run", "default", node, "--set", ARMS], runs);
        let output = command.args(sets.iter().flat_map(|set| ["--set", set])).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
    runs.join("default-quick")
}

fn tensors(folder: &Path, node: &str) -> strata::nn::weights::Tensors {
    strata::nn::weights::read(&folder.join(node).join("weights.safetensors")).unwrap().0
}

const LAYERS: [&str; 8] = ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"];

#[test]
fn continue_keeps_the_first_n_of_the_base_bit_for_bit_and_learns_on_from_its_upper_weights() {
    let still = ["solver.base_lr=1e-30", "solver.weight_decay=0"];
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &still, &["s0-r0-continue4B", "s0-r0-B4B"]);
    let [base, goes_on, new] = ["s0-r0-baseB", "s0-r0-continue4B", "s0-r0-B4B"].map(|node| tensors(&folder, node));
    for (layer, number) in LAYERS.iter().zip(1..) {
        let name = format!("{layer}.weight");
        assert_eq!(goes_on[&name], base[&name], "it starts as the base ended: {name}");
        assert_eq!(new[&name] == base[&name], number <= 4, "{name}");
    }
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &[], &["s0-r0-continue4B"]);
    let [base, goes_on] = ["s0-r0-baseB", "s0-r0-continue4B"].map(|node| tensors(&folder, node));
    for (layer, number) in LAYERS.iter().zip(1..) {
        let name = format!("{layer}.weight");
        assert_eq!(goes_on[&name] == base[&name], number <= 4, "{name}");
    }
}

#[test]
fn a_base_of_double_length_starts_as_the_base_did_and_takes_twice_as_many_steps() {
    let still = ["solver.base_lr=1e-30", "solver.weight_decay=0"];
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &still, &["s0-r0-base-2xB", "s0-r0-baseB"]);
    let [twice, once] = ["s0-r0-base-2xB", "s0-r0-baseB"].map(|node| tensors(&folder, node));
    for layer in LAYERS {
        let name = format!("{layer}.weight");
        assert_eq!(twice[&name].1, once[&name].1, "{name}");
    }
    let steps = |node: &str| {
        let records = strata::train::record::read::<strata::train::Record>(&folder.join(node).join("log.jsonl"));
        records.unwrap().iter().map(|record| record.step).collect::<Vec<_>>()
    };
    assert_eq!((steps("s0-r0-baseB"), steps("s0-r0-base-2xB")), (vec![6], vec![12]));
}

#[test]
fn draws_are_bases_and_restarts_of_their_own_and_held_out_images_are_looked_at_during_them_alone() {
    let runs = tempfile::tempdir().unwrap();
    let sets = ["protocol.base_draws=2", "protocol.held_out_evaluations=3"];
    let nodes = ["s0-r0-d1-restartB", "s0-r0-B1B", "s0-r0-d1-base-2xB"];
    let folder = trained(runs.path(), &sets, &nodes);
    let [first, second] = ["s0-r0-baseB", "s0-r0-d1-baseB"].map(|node| tensors(&folder, node));
    assert_ne!(first["conv1.weight"], second["conv1.weight"]);
    assert_eq!(tensors(&folder, "s0-r0-B1B")["conv1.weight"], first["conv1.weight"], "it derives from the first");
    let manifest = |node: &str| -> toml::Table {
        std::fs::read_to_string(folder.join(node).join("manifest.toml")).unwrap().parse().unwrap()
    };
    let weights = |node: &str| manifest(node)["weights"].as_str().unwrap().to_string();
    assert_eq!(
        manifest("s0-r0-d1-restartB")["parents"].as_array().unwrap()[0].as_str().unwrap(),
        weights("s0-r0-d1-baseB")
    );
    assert_ne!(weights("s0-r0-d1-base-2xB"), weights("s0-r0-d1-baseB"));

    let held_out = |node: &str| {
        let records = strata::train::record::read::<strata::train::HeldOut>(&folder.join(node).join("held-out.jsonl"));
        records.unwrap().iter().map(|record| (record.step, record.images)).collect::<Vec<_>>()
    };
    // Three times in six steps, and in twelve; ten images of each of five classes are held out.
    assert_eq!(held_out("s0-r0-d1-restartB"), [(2, 50), (4, 50), (6, 50)]);
    assert_eq!(held_out("s0-r0-d1-base-2xB"), [(4, 50), (8, 50), (12, 50)]);
    assert!(held_out("s0-r0-B1B").is_empty());
    let bytes = std::fs::read(folder.join("s0-r0-baseB/held-out.jsonl")).unwrap();
    assert_eq!(manifest("s0-r0-baseB")["held_out"].as_str().unwrap(), strata::host::digest::hex(&bytes));

    // Looking at them changes no other byte.
    let plain = tempfile::tempdir().unwrap();
    let other = trained(plain.path(), &[], &["s0-r0-baseB"]);
    for file in ["weights.safetensors", "log.jsonl", "confusion.json"] {
        let [one, two] = [&folder, &other].map(|folder| std::fs::read(folder.join("s0-r0-baseB").join(file)).unwrap());
        assert!(one == two, "{file}");
    }
}

#[test]
fn halves_of_unequal_size_are_refused_before_anything_is_trained_unless_they_are_balanced_or_allowed() {
    let runs = tempfile::tempdir().unwrap();
    let file = runs.path().join("halves.csv");
    std::fs::write(&file, "T-shirt/top,A\nTrouser,A\nPullover,B\nDress,B\nCoat,B\n").unwrap();
    let split_file = format!("protocol.split_file={}", file.display());
    let sets = |unequal: &str| {
        let sets = ["protocol.split=listed", &split_file, "protocol.splits=[0]", unequal];
        sets.iter().flat_map(|set| ["--set".to_string(), set.to_string()]).collect::<Vec<_>>()
    };
    let run = |unequal: &str, runs: &Path| {
        tiny(&["run", "default", "s0-r0-baseB"], runs).args(sets(unequal)).output().unwrap()
    };
    let refused = run("seed=1", runs.path());
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    for word in ["data.unequal_halves", "A on 40", "B on 60", "balanced", "allowed"] {
        assert!(err(&refused).contains(word), "{word} is missing in {}", err(&refused));
    }
    assert!(!runs.path().join("default-quick/s0-r0-baseB").exists());
    let epochs = |unequal: &str| {
        let runs = tempfile::tempdir().unwrap();
        let output = run(unequal, runs.path());
        assert!(output.status.success(), "{}", err(&output));
        let log = runs.path().join("default-quick/s0-r0-baseB/log.jsonl");
        strata::train::record::read::<strata::train::Record>(&log).unwrap()[0].epoch
    };
    // Six steps of ten images are one epoch of 60, and one and a half of 40.
    assert_eq!((epochs("data.unequal_halves=allowed"), epochs("data.unequal_halves=balanced")), (1.0, 1.5));
}

#[test]
fn a_study_of_distance_has_one_target_and_each_source_in_turn_and_reports_them_apart() {
    let runs = tempfile::tempdir().unwrap();
    let sets = [
        "name=\"far\"",
        "protocol.split=distance",
        "protocol.sources=[\"other-classes\", \"other-data\", \"shuffled\", \"noise\"]",
        "data.other_source=noise",
        "protocol.classes_per_half=4",
        "protocol.layers=[1, 4]",
        "protocol.arms=[\"BnB\", \"AnB\", \"restart\"]",
    ];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let output = tiny(&["reproduce", "default", "--format", "json"], runs.path()).args(&sets).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let folder = runs.path().join("far-quick");
    let networks: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("s0"))
        .collect();
    let mut expected = BTreeSet::from(["baseB", "restartB", "B1B", "B4B"].map(|network| format!("s0-r0-{network}")));
    for source in ["other-classes", "other-data", "shuffled", "noise"] {
        expected.extend(["baseA", "A1B", "A4B"].map(|network| format!("s0-r0-{source}-{network}")));
    }
    assert_eq!(networks, expected);
    for source in ["other-classes", "other-data", "shuffled", "noise"] {
        let of = |network: &str| tensors(&folder, &format!("s0-r0-{source}-{network}"));
        let (base, transfer) = (of("baseA"), of("A4B"));
        for (layer, number) in LAYERS.iter().zip(1..) {
            let name = format!("{layer}.weight");
            assert_eq!(base[&name] == transfer[&name], number <= 4, "{source}, {name}");
        }
    }
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let studies = json["studies"].as_array().unwrap();
    let kinds: Vec<&str> = studies.iter().map(|study| study["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["other-classes", "other-data", "shuffled", "noise"]);
    for study in studies {
        let base = &study["base"]["estimate"];
        assert_eq!(base["targets"].as_u64(), Some(1), "the bases of sources are no targets: {base}");
    }
    let report = strata(&["report"]).arg(&folder).output().unwrap();
    assert!(report.status.success() && out(&report).contains("far-quick-noise"), "{}", out(&report));
}
