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
