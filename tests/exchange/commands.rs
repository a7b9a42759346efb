//! `strata weights` from the command line: tables, scores, exports that others read, and what is refused.

use super::made::{Expected, assert_close, expected, file, folder, images, scores, small};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};
use strata::train::WeightsFile;

fn weights(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_strata")).arg("weights").args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const BY_CHANNEL: [&str; 4] = ["--mean", "120,110,100", "--std", "60,55,50"];

/// Imports a committed file for the small net, with images of 15 x 15.
fn import(name: &str, out: &Path, more: &[&str]) -> Output {
    let (from, net) = (file(name).display().to_string(), folder().join("small.toml").display().to_string());
    let out = out.display().to_string();
    let args = [&["import", &from, "--net", &net, "--out", &out, "--images", "15"][..], more].concat();
    weights(&args)
}

/// The scores of the images by a weights file.
fn of_file(path: &Path) -> Vec<Vec<f32>> {
    let read = WeightsFile::read(path).unwrap();
    assert_eq!(read.preprocessing.normalisation.shape(), [15, 15, 3]);
    scores(&read.net, &read.tensors, &read.preprocessing.normalisation)
}

#[test]
fn an_import_prints_every_parameter_and_gives_pytorchs_scores() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("w.safetensors");
    let done = import("numbered.pth", &out, &BY_CHANNEL);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let table = text(&done.stdout);
    let row = table.lines().find(|line| line.starts_with("fc8.weight")).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        ["fc8.weight", "5x10", "classifier.5.weight", "5x10", "matched"]
    );
    assert!(table.contains("10 of 10 parameters matched, by the names of layers (PyTorch (zip) file)"), "{table}");
    assert_close("numbered.pth", &of_file(&out), &expected().by_channel, 1e-5);
    let read = WeightsFile::read(&out).unwrap();
    assert_eq!((read.dataset.as_str(), read.classes.len(), &read.net), ("numbered.pth", 5, &small()));
}

#[test]
fn caffes_weights_and_mean_image_are_turned_from_blue_first_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("w.safetensors");
    let mean = file("mean.binaryproto").display().to_string();
    for name in ["new.caffemodel", "old.caffemodel"] {
        let done = import(name, &out, &["--mean", &mean, "--scale", "0.02"]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        let row = text(&done.stdout).lines().find(|line| line.starts_with("conv1.weight")).unwrap().to_string();
        assert!(row.ends_with("matched, BGR to RGB"), "{row}");
        assert_close(name, &of_file(&out), &expected().by_image, 1e-5);
    }
}

/// Python with onnx and onnxruntime, which `scripts/test` installs.
fn python() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    std::env::var_os("STRATA_PYTHON").map_or(own, PathBuf::from)
}

/// Runs the reader of exports on a model and tensors.
fn read_by_others(model: &Path, tensors: &Path, pixels: &Path) -> serde_json::Value {
    let script = folder().join("read_export.py");
    let read = Command::new(python()).arg(script).args([model, tensors, pixels]).output();
    let read = read.expect("Python with tests/exchange/requirements.txt: scripts/test installs it");
    assert!(read.status.success(), "{}", text(&read.stderr));
    serde_json::from_slice(&read.stdout).unwrap()
}

/// The centre of the images as `[image][c][h][w]`, written as JSON.
fn pixels(path: &Path) {
    let Expected { images, .. } = expected();
    let row = |image: &[u8], c: usize, h: usize| image[(c * 15 + h + 1) * 15 + 1..][..13].to_vec();
    let planes = |image: &Vec<u8>| -> Vec<Vec<Vec<u8>>> {
        (0..3).map(|c| (0..13).map(|h| row(image, c, h)).collect()).collect()
    };
    let all: Vec<_> = images.iter().map(planes).collect();
    std::fs::write(path, serde_json::to_vec(&all).unwrap()).unwrap();
}

