//! Studies whose numbers would mean nothing are refused, and pictures are seen whole.

use super::made::{err, idx, out, strata, tinted, tiny};
use std::{fs, path::Path, process::Output};

fn refused(output: &Output, words: &[&str]) {
    let message = err(output);
    assert!(matches!(output.status.code(), Some(3 | 4)), "{message}");
    for word in words {
        assert!(message.contains(word), "{word} is missing in {message}");
    }
}

fn study(runs: &Path, sets: &[&str]) -> Output {
    let mut command = tiny(&["reproduce", "--set", "protocol.arms=[\"BnB\"]"], runs);
    command.args(sets.iter().flat_map(|set| ["--set", set]));
    command.output().unwrap()
}

fn of_folder(runs: &Path, path: &Path) -> Output {
    let path = format!("data.path={}", path.display());
    study(runs, &["net.name=alexnet32", "data.source=folder", &path, "data.held_out_per_class=0"])
}

#[test]
fn halves_of_one_class_are_refused_by_the_name_of_the_class() {
    let root = tempfile::tempdir().unwrap();
    let runs = root.path().join("runs");
    for classes in [&["cat", "dog"][..], &["cat", "dog", "fox"]] {
        let set = root.path().join(classes.len().to_string());
        ["train", "val"].iter().for_each(|part| tinted(&set.join(part), classes, 20, 32));
        refused(&of_folder(&runs, &set), &["half A of split 0", "it has 1 class, \"", "at least 2 classes"]);
    }
    let halves = root.path().join("halves.csv");
    fs::write(&halves, "class,half\nTrouser,A\nCoat,B\n").unwrap();
    let file = format!("protocol.split_file={}", halves.display());
    let listed = study(&runs, &["protocol.split=listed", "protocol.splits=[0]", &file]);
    refused(&listed, &["it has 1 class, \"Trouser\""]);
    // Two against two is valid.
    fs::write(&halves, "\u{feff}class,half\r\n\"Trouser\",A\r\nBag,A\r\nCoat,B\r\n\"Shirt\",B\r\n").unwrap();
    let listed = study(&runs, &["protocol.split=listed", "protocol.splits=[0]", &file]);
    assert!(listed.status.success(), "{}", err(&listed));
}

#[test]
fn classes_without_a_training_image_are_refused_by_name_and_can_be_left_out() {
    let root = tempfile::tempdir().unwrap();
    let (set, runs) = (root.path().join("set"), root.path().join("runs"));
    let labels: Vec<u8> = (0..6).flat_map(|class| [class; 20]).collect();
    idx(&set, 28, &labels, &labels);
    let path = format!("data.path={}", set.display());
    let sets = ["data.source=idx", &path, "data.held_out_per_class=0"];
    refused(&study(&runs, &sets), &["half A of split 0", "no training image of \"7\", \"8\"", "listed"]);
    let halves = root.path().join("halves.csv");
    fs::write(&halves, "0,A\n1,A\n2,A\n3,B\n4,B\n5,B\n").unwrap();
    let file = format!("protocol.split_file={}", halves.display());
    let listed = ["protocol.split=listed", "protocol.splits=[0]", &file];
    let listed = study(&runs, &[&sets[..], &listed].concat());
    assert!(listed.status.success(), "{}", err(&listed));
    let train = strata(&["train", "--device", "cpu", "--data", "idx", "--data-path"]).arg(&set).output().unwrap();
    refused(&train, &["no training image of \"6\", \"7\", \"8\", \"9\""]);
}

#[test]
fn two_seeds_of_one_partition_are_refused_with_another_seed_also_where_one_was_trained_before() {
    let runs = tempfile::tempdir().unwrap();
    // --quick keeps the first split; all others are looked at in the file itself.
    let whole = |splits: &str| {
        let mut command = strata(&["plan", "default", "--memory", "--device", "cpu", "--set"]);
        command.arg(format!("protocol.splits={splits}")).output().unwrap()
    };
    let output = whole("[5, 7, 24]");
    refused(&output, &["protocol.splits", "5 and 24", "same halves", "seed 0 gives other halves"]);
    assert!(whole("[5, 7]").status.success());
    let with = |seed: &str| {
        let (node, splits) = (format!("s{seed}-r0-baseA"), format!("protocol.splits=[{seed}]"));
        tiny(&["run", "default", &node, "--set", &splits], runs.path()).output().unwrap()
    };
    let first = with("5");
    assert!(first.status.success(), "{}", err(&first));
    refused(&with("24"), &["5 and 24"]);
    assert!(with("7").status.success());
}

