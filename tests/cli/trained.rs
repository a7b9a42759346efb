//! Trained networks in use: `eval`, `predict` and `features` against PyTorch's numbers, which `scripts/torch-numbers`
//! wrote to `tests/cli/trained`, and what they refuse; `train` with its checkpoints.

use super::made::{err, out, strata};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

/// The largest difference from PyTorch's probabilities, losses and activations, all of the order of 1.
const BOUND: f64 = 2e-6;

fn trained(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/trained").join(name)
}

/// The networks by their files, with what PyTorch says of them on the images of a folder.
fn expected(folder: &str) -> Vec<(PathBuf, Value)> {
    let all: Value = serde_json::from_str(&fs::read_to_string(trained("expected.json")).unwrap()).unwrap();
    let of = |name: &str| (trained(&format!("{name}.safetensors")), all[format!("{name} {folder}")].clone());
    vec![of("image-mean"), of("channel-mean")]
}

fn on_cpu(verb: &str, weights: &Path, args: &[&str]) -> Output {
    strata(&[verb, "--device", "cpu"]).arg(weights).args(args).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", err(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn near(got: &Value, expected: &Value, bound: f64) {
    let (got, expected) = (got.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((got - expected).abs() <= bound, "{got} is not {expected}");
}

#[test]
fn an_evaluation_has_pytorchs_loss_accuracies_and_confusions() {
    let images = trained("images");
    for (weights, expected) in expected("images") {
        let args = ["--data", images.to_str().unwrap()];
        let found = json(&on_cpu("eval", &weights, &[&args[..], &["--format", "json", "--batch-size", "7"]].concat()));
        near(&found["loss"], &expected["loss"], BOUND);
        for key in ["top1", "top5", "images"] {
            near(&found[key], &expected[key], 1e-12);
        }
        assert_eq!(found["confusion"]["counts"], expected["confusion"]);
        assert_eq!(found["confusion"]["classes"], expected["classes"]);
        let text = out(&on_cpu("eval", &weights, &args));
        let top1 = format!("top1 {:.4}", expected["top1"].as_f64().unwrap());
        assert!(text.starts_with(&top1) && text.contains("bars"), "{text}");
    }
}

#[test]
fn predictions_have_pytorchs_probabilities_in_csv_and_json() {
    for (folder, bound) in [("images", BOUND), ("other-sizes", BOUND)] {
        for (weights, expected) in expected(folder) {
            let images = trained(folder);
            let args = [images.to_str().unwrap(), "--top", "9", "--format", "json"];
            let found = json(&on_cpu("predict", &weights, &args));
            let rows = found["predictions"].as_array().unwrap();
            let classes = expected["classes"].as_array().unwrap();
            assert_eq!(rows.len(), classes.len() * expected["probabilities"].as_object().unwrap().len());
            for row in rows {
                let file =
                    Path::new(row["file"].as_str().unwrap()).strip_prefix(trained("")).unwrap().to_str().unwrap();
                let class = classes.iter().position(|class| *class == row["class"]).unwrap();
                near(&row["probability"], &expected["probabilities"][file][class], bound);
            }
            let pattern = format!("{}/*/0.p?m", images.display());
            let text = out(&on_cpu("predict", &weights, &[&pattern]));
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some("file,rank,class,probability"));
            let first = rows.iter().filter(|row| row["rank"] == 1 && row["file"].as_str().unwrap().ends_with("/0.ppm"));
            let mut count = 0;
            for row in first {
                let fields: Vec<&str> = lines.next().unwrap().split(',').collect();
                assert_eq!(
                    (fields[0], fields[1], fields[2]),
                    (row["file"].as_str().unwrap(), "1", row["class"].as_str().unwrap())
                );
                near(&fields[3].parse::<f64>().unwrap().into(), &row["probability"], 1e-7);
                count += 1;
            }
            assert_eq!((count, lines.next()), (6, None));
        }
    }
}

