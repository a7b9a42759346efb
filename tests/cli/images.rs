//! Image folders, packed stores and fetched sets.

use super::made::{err, out, strata};
use std::path::Path;

/// Two classes of six small PNGs, and one file that is none.
fn image_folder(root: &Path) {
    for i in 0..12u8 {
        let class = root.join(format!("set/{}/{}", ["train", "val"][usize::from(i / 8)], i % 2));
        std::fs::create_dir_all(&class).unwrap();
        let pixel = |x: u32, y: u32| image::Rgb([(x * 9) as u8, (y * 7) as u8, i * 20]);
        image::RgbImage::from_fn(20, 30, pixel).save(class.join(format!("{i}.png"))).unwrap();
    }
}

#[test]
fn a_folder_is_packed_inspected_and_trained_on() {
    let root = tempfile::tempdir().unwrap();
    image_folder(root.path());
    let (set, store, sheet) = (root.path().join("set"), root.path().join("set.pack"), root.path().join("sheet.png"));
    let pack = |more: &[&str]| {
        let mut command = strata(&["data", "pack", "--size", "32"]);
        command.arg(&set).arg("--out").arg(&store).args(more).output().unwrap()
    };
    std::fs::write(set.join("train/0/bad.png"), "no image").unwrap();
    let refused = pack(&[]);
    assert_eq!(refused.status.code(), Some(4), "{}", err(&refused));
    assert!(err(&refused).contains("bad.png"), "{}", err(&refused));
    let packed = pack(&["--on-bad-image", "skip", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&packed.stdout).unwrap();
    assert_eq!((&json["images"], &json["skipped"][0]["name"]), (&12.into(), &"train/0/bad.png".into()));
    assert!(err(&packed).contains("skipped train/0/bad.png"), "{}", err(&packed));

    let inspected = strata(&["data", "inspect", "packed"]).arg(&store).arg("--sheet").arg(&sheet).output().unwrap();
    assert!(out(&inspected).contains("set: 2 classes, images of 32 x 32 x 3"), "{}", out(&inspected));
    assert_eq!(image::open(&sheet).unwrap().height(), 2 * 33 + 1);

    let train = |source: &str, path: &Path| {
        let args = ["train", "--device", "cpu", "--net", "alexnet32", "--max-iter", "2", "--batch-size", "4", "--data"];
        let output = strata(&args).arg(source).arg("--data-path").arg(path).current_dir(&root).output().unwrap();
        assert!(err(&output).contains("waiting for data"), "{}", err(&output));
        out(&output)
    };
    std::fs::remove_file(set.join("train/0/bad.png")).unwrap();
    let result = train("packed", &store);
    assert!(result.starts_with("top1 "), "{result}");
    let scores = |text: &str| text.lines().next().map(String::from);
    assert_eq!(scores(&result), scores(&train("folder", &set)), "the same images, the same bits");
}

#[test]
fn fetching_from_nowhere_names_the_address_and_an_unknown_name_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let fetch = |args: &[&str]| strata(&["data", "fetch"]).args(args).arg("--out").arg(folder.path()).output().unwrap();
    let output = fetch(&["mnist", "--url", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(err(&output).contains("http://127.0.0.1:9/train-images-idx3-ubyte.gz"), "{}", err(&output));
    let new = folder.path().join("new");
    let output =
        strata(&["data", "fetch", "mnist", "--url", "http://127.0.0.1:9", "--out"]).arg(&new).output().unwrap();
    assert!(!output.status.success() && !new.exists(), "nothing has arrived, and nothing is left");
    let output = fetch(&["imagenet"]);
    assert!(!output.status.success() && err(&output).contains("mnist, fashion-mnist, cifar10, cifar100"));
}

/// A folder of four classes without a test part: ten images of each, and of one class two more that are equal.
fn undivided(root: &Path) -> std::path::PathBuf {
    let set = root.join("photos");
    super::made::tinted(&set, &["cup", "dog", "fox", "owl"], 10, 32);
    for copy in ["copy-1.png", "copy-2.png"] {
        std::fs::copy(set.join("dog/03.png"), set.join("dog").join(copy)).unwrap();
    }
    set
}

/// An experiment on it: two bases and two more networks.
fn of_photos(root: &Path, more: &str) -> std::path::PathBuf {
    let file = root.join("mine.toml");
    let text = format!(
        "[data]\nsource = \"folder\"\npath = \"photos\"\nunequal_halves = \"balanced\"\n{more}[net]\nname = \"lenet5\"\n\
         [protocol]\nlayers = [1]\narms = [\"BnB\"]\n[solver]\nbase_lr = 0.01\nlr_policy = \"cosine\"\nmax_iter = 2\n\
         batch_size = 4\n"
    );
    std::fs::write(&file, text.replace("unequal_halves", "fit = \"resize\"\nunequal_halves")).unwrap();
    file
}

#[test]
fn a_test_part_is_drawn_where_it_is_asked_for_printed_recorded_and_part_of_what_a_network_is() {
    let root = tempfile::tempdir().unwrap();
    undivided(root.path());
    let reproduce = |file: &Path, more: &[&str]| {
        let mut command = strata(&["reproduce", "--device", "cpu"]);
        command.arg(file).args(more).current_dir(&root).output().unwrap()
    };
    let output = reproduce(&of_photos(root.path(), ""), &[]);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(err(&output).contains("data.test_fraction = 0.2") && err(&output).contains("photos"), "{}", err(&output));
    assert!(!root.path().join("runs").exists(), "a command that cannot begin leaves no directory");

    let output = reproduce(&of_photos(root.path(), "test_fraction = 0.2\n"), &[]);
    assert!(output.status.success(), "{}", err(&output));
    for line in [
        "test part: 8 of 42 images, 0.2 of each class, drawn with seed 0",
        "2 images have the pixels of an earlier one; equal images stay on one side of the test part",
    ] {
        assert!(err(&output).contains(line), "{line}: {}", err(&output));
    }
    let kept = std::fs::read_to_string(root.path().join("runs/mine/experiment.toml")).unwrap();
    assert!(kept.contains("test_fraction = 0.2"), "{kept}");
    let manifest = std::fs::read_to_string(root.path().join("runs/mine/s0-r0-baseA/manifest.toml")).unwrap();
    assert!(manifest.contains("test_fraction = 0.2"), "{manifest}");
    let output = reproduce(&root.path().join("mine.toml"), &["--set", "data.test_seed=1"]);
    assert!(!output.status.success() && err(&output).contains("data.test_seed"), "{}", err(&output));
    // A set that has a test part keeps it.
    let output = reproduce(
        &root.path().join("mine.toml"),
        &["--set", "data.source=fashion-mnist", "--set", "data.path=", "--set", "name=other"],
    );
    assert!(err(&output).contains("has a test part of its own, of 10000 images"), "{}", err(&output));
}

#[test]
fn training_and_evaluation_draw_the_same_test_part() {
    let root = tempfile::tempdir().unwrap();
    let set = undivided(root.path());
    let run = |args: &[&str]| {
        let output = strata(args).current_dir(&root).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        output
    };
    let part = ["--test-fraction", "0.25", "--test-seed", "7"];
    let data = ["--data", "folder", "--data-path", set.to_str().unwrap()];
    let train =
        ["train", "--device", "cpu", "--net", "lenet5", "--max-iter", "3", "--batch-size", "8", "--fit", "resize"];
    let trained = run(&[&train[..], &data, &part, &["--out", "w.safetensors"]].concat());
    assert!(
        err(&trained).contains("test part: 12 of 42 images, 0.25 of each class, drawn with seed 7"),
        "{}",
        err(&trained)
    );
    let scores = out(&trained).lines().next().unwrap().to_string();
    let eval = ["eval", "w.safetensors", "--device", "cpu"];
    let evaluated = run(&[&eval[..], &data, &part].concat());
    assert_eq!(out(&evaluated).lines().next(), Some(scores.as_str()));
    assert!(err(&evaluated).contains("(12 images)"), "{}", err(&evaluated));
    let whole = run(&[&eval[..], &data].concat());
    assert!(err(&whole).contains("(42 images)"), "{}", err(&whole));
}

#[test]
fn a_bad_image_stops_a_command_or_is_left_out_and_counted() {
    let root = tempfile::tempdir().unwrap();
    let set = undivided(root.path());
    std::fs::write(set.join("fox/04.png"), "no image").unwrap();
    let file = of_photos(root.path(), "test_fraction = 0.2\n");
    let folder = set.to_str().unwrap();
    let train =
        ["train", "--device", "cpu", "--net", "lenet5", "--max-iter", "1", "--fit", "resize", "--data", "folder"];
    let train = [&train[..], &["--data-path", folder, "--test-fraction", "0.2"]].concat();
    let inspect = ["data", "inspect", folder];
    let reproduce = ["reproduce", file.to_str().unwrap(), "--device", "cpu"];
    for (command, skip) in [
        (&train[..], &["--on-bad-image", "skip"][..]),
        (&inspect, &["--on-bad-image", "skip"]),
        (&reproduce, &["--set", "data.on_bad_image=skip"]),
    ] {
        let output = strata(command).current_dir(&root).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{command:?}: {}", err(&output));
        assert!(err(&output).contains("fox/04.png"), "{}", err(&output));
        let output = strata(command).args(skip).current_dir(&root).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", err(&output));
        assert!(err(&output).contains("1 of 42 images cannot be decoded and are left out"), "{}", err(&output));
        assert!(err(&output).contains("fox/04.png: "), "{}", err(&output));
    }
    let inspected = out(&strata(&inspect).args(["--on-bad-image", "skip"]).output().unwrap());
    assert!(
        inspected.contains("dog/copy-1.png is ") && inspected.contains("duplicate images: 2 in training"),
        "{inspected}"
    );
}