#[test]
fn exports_are_valid_and_give_the_same_scores_in_onnx_runtime_and_onnxs_reference() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    pixels(&at("pixels.json"));
    let mean = file("mean.binaryproto").display().to_string();
    let by_image = ["--mean", &mean, "--scale", "0.02"];
    for (name, more, scores) in
        [("zip.pth", &BY_CHANNEL[..], expected().by_channel), ("new.caffemodel", &by_image, expected().by_image)]
    {
        assert!(import(name, &at("w"), more).status.success());
        let (from, model, tensors) = (at("w"), at("m.onnx"), at("t.safetensors"));
        let [from, model_text, tensors_text] = [&from, &model, &tensors].map(|path| path.display().to_string());
        let done = weights(&["export", &from, "--format", "onnx", "--out", &model_text]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        let named = ["export", &from, "--format", "safetensors", "--names", "torchvision", "--out", &tensors_text];
        assert!(weights(&named).status.success());
        let read = read_by_others(&model, &tensors, &at("pixels.json"));
        for reader in ["onnxruntime", "reference"] {
            let found: Vec<Vec<f32>> = serde_json::from_value(read[reader].clone()).unwrap();
            assert_close(&format!("{name} in {reader}"), &found, &scores, 1e-5);
        }
        let own = WeightsFile::read(&at("w")).unwrap().tensors;
        assert_eq!(read["tensors"].as_object().unwrap().len(), own.len());
        let (shape, values) = &own["fc7.weight"];
        let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
        let found = &read["tensors"]["classifier.3.weight"];
        assert_eq!(serde_json::from_value::<Vec<usize>>(found[0].clone()).unwrap(), *shape);
        assert!((found[1].as_f64().unwrap() - sum).abs() < 1e-9);
        // What was written for others comes back.
        for exported in [&model, &tensors] {
            let again = at("again");
            let (exported, net) = (exported.display().to_string(), super::made::folder().join("small.toml"));
            let (net, out) = (net.display().to_string(), again.display().to_string());
            let args = ["import", &exported, "--net", &net, "--out", &out, "--images", "15"];
            let done = weights(&[&args[..], &BY_CHANNEL].concat());
            assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
            assert_eq!(WeightsFile::read(&again).unwrap().tensors, own);
        }
    }
}