/// The shape and the values of an array in NumPy's format.
fn npy(path: &Path, descr: &str) -> (String, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    let end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..end]).unwrap();
    assert!(header.contains(&format!("'descr': '{descr}', 'fortran_order': False")), "{header}");
    let shape = header.split_once("'shape': (").unwrap().1.split_once(')').unwrap().0;
    (shape.to_string(), bytes[end..].to_vec())
}

#[test]
fn features_are_pytorchs_and_come_with_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let (file, images) = (folder.path().join("f.npy"), trained("images"));
    for (weights, expected) in expected("images") {
        let layer = expected["features"]["layer"].as_str().unwrap();
        let args = ["--data", images.to_str().unwrap(), "--layer", layer, "--out", file.to_str().unwrap()];
        let found = json(&on_cpu("features", &weights, &[&args[..], &["--format", "json"]].concat()));
        assert_eq!(found["shape"], expected["features"]["shape"]);
        let (shape, bytes) = npy(&file, "<f4");
        assert_eq!(format!("[{shape}]"), expected["features"]["shape"].to_string().replace(',', ", "));
        let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        let all = expected["features"]["values"].as_array().unwrap();
        assert_eq!(values.len(), all.len());
        values.zip(all).for_each(|(value, expected)| near(&f64::from(value).into(), expected, 2.0 * BOUND));
        let (_, bytes) = npy(&folder.path().join("f.labels.npy"), "<i8");
        let labels: Vec<i64> = bytes.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(serde_json::json!(labels), expected["labels"]);
    }
    let args = ["--data", images.to_str().unwrap(), "--layer", "pool3", "--out", file.to_str().unwrap()];
    let output = on_cpu("features", &trained("image-mean.safetensors"), &args);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("did you mean \"pool"), "{}", err(&output));
}

