//! What the arms beyond the paper's four start from, learn and record.

use super::made::{err, out, tiny};
use std::path::Path;
use strata::protocol::cka::Estimator;

/// Trains some networks of a tiny plan with every arm, and returns the folder of its networks.
fn trained(runs: &Path, sets: &[&str], nodes: &[&str]) -> std::path::PathBuf {
    let arms =
        "protocol.arms=[\"BnB\", \"BnB-preserve1\", \"AnB-preserve2\", \"random-moments\", \"AnB-probe\", \"AnB\"]";
    for node in nodes {
        let mut command = tiny(&["run", "default", node, "--set", arms], runs);
        let output = command.args(sets.iter().flat_map(|set| ["--set", set])).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
    runs.join("default-quick")
}

fn tensors(folder: &Path, node: &str) -> strata::nn::weights::Tensors {
    strata::nn::weights::read(&folder.join(node).join("weights.safetensors")).unwrap().0
}

/// With a learning rate that changes nothing, a network ends where it started.
const STILL: [&str; 2] = ["solver.base_lr=1e-30", "solver.weight_decay=0"];

#[test]
fn preserved_layers_start_as_in_the_base_and_those_above_as_in_the_other_arms() {
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &STILL, &["s0-r0-A4B-preserve2", "s0-r0-B4B-preserve1", "s0-r0-A4B"]);
    let [base_a, base_b] = ["s0-r0-baseA", "s0-r0-baseB"].map(|node| tensors(&folder, node));
    let two = tensors(&folder, "s0-r0-A4B-preserve2");
    let one = tensors(&folder, "s0-r0-B4B-preserve1");
    let none = tensors(&folder, "s0-r0-A4B");
    for (layer, number) in ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"].iter().zip(1..) {
        let name = format!("{layer}.weight");
        assert_eq!(two[&name] == base_a[&name], number <= 6, "{name}");
        assert_eq!(one[&name] == base_b[&name], number <= 5, "{name}");
        assert_eq!(two[&name] == none[&name], number != 5 && number != 6, "{name}");
    }
    // They learn where learning is on: all above the cut do.
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &[], &["s0-r0-A4B-preserve2"]);
    let (base, preserved) = (tensors(&folder, "s0-r0-baseA"), tensors(&folder, "s0-r0-A4B-preserve2"));
    assert_eq!(base["conv4.weight"], preserved["conv4.weight"]);
    assert_ne!(base["conv5.weight"], preserved["conv5.weight"]);
}

#[test]
fn random_filters_of_matched_moments_have_the_means_and_deviations_of_the_base() {
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &[], &["s0-r0-random-moments4B"]);
    let (base, random) = (tensors(&folder, "s0-r0-baseB"), tensors(&folder, "s0-r0-random-moments4B"));
    let moments = |values: &[f32]| {
        let count = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        (mean, (values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count).sqrt())
    };
    for layer in ["conv1", "conv2", "conv3", "conv4"] {
        let name = format!("{layer}.weight");
        let (learned, drawn) = (&base[&name].1, &random[&name].1);
        let ((mean, std), (drawn_mean, drawn_std)) = (moments(learned), moments(drawn));
        let count = learned.len() as f64;
        // Within five standard errors of the moments.
        assert!((mean - drawn_mean).abs() < 5.0 * std / count.sqrt(), "{name}: {mean} and {drawn_mean}");
        assert!((std - drawn_std).abs() < 5.0 * std / (2.0 * count).sqrt(), "{name}: {std} and {drawn_std}");
        let alike = learned.iter().zip(drawn).map(|(&a, &b)| f64::from(a - mean as f32) * f64::from(b - mean as f32));
        assert!((alike.sum::<f64>() / count / std.powi(2)).abs() < 5.0 / count.sqrt(), "{name} is not the base's");
    }
}

#[test]
fn a_probe_learns_one_softmax_layer_on_the_others_frozen_layers() {
    let runs = tempfile::tempdir().unwrap();
    let folder = trained(runs.path(), &[], &["s0-r0-A4B-probe"]);
    let (base, probe) = (tensors(&folder, "s0-r0-baseA"), tensors(&folder, "s0-r0-A4B-probe"));
    let names: Vec<&str> =
        probe.keys().map(String::as_str).filter(|name| !name.starts_with("preprocessing.")).collect();
    let layers = ["conv1", "conv2", "conv3", "conv4", "fc8"];
    assert_eq!(names, layers.map(|layer| [format!("{layer}.bias"), format!("{layer}.weight")]).concat());
    for layer in &layers[..4] {
        assert_eq!(base[&format!("{layer}.weight")], probe[&format!("{layer}.weight")]);
    }
    // conv4 gives 48 channels of 7x7.
    assert_eq!(probe["fc8.weight"].0, [5, 48 * 7 * 7]);
}

