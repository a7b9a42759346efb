//! The golden runner: every case folder of a directory, on every device, by the rules of `data/golden/README.md`,
//! with the operations themselves. `STRATA_GOLDEN=DIR` names another directory.

mod case;
mod gradients;
mod judge;
mod machine;
mod net;
mod npy;
mod onnx;
mod refusals;
mod resnet;
mod skipped;

use case::{Case, Stop};
use judge::Verdict;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use strata::ops::Device;

type Run = fn(&Case, &Device) -> Result<Verdict, Stop>;

/// What interprets a case, by its `op`: an unknown one fails.
const OPERATIONS: &[(&str, Run)] = &[
    ("conv2d", gradients::conv2d),
    ("dense", gradients::dense),
    ("relu", gradients::relu),
    ("lrn", gradients::lrn),
    ("maxpool", gradients::max_pool),
    ("avgpool", gradients::avg_pool),
    ("batchnorm", gradients::batch_norm),
    ("dropout", gradients::dropout),
    ("softmax_ce", gradients::softmax_ce),
    ("sgd", gradients::sgd),
    ("net", net::net),
    ("resnet", resnet::resnet),
    ("Conv", onnx::conv),
    ("MaxPool", onnx::max_pool),
    ("GlobalMaxPool", onnx::global_max_pool),
    ("AveragePool", onnx::average_pool),
    ("GlobalAveragePool", onnx::global_average_pool),
    ("BatchNormalization", onnx::batch_normalization),
    ("Gemm", onnx::gemm),
    ("MatMul", onnx::matmul),
    ("Dropout", onnx::dropout),
    ("Relu", onnx::relu),
    ("LRN", onnx::lrn),
    ("Softmax", onnx::softmax),
    ("LogSoftmax", onnx::log_softmax),
    ("SoftmaxCrossEntropyLoss", onnx::loss),
];

/// The case folders of a directory, in the order of their names.
fn folders(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    if folders.is_empty() {
        return Err(format!("{}: no case folder; set STRATA_GOLDEN to a directory of cases", directory.display()));
    }
    Ok(folders)
}

fn run(folder: &Path, device: &Device) -> Result<(String, Verdict), Stop> {
    let case = Case::read(folder)?;
    let operation = OPERATIONS.iter().find(|(op, _)| *op == case.op);
    let (_, run) = operation.ok_or_else(|| Stop::Fail(format!("op {:?} is not understood", case.op)))?;
    Ok((case.op.clone(), run(&case, device)?))
}

/// The results of a directory on one device.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    skipped: BTreeMap<&'static str, Vec<String>>,
    skipped_outputs: usize,
    failed: Vec<String>,
    onnx: usize,
    tight: usize,
    worst: BTreeMap<String, (f64, String)>,
}

fn tally(directory: &Path, device: &Device) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for folder in folders(directory)? {
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match run(&folder, device) {
            Ok((op, verdict)) => {
                tally.passed += 1;
                tally.skipped_outputs += verdict.skipped_outputs;
                tally.onnx += usize::from(verdict.tight.is_some());
                tally.tight += usize::from(verdict.tight == Some(true));
                let worst = tally.worst.entry(op).or_default();
                if verdict.worst >= worst.0 {
                    *worst = (verdict.worst, name);
                }
            }
            Err(Stop::Skip(skip)) => tally.skipped.entry(skip.name).or_default().push(name),
            Err(Stop::Fail(message)) => tally.failed.push(format!("{name}: {message}")),
        }
    }
    Ok(tally)
}

fn print(device: &Device, tally: &Tally) {
    let skipped: usize = tally.skipped.values().map(Vec::len).sum();
    println!("{}: {} passed, {skipped} skipped, {} failed", device.describe(), tally.passed, tally.failed.len());
    println!("  {} of {} ONNX cases within 1e-5 relative plus 1e-6", tally.tight, tally.onnx);
    for (op, (worst, name)) in &tally.worst {
        println!("  {op}: largest error {worst:.3} ({name})");
    }
    for (what, names) in &tally.skipped {
        let reason = skipped::entry(what).map_or("", |skip| skip.reason);
        println!("  skipped, {what} ({reason}): {}", names.join(", "));
    }
    if tally.skipped_outputs > 0 {
        println!("  {} outputs skipped: see `skipped.rs`", tally.skipped_outputs);
    }
}

#[test]
fn golden_cases_hold_on_every_device() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/golden");
    let directory = std::env::var_os("STRATA_GOLDEN").map_or(own, PathBuf::from);
    let mut failed = Vec::new();
    // The reference is judged, too: the kernels' checks are worth no more than it is.
    for device in crate::devices::devices().into_iter().chain([Device::Reference]) {
        let tally = tally(&directory, &device).unwrap_or_else(|message| panic!("{message}"));
        print(&device, &tally);
        failed.extend(tally.failed.iter().map(|message| format!("{}: {message}", device.describe())));
    }
    assert!(failed.is_empty(), "{} cases failed:\n{}", failed.len(), failed.join("\n"));
}