#[test]
fn every_layer_type_is_exported_as_it_is_computed() {
    // A residual block, every pooling that rounds up or pads, normalisation, and a mean over the whole image.
    let text_of_net = "name = \"all\"\ninput = [3, 13, 13]\n".to_string()
        + &[
            (
                "a",
                "conv2d",
                "out_channels = 4\nkernel_size = [3, 2]\nstride = [1, 2]\npadding = [1, 0]\nbias = false\ninit = \
                 \"he\"",
            ),
            ("n", "batch_norm", "eps = 0.01"),
            ("r", "relu", ""),
            ("b", "conv2d", "out_channels = 4\nkernel_size = 3\npadding = 2\ndilation = 2\ninit = \"he\""),
            ("s", "add", "inputs = [\"b\", \"r\"]"),
            ("p", "max_pool", "kernel_size = 3\nstride = 2\npadding = 1\nceil_mode = true"),
            ("u", "avg_pool", "kernel_size = 2\nstride = 2\nceil_mode = true"),
            ("q", "avg_pool", "kernel_size = 2\nstride = 2\npadding = 1"),
            ("t", "avg_pool", "kernel_size = 2\nstride = 2\nceil_mode = true\ncount_include_pad = false"),
            ("l", "lrn", "size = 3\nalpha = 0.5\nbeta = 0.75\nk = 2.0"),
            ("g", "avg_pool", "global = true"),
            ("f", "dense", "out_features = 6\ninit = \"he\""),
            ("d", "dropout", "ratio = 0.3"),
            ("o", "dense", "out_features = 5\ninit = \"he\""),
        ]
        .map(|(name, kind, more)| format!("[[layer]]\nname = \"{name}\"\ntype = \"{kind}\"\n{more}\n"))
        .concat();
    let def = strata::nn::net_file::parse("all", &text_of_net).unwrap();
    let mut still = def.clone();
    still.layers.iter_mut().for_each(|layer| layer.trainable = false);
    let net = strata::Net::build(&still, strata::BuildOptions::of(1)).unwrap();
    let value = |name: &str, count: usize| -> Vec<f32> {
        let drawn = strata::host::Stream::named(name).normal(count, 0.3);
        // Variances are positive.
        drawn.into_iter().map(|value| if name.ends_with("_var") { value.abs() + 0.5 } else { value }).collect()
    };
    let tensors: strata::nn::weights::Tensors = net
        .params
        .iter()
        .map(|param| (param.name.clone(), (param.shape.clone(), value(&param.name, param.shape.iter().product()))))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    pixels(&at("pixels.json"));
    let normalisation = super::made::by_channel();
    let strata::data::normalisation::MeanValues::Channels(mean) = normalisation.mean().clone() else { panic!() };
    let preprocessing = strata::exchange::Preprocessing { mean, scale: normalisation.scale.clone() };
    let model = strata::exchange::onnx(&def, &tensors, &preprocessing, "").unwrap();
    std::fs::write(at("m.onnx"), model).unwrap();
    std::fs::write(at("t"), strata::nn::weights::encode(&tensors, "").unwrap()).unwrap();
    let read = read_by_others(&at("m.onnx"), &at("t"), &at("pixels.json"));
    let own: Vec<Vec<f64>> = scores(&def, &tensors, &normalisation)
        .iter()
        .map(|scores| scores.iter().map(|&score| f64::from(score)).collect())
        .collect();
    for reader in ["onnxruntime", "reference"] {
        let found: Vec<Vec<f32>> = serde_json::from_value(read[reader].clone()).unwrap();
        assert_close(reader, &found, &own, 1e-5);
    }
}