#[test]
fn too_few_images_are_reported_with_the_name_of_their_class() {
    let runs = tempfile::tempdir().unwrap();
    let output = strata(&["reproduce", "--device", "cpu", "--set", "data.train_per_class=600", "--runs"])
        .arg(runs.path().join("runs"))
        .output()
        .unwrap();
    refused(&output, &["class \"T-shirt/top\" has 600 images where 700 are needed"]);
}

/// Four classes that differ in one corner alone, in images of a side.
fn corners(root: &Path, side: u32) {
    for part in ["train", "val"] {
        for class in 0..4u32 {
            let folder = root.join(part).join(class.to_string());
            fs::create_dir_all(&folder).unwrap();
            for i in 0..8u32 {
                let lit = |x: u32, y: u32| x / (side / 4) == 3 * (class % 2) && y / (side / 4) == 3 * (class / 2);
                let shade = |x: u32, y: u32| if lit(x, y) { 250 } else { 20 + ((x * 7 + y * 13 + i * 31) % 9) as u8 };
                let image = image::RgbImage::from_fn(side, side, |x, y| image::Rgb([shade(x, y); 3]));
                image.save(folder.join(format!("{i}.png"))).unwrap();
            }
        }
    }
}

fn trained(net: &str, source: &str, path: &Path, more: &[&str]) -> Output {
    let args =
        ["train", "--device", "cpu", "--net", net, "--max-iter", "40", "--batch-size", "16", "--base-lr", "0.005"];
    // Its weights go to a folder of its own.
    let place = tempfile::tempdir().unwrap();
    let mut command = strata(&args);
    command.args(["--data", source, "--data-path"]).arg(path).args(more).current_dir(&place).output().unwrap()
}

#[test]
fn pictures_larger_than_the_net_are_seen_whole_or_refused_wherever_they_come_from() {
    let root = tempfile::tempdir().unwrap();
    let set = root.path().join("set");
    corners(&set, 96);
    let pack = |size: &str| {
        let path = root.path().join(format!("{size}.pack"));
        let mut command = strata(&["data", "pack", "--size", size, "--out"]);
        assert!(command.arg(&path).arg(&set).output().unwrap().status.success());
        path
    };
    let right = |output: &Output| assert!(out(output).contains("top1 1.0000"), "{}{}", out(output), err(output));
    right(&trained("alexnet32", "folder", &set, &[]));
    right(&trained("alexnet32", "packed", &pack("32"), &[]));
    let large = pack("96");
    refused(&trained("alexnet32", "packed", &large, &[]), &["data.fit", "--size 32", "[96, 96, 3]", "[32, 32, 3]"]);
    refused(&trained("alexnet32", "packed", &pack("24"), &[]), &["data.fit", "--size 32", "[24, 24, 3]"]);
    // A window is for those who ask for it: here it shows nothing of the class.
    let window = trained("alexnet32", "packed", &large, &["--fit", "crop"]);
    assert!(out(&window).contains("top1 0.2500"), "{}{}", out(&window), err(&window));

    let labels: Vec<u8> = (0..10).flat_map(|class| [class; 4]).collect();
    for (side, ways) in [(64, &["\"resize\"", "\"crop\""][..]), (20, &["\"resize\"", "\"pad\""])] {
        let path = root.path().join(format!("idx{side}"));
        idx(&path, side, &labels, &labels);
        refused(&trained("alexnet28", "idx", &path, &[]), &[&["data.fit"], ways].concat());
        let resized = trained("alexnet28", "idx", &path, &["--fit", "resize", "--max-iter", "1"]);
        assert!(
            resized.status.success() || err(&resized).contains("cannot be used multiple times"),
            "{}",
            err(&resized)
        );
    }
    let runs = root.path().join("runs");
    let path = format!("data.path={}", large.display());
    refused(&study(&runs, &["net.name=alexnet32", "data.source=packed", &path]), &["data.fit", "--size 32"]);
    assert!(!runs.exists());
}
