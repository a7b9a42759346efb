//! Nets by file: what is refused, what is shown, and a study of one.

use super::made::{err, out, strata};
use std::path::Path;

const RESIDUAL: &str = include_str!("../nets/residual.toml");

const HEAD: &str = "name = \"mine\"\ninput = [1, 28, 28]\n";

fn layer(name: &str, rest: &str) -> String {
    format!("[[layer]]\nname = \"{name}\"\n{rest}\n")
}

fn conv(name: &str, rest: &str) -> String {
    layer(name, &format!("type = \"conv2d\"\nout_channels = 4\nkernel_size = 3\npadding = 1\ninit = \"he\"\n{rest}"))
}

fn scores(rest: &str) -> String {
    layer("scores", &format!("type = \"dense\"\nout_features = 10\ninit = \"he\"\n{rest}"))
}

fn add(name: &str, inputs: &str) -> String {
    layer(name, &format!("type = \"add\"\ninputs = {inputs}"))
}

/// Every bad net: one message that names the place and the remedy, exit code 3, before any work.
#[test]
fn a_net_file_that_cannot_be_meant_is_refused_by_one_clear_message() {
    let long: String = (0..2001).map(|i| conv(&format!("c{i}"), "")).collect();
    let cases: Vec<(String, &[&str])> = vec![
        (layer("a", "type = \"conv3d\""), &["layer 1 (\"a\")", "conv3d", "conv2d"]),
        (conv("a", "kernelsize = 3") + &scores(""), &["layer 1 (\"a\")", "kernelsize", "kernel_size"]),
        (conv("a", "out_channels_ = 1") + &scores(""), &["out_channels_", "out_channels"]),
        ("size = 3\n".to_string() + &scores(""), &["\"size\"", "nearest"]),
        (
            add("a", "[\"b\", \"input\"]") + &add("b", "[\"a\", \"input\"]") + &scores(""),
            &["wait for each other", "a -> b -> a"],
        ),
        (
            add("a", "[\"b\", \"input\"]") + &conv("b", "inputs = [\"input\"]") + &scores(""),
            &["b comes after it", "in front of a"],
        ),
        (conv("conv1", "") + &conv("b", "inputs = [\"conv2\"]") + &scores(""), &["layer b", "\"conv2\"", "\"conv1\""]),
        (
            conv("a", "") + &conv("b", "stride = 2") + &add("sum", "[\"a\", \"b\"]") + &scores(""),
            &["layer sum", "a [4, 28, 28]", "b [4, 14, 14]", "one shape"],
        ),
        (conv("a", "") + &add("sum", "[\"a\"]") + &scores(""), &["layer sum", "2 inputs, got 1"]),
        (conv("a", "") + &conv("a", "") + &scores(""), &["two layers are named a"]),
        (conv("a", "") + &layer("end", "type = \"relu\""), &["the last layer is end", "dense"]),
        (conv("a", "block = 1") + &conv("b", "block = 3") + &scores("block = 4"), &["layer b", "block is 3", "1 or 2"]),
        (
            conv("a", "block = 1") + &conv("b", "block = 2") + &scores("block = 1"),
            &["layer scores", "block is 1", "2 or 3"],
        ),
        (conv("a", "block = 0") + &scores("block = 1"), &["layer a", "block is 0", "1"]),
        (
            conv("a", "block = 1") + &layer("r", "type = \"relu\"\nblock = 2") + &scores("block = 3"),
            &["block is 2", "weights"],
        ),
        (conv("a", "") + &conv("b", "inputs = [\"input\"]") + &scores(""), &["layer a", "no layer reads"]),
        (layer("a", "type = \"conv2d\"\nout_channels = 4\nkernel_size = 3") + &scores(""), &["init", "missing"]),
        (layer("a", "type = \"relu\"\ninit = \"he\"") + &scores(""), &["init", "no weights"]),
        (layer("input", "type = \"relu\"") + &scores(""), &["\"input\"", "cannot be the name of a layer"]),
        (layer("a b", "type = \"relu\"") + &scores(""), &["\"a b\"", "letters"]),
        (conv("a", "stride = 70000") + &scores(""), &["stride", "70000", "65536"]),
        (conv("a", "stride = -1") + &scores(""), &["stride", "-1", "65536"]),
        (conv("a", "stride = [1, 2, 3]") + &scores(""), &["height and width"]),
        (conv("a", "groups = 3") + &scores(""), &["layer a", "3 groups"]),
        (layer("a", "type = \"max_pool\"\nkernel_size = 40\nstride = 1") + &scores(""), &["layer a", "[40, 40]"]),
        (layer("a", "type = \"dropout\"\nratio = 1.0") + &scores(""), &["layer a", "ratio", "below 1"]),
        (layer("a", "type = \"dropout\"\nratio = nan") + &scores(""), &["ratio", "NaN"]),
        (
            layer("a", "type = \"conv2d\"\nout_channels = 65536\nkernel_size = 1\ninit = \"he\"")
                + &layer("b", "type = \"dense\"\nout_features = 65536\ninit = \"he\"")
                + &scores(""),
            &["layer b", "weights", "limit"],
        ),
        (long + &scores(""), &["2002 layers", "2000"]),
        (String::new(), &["\"layer\" is missing"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    for (layers, words) in cases {
        std::fs::write(&file, format!("{HEAD}{layers}")).unwrap();
        let output = strata(&["net", "show"]).arg(&file).output().unwrap();
        let message = err(&output);
        assert_eq!(output.status.code(), Some(3), "{layers}: {message}");
        for word in words {
            assert!(message.contains(word), "{word} is missing in {message}");
        }
        assert!(output.stdout.is_empty() && !message.contains("panicked"), "{message}");
    }
    for (input, words) in
        [("[1, 20, 30]", "equal height and width"), ("[1, 28]", "three numbers"), ("[0, 8, 8]", "1 to 65536")]
    {
        std::fs::write(&file, format!("name = \"mine\"\ninput = {input}\n{}", scores(""))).unwrap();
        let output = strata(&["net", "show"]).arg(&file).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert!(err(&output).contains(words), "{}", err(&output));
    }
    std::fs::write(&file, "name = ").unwrap();
    let refused = |args: &[&str], words: &[&str]| {
        let output = strata(args).output().unwrap();
        let message = err(&output);
        assert_eq!(output.status.code(), Some(3), "{args:?}: {message}");
        assert!(words.iter().all(|word| message.contains(word)), "{args:?}: {message}");
    };
    refused(&["net", "show", file.to_str().unwrap()], &["mine.toml"]);
    for command in [&["net", "show"][..], &["train", "--net"], &["bench", "step", "--net"], &["gradcheck", "--net"]] {
        refused(&[command, &["lenet6"]].concat(), &["lenet6", "\"lenet5\"", "strata net list"]);
    }
    refused(&["plan", "--set", "net.file=nowhere.toml"], &["nowhere.toml", "no such net file"]);
}

fn write(path: &Path, text: &str) -> String {
    std::fs::write(path, text).unwrap();
    path.display().to_string()
}

#[test]
fn the_shipped_nets_are_listed_and_one_of_them_and_a_file_are_shown() {
    let listed = out(&strata(&["net", "list"]).output().unwrap());
    for name in ["caffenet", "alexnet", "alexnet32", "alexnet28", "resnet20", "vgg11-32", "lenet5", "torch-alexnet"] {
        assert!(listed.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}: {listed}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder.path().join("residual.toml"), RESIDUAL);
    let text = out(&strata(&["net", "show", &file]).output().unwrap());
    for words in ["b3.conv2, b3.skip", "5 blocks, n = 1 to 4: conv1, b2, b3, fc4, fc5", "16x7x7", "together"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let json = out(&strata(&["net", "show", &file, "--format", "json"]).output().unwrap());
    let shown: serde_json::Value = serde_json::from_str(&json).unwrap();
    let total = |key: &str| shown["layers"].as_array().unwrap().iter().map(|l| l[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(shown["parameters"], total("parameters"));
    assert_eq!(shown["multiply_adds"], total("multiply_adds"));
    assert_eq!(shown["layers"][11]["inputs"], serde_json::json!(["b3.conv2", "b3.skip"]));
}

const ARMS: &str = "protocol.arms=[\"BnB\", \"BnB+\", \"AnB\", \"AnB+\", \"restart\", \"random-he\", \
                    \"random-moments\", \"BnB-preserve1\", \"AnB-preserve2\", \"BnB-probe\", \"AnB-probe\"]";

#[test]
fn a_study_of_a_net_of_ones_own_runs_in_all_arms_and_is_reported_without_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder.path().join("residual.toml"), RESIDUAL);
    let runs = folder.path().join("runs");
    let study = |verb: &str, more: &[&str]| {
        let of_net = format!("net.file={file}");
        let mut command = strata(&[verb, "--quick", "--runs", runs.to_str().unwrap(), "--set", &of_net]);
        command.args(["--set", "solver.max_iter=3", "--set", "protocol.similarity_images=20"]).args(more);
        command.output().unwrap()
    };
    // The experiment's own n and arms are for another net.
    let message = err(&study("plan", &[]));
    assert!(message.contains("protocol.layers") && message.contains("1 to 4") && message.contains("b3"), "{message}");
    let output = study("plan", &["--set", "protocol.layers=[1]", "--set", "protocol.arms=[\"random-caffe\"]"]);
    let message = err(&output);
    assert_eq!(output.status.code(), Some(3));
    assert!(message.contains("random-caffe") && message.contains("b2.conv1"), "{message}");

    let own = ["--set", "protocol.layers=[1, 2, 4]", "--set", ARMS];
    let output = study("reproduce", &[&own[..], &["--device", "cpu"]].concat());
    assert!(output.status.success(), "{}", err(&output));
    let directory = runs.join("default-quick");
    let page = std::fs::read_to_string(directory.join("report/report.html")).unwrap();
    assert!(page.contains("b3") && page.contains("conv1"), "the page names the blocks");
    let plan = out(&study("plan", &own));
    assert!(plan.contains("to b2") && plan.contains("0 pending") || !plan.contains("pending"), "{plan}");

    // The directory knows its net: the file is needed no more, and another net of its name is another.
    std::fs::remove_file(&file).unwrap();
    let output = strata(&["report", directory.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    std::fs::write(&file, RESIDUAL.replace("out_features = 32", "out_features = 33")).unwrap();
    let output = study("reproduce", &[&own[..], &["--device", "cpu"]].concat());
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(err(&output).contains("net.digest"), "{}", err(&output));
    // A change that changes no network does not.
    std::fs::write(&file, format!("# The same.\n{}", RESIDUAL.replace("out_features = 10", "out_features = 20")))
        .unwrap();
    let output = study("reproduce", &[&own[..], &["--device", "cpu"]].concat());
    assert!(output.status.success(), "{}", err(&output));
}

#[test]
fn a_net_file_is_found_beside_its_experiment() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("residual.toml"), RESIDUAL);
    let text = include_str!("../../experiments/default.toml")
        .replace("name = \"alexnet28\"", "file = \"residual.toml\"")
        .replace("layers = [1, 2, 3, 4, 5, 6, 7]", "layers = [1, 2, 3, 4]")
        .replace("[3, 5, 7]", "[3]")
        .replace("[1, 3, 5, 7]", "[1, 3]");
    let file = write(&folder.path().join("mine.toml"), &text);
    let output = strata(&["plan", &file, "--runs", folder.path().to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("to b3"), "{}", out(&output));
    let output = strata(&["plan", &file, "--set", "net.name=lenet5"]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("to fc3"), "{}", out(&output));
}

#[test]
fn one_network_of_a_file_is_trained_and_its_weights_have_the_names_of_its_layers() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder.path().join("residual.toml"), RESIDUAL);
    let weights = folder.path().join("w.safetensors");
    let args = ["train", "--net", &file, "--device", "cpu", "--max-iter", "2", "--batch-size", "8", "--out"];
    let output = strata(&args).arg(&weights).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let (tensors, _) = strata::nn::weights::read(&weights).unwrap();
    assert!(tensors.contains_key("b3.skip.weight") && tensors.contains_key("fc5.bias"));
    let output = strata(&["gradcheck", "--net", &file, "--device", "cpu", "--batch", "2"]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("b2.conv1.weight"), "{}", out(&output));
}