#[test]
fn an_image_that_cannot_be_read_is_named_and_the_others_go_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("broken.png"), "no image").unwrap();
    fs::copy(trained("images/bars/0.ppm"), path("whole.ppm")).unwrap();
    let args = [path("broken.png"), path("whole.ppm"), path("missing.jpg")];
    let args: Vec<&str> = args.iter().map(|path| path.to_str().unwrap()).collect();
    let weights = trained("image-mean.safetensors");
    let output = on_cpu("predict", &weights, &args);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    let text = out(&output);
    assert!(text.lines().count() == 2 && text.contains("whole.ppm,1,"), "{text}");
    for word in ["broken.png", "missing.jpg", "2 of 3 images"] {
        assert!(err(&output).contains(word), "{word} is missing in {}", err(&output));
    }
    let output = on_cpu("predict", &weights, &[&args[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["failed"].as_array().unwrap().len(), 2);
    assert_eq!(found["predictions"].as_array().unwrap().len(), 1);
    let empty = tempfile::tempdir().unwrap();
    for nothing in [empty.path().to_str().unwrap(), &format!("{}/*.png", empty.path().display())] {
        let output = on_cpu("predict", &weights, &[nothing]);
        assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    }
}

#[test]
fn classes_are_matched_by_name_and_a_set_without_any_of_them_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let args = |path: &Path| ["--data".to_string(), path.display().to_string()];
    // In another order, and with one more class.
    for (class, name) in [("slopes", "aaa"), ("bars", "bars"), ("blank", "blank")] {
        let to = folder.path().join("set").join(name);
        fs::create_dir_all(&to).unwrap();
        for i in 0..3 {
            fs::copy(trained(&format!("images/{class}/{i}.ppm")), to.join(format!("{i}.ppm"))).unwrap();
        }
    }
    let [data, path] = args(&folder.path().join("set"));
    let output = on_cpu("eval", &trained("channel-mean.safetensors"), &[&data, &path, "--format", "json"]);
    let found = json(&output);
    assert!(err(&output).contains("aaa"), "{}", err(&output));
    assert_eq!(found["images"], 6);
    let all: Value = serde_json::from_str(&fs::read_to_string(trained("expected.json")).unwrap()).unwrap();
    let expected = &all["channel-mean images"]["confusion"];
    for class in 0..2 {
        assert_eq!(found["confusion"]["counts"][class], expected[class], "the rows of bars and blank");
    }
    let output = on_cpu("eval", &trained("image-mean.safetensors"), &["--data", "fashion-mnist", "--fit", "resize"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(err(&output).contains("by name") && err(&output).contains("Pullover"), "{}", err(&output));
    let output = on_cpu("eval", &trained("image-mean.safetensors"), &["--data", "fashion-mnist"]);
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn a_file_that_is_no_weights_file_is_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let whole = fs::read(trained("image-mean.safetensors")).unwrap();
    let of_others = {
        let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        [&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat()
    };
    let before = {
        let header = br#"{"__metadata__":{"strata":"net = alexnet28"}}"#;
        [&(header.len() as u64).to_le_bytes()[..], header].concat()
    };
    let mut not_finite = whole.clone();
    let end = not_finite.len();
    not_finite[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    for (bytes, word) in [
        (b"text".to_vec(), "w.safetensors"),
        (whole[..whole.len() - 1].to_vec(), "w.safetensors"),
        (of_others, "is no weights file of strata"),
        (before, "train the network again"),
        (not_finite, "non-finite"),
    ] {
        fs::write(&path, bytes).unwrap();
        let output = on_cpu("eval", &path, &["--data", "fashion-mnist"]);
        assert_eq!(output.status.code(), Some(6), "{word}: {}", err(&output));
        assert!(err(&output).contains(word), "{}", err(&output));
    }
}

#[test]
fn a_stopped_training_run_resumes_to_the_same_bits_and_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let train = |file: &str, steps: &str| {
        let args = ["train", "--device", "cpu", "--max-iter", steps, "--batch-size", "4", "--checkpoint-every", "50"];
        strata(&args).arg("--out").arg(folder.path().join(file)).spawn().unwrap()
    };
    assert!(train("whole.safetensors", "1500").wait().unwrap().success());
    let state = folder.path().join("parts.state.safetensors");
    let mut stops = 0;
    loop {
        let mut child = train("parts.safetensors", "1500");
        let had = fs::read(&state).ok();
        let signal = ["-TERM", "-KILL", "-HUP"][stops % 3];
        // Until it has made some way.
        while fs::read(&state).ok() == had && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        if child.try_wait().unwrap().is_none() {
            crate::reliability::made::send(signal, &child);
        }
        let status = child.wait().unwrap();
        if status.success() {
            break;
        }
        stops += 1;
        assert!(stops == 2 || [Some(143), None].contains(&status.code()), "{status:?}");
    }
    assert!(stops > 0, "it was stopped at least once");
    let read = |file: &str| fs::read(folder.path().join(file)).unwrap();
    assert!(read("whole.safetensors") == read("parts.safetensors"), "after {stops} stops");
    assert!(!state.exists(), "no checkpoint is left");
    let args = ["train", "--device", "cpu", "--max-iter", "1500", "--batch-size", "4", "--out"];
    let again = strata(&args).arg(folder.path().join("whole.safetensors")).output().unwrap();
    assert!(err(&again).contains("is trained already"), "{}", err(&again));
    assert!(out(&again).starts_with("top1 "), "{}", out(&again));
}

#[test]
fn weights_without_a_given_place_are_kept_in_one_of_their_own_that_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let train = |seed: &str| {
        let args = ["train", "--device", "cpu", "--max-iter", "2", "--batch-size", "4", "--seed", seed];
        let output = strata(&args).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        out(&output).lines().last().unwrap().to_string()
    };
    let (first, second) = (train("1"), train("2"));
    assert!(first.starts_with("weights/alexnet28-fashion-mnist-") && first != second, "{first}");
    assert_eq!(train("1"), first);
    assert_eq!(fs::read_dir(folder.path().join("weights")).unwrap().count(), 2);
}