#[test]
fn a_reduced_set_trains_on_fewer_images_and_is_evaluated_on_as_many() {
    let runs = tempfile::tempdir().unwrap();
    let nodes = ["s0-r0-k4-B1B", "s0-r0-k4-A1B", "s0-r0-B1B"];
    let folder = trained(runs.path(), &["protocol.train_sizes=[4]"], &nodes);
    let last = |node: &str| {
        strata::train::record::read::<strata::train::Record>(&folder.join(node).join("log.jsonl"))
            .unwrap()
            .pop()
            .unwrap()
    };
    for (node, images) in [("s0-r0-k4-baseB", 20.0), ("s0-r0-k4-A1B", 20.0), ("s0-r0-B1B", 100.0)] {
        // Six steps of ten images.
        assert_eq!(last(node).epoch, 60.0 / images, "{node}");
        assert_eq!(last(node).images, 50, "{node}");
    }
    assert_eq!(tensors(&folder, "s0-r0-k4-B1B")["conv1.weight"], tensors(&folder, "s0-r0-k4-baseB")["conv1.weight"]);
    assert_eq!(tensors(&folder, "s0-r0-k4-A1B")["conv1.weight"], tensors(&folder, "s0-r0-baseA")["conv1.weight"]);
    assert_ne!(tensors(&folder, "s0-r0-k4-baseB")["conv1.weight"], tensors(&folder, "s0-r0-baseB")["conv1.weight"]);
}

#[test]
fn similarities_compare_the_bases_with_each_other_and_fine_tuned_networks_with_their_parents() {
    let runs = tempfile::tempdir().unwrap();
    let sets =
        ["protocol.similarity_images=50", "protocol.arms=[\"AnB+\"]", "protocol.layers=[4]", "data.test_per_class=10"];
    let sets: Vec<&str> = sets.iter().chain(&STILL).flat_map(|set| ["--set", set]).collect();
    let output = tiny(&["reproduce"], runs.path()).args(&sets).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let path = runs.path().join("default-quick/similarity.json");
    let bytes = std::fs::read(&path).unwrap();
    let found: strata::protocol::similarity::Similarities = serde_json::from_slice(&bytes).unwrap();
    let rows = |network: &str, other: &str| {
        let of_both = found.rows.iter().filter(|row| row.network == network && row.other == other);
        of_both.filter(|row| row.estimator == Estimator::Biased).collect::<Vec<_>>()
    };
    // Every value stands there by both estimators, one after the other.
    for pair in found.rows.chunks(2) {
        assert_eq!([pair[0].estimator, pair[1].estimator], [Estimator::Biased, Estimator::Debiased]);
        assert_eq!((&pair[0].layer, pair[0].count), (&pair[1].layer, pair[1].count));
    }
    // Eight layers by eight on the images of both halves.
    let bases = rows("s0-r0-baseA", "s0-r0-baseB");
    assert_eq!(bases.len(), 2 * 64);
    assert!(bases.iter().all(|row| row.count == 50 && (0.0..0.9999).contains(&row.value.unwrap())));
    // With a learning rate of nothing the copied layers are the parent's, and those above are not.
    let tuned = rows("s0-r0-A4B+", "s0-r0-baseA");
    assert_eq!(tuned.len(), 8);
    for (row, number) in tuned.iter().zip(1..) {
        assert_eq!((&row.layer, row.images.as_str()), (&row.other_layer, "B"));
        assert_eq!(row.value.unwrap() > 1.0 - 1e-12, number <= 4, "{}: {:?}", row.layer, row.value);
    }
    assert_eq!(found.rows.len(), 2 * (128 + 2 * 8));

    let again = tiny(&["similarity", "default", "--format", "json"], runs.path()).args(&sets).output().unwrap();
    assert!(again.status.success(), "{}", err(&again));
    assert_eq!(serde_json::from_slice::<strata::protocol::similarity::Similarities>(&again.stdout).unwrap(), found);
    std::fs::remove_file(&path).unwrap();
    let computed = tiny(&["similarity", "default"], runs.path()).args(&sets).output().unwrap();
    assert!(out(&computed).contains("s0-r0-A4B+"), "{}", err(&computed));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the same bytes again");

    // The text says by what and on how many images.
    let text = |args: &[&str]| {
        out(&tiny(&[&["similarity", "default"], args].concat(), runs.path()).args(&sets).output().unwrap())
    };
    assert!(
        text(&[]).starts_with("linear CKA, debiased, on 50 images of half A and 50 images of half B\n"),
        "{}",
        text(&[])
    );
    assert!(text(&["--biased"]).starts_with("linear CKA, biased, on 50 images"));
    assert!(
        text(&["--images", "7"]).starts_with("linear CKA, debiased, on 7 images of half A and 7 images of half B\n")
    );
    assert!(text(&["--images", "3"]).contains("on 5 images of half A and 5 images of half B (3 were asked for"));
    assert!(text(&["--images", "300"]).contains("on 50 images of half A and 50 images of half B (300 were asked for"));
}

#[test]
fn the_confusion_counts_agree_with_the_accuracy_of_the_last_evaluation() {
    let runs = tempfile::tempdir().unwrap();
    assert!(tiny(&["run", "default", "s0-r0-baseA"], runs.path()).output().unwrap().status.success());
    let folder = runs.path().join("default-quick/s0-r0-baseA");
    let bytes = std::fs::read(folder.join("confusion.json")).unwrap();
    let confusion: strata::train::Confusion = serde_json::from_slice(&bytes).unwrap();
    let last = strata::train::record::read::<strata::train::Record>(&folder.join("log.jsonl")).unwrap().pop().unwrap();
    assert_eq!(confusion.classes.len(), 5);
    // Ten test images of each class.
    assert!(confusion.counts.iter().all(|row| row.len() == 5 && row.iter().sum::<u64>() == 10));
    assert_eq!(confusion.right() as f64 / 50.0, last.top1);
    let manifest: toml::Table = std::fs::read_to_string(folder.join("manifest.toml")).unwrap().parse().unwrap();
    assert_eq!(manifest["confusion"].as_str().unwrap(), strata::host::digest::hex(&bytes));
}