#[test]
fn nothing_is_written_where_anything_is_refused_and_the_exit_code_says_what() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("w.safetensors");
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let small = super::made::folder().join("small.toml").display().to_string();
    let zip = file("zip.pth").display().to_string();
    let code = at("code.pth", b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.");
    let mut nan = std::fs::read(file("own.safetensors")).unwrap();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let nan = at("nan.safetensors", &nan);
    let mean = file("mean.binaryproto").display().to_string();
    let names = at("names.txt", b"a\nb\nc\nd\ne\nf\n");
    let by = |args: &[&'static str]| args.to_vec();
    let cases: [(&str, &str, Vec<&str>, i32, &str); 10] = [
        (&zip, "lenet5", by(&["--mean", "1"]), 9, "does not fit the net lenet5"),
        (&zip, &small, vec!["--mean", "1,2,3", "--classes", "4"], 9, "--partial"),
        (&code, &small, by(&["--mean", "1,2,3"]), 9, "posix.system"),
        (&nan, &small, by(&["--mean", "1,2,3"]), 9, "1 non-finite of"),
        (&zip, "alexnet32", vec!["--mean", &mean], 9, "a mean of 3 x 15 x 15"),
        (&mean, &small, by(&["--mean", "1,2,3"]), 9, "mean image of Caffe"),
        (&zip, &small, by(&["--mean", "1,2"]), 2, "--mean has 2 values, expected 3"),
        (&zip, &small, by(&["--mean", "1,2,3", "--std", "1,0,1"]), 2, "other than 0"),
        (&zip, &small, vec!["--mean", "1,2,3", "--class-names", &names], 9, "6 names of classes"),
        ("no-such-file", &small, by(&["--mean", "1,2,3"]), 1, "no-such-file"),
    ];
    for (from, net, more, status, words) in cases {
        let path = out.display().to_string();
        let done = weights(&[&["import", from, "--net", net, "--out", &path][..], &more].concat());
        let message = text(&done.stderr);
        assert_eq!(done.status.code(), Some(status), "{from} {more:?}: {message}");
        assert!(message.contains(words), "{from} {more:?}: {message}");
        assert!(!out.exists(), "{from}");
    }
}

#[test]
fn what_is_drawn_anew_in_a_partial_import_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("w");
    let done = import("zip.pth", &out, &[&BY_CHANNEL[..], &["--classes", "4", "--partial"]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("drawn anew (seed 1): fc8.weight, fc8.bias"), "{}", text(&done.stdout));
    let read = WeightsFile::read(&out).unwrap();
    assert_eq!(read.tensors["fc8.weight"].0, [4, 10]);
}

#[test]
fn an_alpha_that_its_program_does_not_divide_becomes_strata_s() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("w");
    let done = import("zip.pth", &out, &[&BY_CHANNEL[..], &["--undivided-alpha", "0.004"]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_close("alpha", &of_file(&out), &expected().by_channel, 1e-5);
}

#[test]
fn an_inspection_tells_untrained_weights_and_draws_filters() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("f.png").display().to_string();
    let done = weights(&["inspect", &file("zip.pth").display().to_string(), "--filters", &picture]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let digest = blake3::hash(&std::fs::read(file("zip.pth")).unwrap()).to_hex().to_string();
    assert!(text(&done.stdout).contains(&digest));
    let drawn = image::open(&picture).unwrap();
    assert!(drawn.width() > 100 && drawn.height() > 100);
    assert_eq!(images().len(), 4);
}

#[test]
fn a_study_takes_a_file_for_its_source_and_proves_that_it_stayed_frozen() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("w.safetensors");
    assert!(import("stream.pth", &out, &BY_CHANNEL).status.success());
    let runs = folder.path().join("runs").display().to_string();
    let pretrained = format!("net.pretrained={}", out.display());
    let study = [
        "--quick",
        "--device",
        "cpu",
        "--runs",
        &runs,
        "--set",
        &pretrained,
        "--set",
        "data.source=noise",
        "--set",
        "protocol.layers=[1, 2]",
        "--set",
        "protocol.arms=[\"BnB\", \"AnB\", \"AnB+\", \"random-he\"]",
        "--set",
        "solver.max_iter=4",
    ];
    let strata = |verb: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_strata")).args(verb).args(study).output().unwrap();
        assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
        done
    };
    let node = "s0-r0-pretrained-A2B";
    let done = strata(&["run", "default", node]);
    let said = text(&done.stderr);
    assert!(said.contains("divided by [60.0, 55.0, 50.0]") && said.contains("the mean \"channel\""), "{said}");
    let line = text(&done.stdout).lines().find(|line| line.contains("unchanged")).unwrap().to_string();
    assert!(line.starts_with("conv1-conv2 unchanged (digest ") && line.contains("backward work saved"), "{line}");
    let tensors = |name: &str| {
        let path = Path::new(&runs).join("default-quick").join(name).join("weights.safetensors");
        WeightsFile::read(&path).unwrap().tensors
    };
    let (source, now) = (WeightsFile::read(&out).unwrap().tensors, tensors(node));
    for name in ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"] {
        assert_eq!(source[name], now[name], "{name}");
    }
    assert_ne!(source["fc6.weight"], now["fc6.weight"]);
    let reproduced = strata(&["reproduce", "default"]);
    assert!(text(&reproduced.stdout).contains("pretrained"), "{}", text(&reproduced.stdout));
    assert_ne!(tensors("s0-r0-pretrained-A2B+")["conv1.weight"], source["conv1.weight"]);
    // Another file under the same name is not the source that the study began with.
    assert!(import("zip.pth", &out, &["--mean", "1,2,3"]).status.success());
    let other = Command::new(env!("CARGO_BIN_EXE_strata")).args(["run", "default", node]).args(study).output().unwrap();
    assert_eq!(other.status.code(), Some(6), "{}", text(&other.stderr));
}
