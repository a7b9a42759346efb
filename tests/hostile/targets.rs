//! One function a parser: it may refuse any bytes, but not panic, hang or take memory out of proportion.
//!
//! `tests/fuzz` feeds these functions what it makes up, the test beside them what it has kept.

use std::{
    io::Write,
    path::{Path, PathBuf},
};
use strata::{
    data::{
        cifar::{CIFAR10, CIFAR100_FINE, read_stream},
        folder,
        idx::read_idx,
        image_file::{Warp, decode, dimensions},
        split,
        store::Store,
    },
    exchange::{self, Turns},
    host::Stream,
    nn::{BuildOptions, Net, net_file, weights},
    ops::Tuning,
    protocol::{Experiment, Plan, RunDir},
    report::{self, Study},
};

#[allow(dead_code, reason = "only its reader is of interest here")]
#[path = "../../kernels-tests/golden/npy.rs"]
mod npy;

/// A parser's name, which is that of its corpus, and what it is fed by.
pub type Target = (&'static str, fn(&[u8]));

/// Every parser of a file that strata reads.
pub const TARGETS: [Target; 16] = [
    ("idx", idx),
    ("cifar", cifar),
    ("npy", numpy),
    ("weights", safetensors),
    ("pytorch", pytorch),
    ("caffe", caffe),
    ("onnx", onnx),
    ("image", image),
    ("tar", tar),
    ("labels", labels),
    ("store", store),
    ("experiment", experiment),
    ("net", net),
    ("records", records),
    ("report", whole_report),
    ("tuning", tuning),
];

/// A folder of this process and thread in memory, where there is such a place.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    let path = base.join(format!("strata-hostile-{}-{thread}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a folder for the inputs");
    path
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::File::create(path).and_then(|mut file| file.write_all(bytes)).expect("an input is written");
}

/// Runs a reader of files on bytes and takes the files away again.
fn with_files(files: &[(&str, &[u8])], read: impl FnOnce(&Path)) {
    let folder = place();
    for (name, bytes) in files {
        put(&folder.join(name), bytes);
    }
    read(&folder);
    let _ = std::fs::remove_dir_all(&folder);
}

/// The parts of an input that stands for several files.
fn parts<const N: usize>(bytes: &[u8]) -> [&[u8]; N] {
    let mut rest = bytes.splitn(N, |&byte| byte == 0);
    std::array::from_fn(|_| rest.next().unwrap_or_default())
}

/// IDX files of labels and of images, plain or gzip.
pub fn idx(bytes: &[u8]) {
    for rank in [1, 3] {
        if let Ok(array) = read_idx(bytes, Path::new("x"), rank) {
            assert_eq!(array.dimensions.iter().product::<usize>(), array.values.len());
        }
    }
}

/// CIFAR's records, plain or gzip.
pub fn cifar(bytes: &[u8]) {
    for layout in [&CIFAR10, &CIFAR100_FINE] {
        if let Ok(set) = read_stream(bytes, Path::new("x"), layout, None) {
            assert_eq!(set.pixels.len(), set.len() * 3072);
        }
        let _ = read_stream(bytes, Path::new("x"), layout, Some(1));
    }
}

/// NumPy's arrays, in which golden cases are kept.
pub fn numpy(bytes: &[u8]) {
    if let Ok(array) = npy::Array::parse(bytes) {
        assert_eq!(array.wide().len(), array.shape.iter().product::<usize>());
        let _ = (array.words(), array.scalar());
    }
}

/// Weights files and checkpoints.
pub fn safetensors(bytes: &[u8]) {
    if let Ok((tensors, _)) = weights::decode(Path::new("x"), bytes) {
        for (shape, values) in tensors.values() {
            assert_eq!(shape.iter().product::<usize>(), values.len());
        }
    }
}

/// Weights of other programs, matched to a net of their kind: PyTorch's and safetensors.
pub fn pytorch(bytes: &[u8]) {
    let Ok(file) = exchange::parse(Path::new("x"), bytes.to_vec()) else { return };
    for tensor in &file.tensors {
        assert_eq!(tensor.shape.iter().product::<usize>(), tensor.values.len());
    }
    let _ = exchange::inspect(&file);
    let def = net_file::parse("small", include_str!("../exchange/small.toml")).expect("the committed net");
    for turns in [Turns::default(), Turns { out_last: true, ..Turns::default() }] {
        let matching = exchange::fit(Path::new("x"), &file, &def, turns).expect("a net that can be built");
        let _ = matching.tensors(true, Stream::named);
    }
}

/// Caffe's nets, and its mean images.
pub fn caffe(bytes: &[u8]) {
    pytorch(bytes);
    with_files(&[("mean.binaryproto", bytes)], |folder| {
        if let Ok(mean) = exchange::mean(&folder.join("mean.binaryproto")) {
            assert_eq!(mean.shape.iter().product::<usize>(), mean.values.len());
        }
    });
}

/// ONNX models.
pub fn onnx(bytes: &[u8]) {
    pytorch(bytes);
}

/// Image files, decoded and resized.
pub fn image(bytes: &[u8]) {
    let _ = dimensions(bytes, Path::new("x"));
    if let Ok(image) = decode(bytes, Path::new("x")) {
        assert_eq!(image.pixels.len(), image.width as usize * image.height as usize * 3);
        let _ = Warp::to(7).apply(image, Path::new("x"));
    }
}

/// A tar archive of images.
pub fn tar(bytes: &[u8]) {
    with_files(&[("x.tar", bytes)], |folder| {
        if let Ok(set) = folder::open(&folder.join("x.tar"), None) {
            for item in set.train.items.iter().chain(&set.test.items) {
                assert!(!item.name.starts_with('/') && item.name.split('/').all(|part| part != ".."), "{}", item.name);
            }
            let _ = folder::sizes(&set);
        }
    });
}

/// A file of labels or of a split, and the development kit's order of classes after a zero.
pub fn labels(bytes: &[u8]) {
    let [file, order] = parts(bytes);
    let classes: Vec<String> = ["n01", "n02", "a", "b"].map(String::from).into();
    with_files(&[("val.txt", file), ("map_clsloc.txt", order)], |folder| {
        let _ = split::from_file(&folder.join("val.txt"), &classes);
        if let Ok(labels) = folder::labels::read(&folder.join("val.txt"), &classes) {
            assert!(labels.values().all(|&label| usize::from(label) < classes.len()));
        }
    });
}

/// A packed store. An input that does not begin with its magic is an index in JSON and, after a zero, the bytes
/// between the magic and the index: a footer that fits is put around them, as no fuzzer finds a digest.
pub fn store(bytes: &[u8]) {
    const MAGIC: &[u8] = b"strata packed images 1\n\0";
    let whole = if bytes.starts_with(MAGIC) {
        bytes.to_vec()
    } else {
        let [index, body] = parts(bytes);
        let mut whole = MAGIC.to_vec();
        whole.resize(4096, 0);
        whole.extend(body);
        // The digest of the tables is filled in where the index leaves it to us.
        let tables = blake3::hash(&whole[4096 + body.len().saturating_sub(body.len() % 3072)..]).to_hex().to_string();
        let index = String::from_utf8_lossy(index).replace("TABLES", &tables).into_bytes();
        let mut footer = (whole.len() as u64).to_le_bytes().to_vec();
        footer.extend((index.len() as u64).to_le_bytes());
        footer.extend(blake3::hash(&index).as_bytes());
        footer.extend(b"strata pack end\n");
        [whole, index, footer].concat()
    };
    with_files(&[("x", &whole)], |folder| {
        if let Ok(store) = Store::open(&folder.join("x")) {
            let _ = store.verify();
            if let Ok(data) = store.dataset() {
                let _ = (data.digest(), data.train.images().count(), data.test.images().count());
            }
        }
    });
}

/// An experiment file, and its plan.
pub fn experiment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(experiment) = Experiment::parse("x", text, &[]) {
        let plan = Plan::of(&experiment);
        assert!(plan.nodes.len() <= 100_000);
        let again = Experiment::parse("x", &experiment.to_toml(), &[]);
        assert_eq!(again.ok(), Some(experiment), "what is written is read back");
    }
}

/// A net file, through its shapes, blocks, probes and, where it is small, its program.
pub fn net(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(def) = net_file::parse("x", text) else { return };
    let again = net_file::parse("x", &def.to_toml());
    assert_eq!(again.as_ref().ok(), Some(&def), "what is written is read back");
    assert_eq!(again.map(|again| again.digest()).ok(), Some(def.digest()));
    let most = def.most_n();
    assert!(def.prefix(most + 1).is_ok() && def.prefix(most + 2).is_err());
    for n in (1..=most).take(20) {
        let probe = def.clone().probe(n).expect("every n up to the largest has a probe");
        // A larger one only takes longer.
        if probe.layers.len() < 60 {
            let _ = Net::build(&probe, BuildOptions::of(2));
        }
    }
    if def.layers.len() < 60 {
        Net::build(&def, BuildOptions::of(2)).expect("a net that was read can be built");
    }
}

/// What a finished network and a study leave in a run directory: manifest, log, confusion, times, similarities.
pub fn records(bytes: &[u8]) {
    let [manifest, log, confusion, times, similarity] = parts(bytes);
    let Ok(experiment) = Experiment::find("default", &[]).and_then(|experiment| experiment.quick(&[])) else { return };
    let folder = place().join("run");
    let node = folder.join("s0-r0-baseA");
    std::fs::create_dir_all(&node).expect("a folder for the inputs");
    put(&node.join("manifest.toml"), manifest);
    put(&node.join("log.jsonl"), log);
    // Records on held-out images are read as those on test images are.
    put(&node.join("held-out.jsonl"), log);
    put(&node.join("confusion.json"), confusion);
    put(&node.join("timing.json"), times);
    put(&folder.join("similarity.json"), similarity);
    let runs = RunDir { path: folder.clone() };
    let _ = (runs.similarities(), runs.found());
    let _ = report::load::study(&experiment, &runs, "cpu");
    let _ = std::fs::remove_dir_all(place());
}

/// An adapter's preferred tiles.
pub fn tuning(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(tuning) = Tuning::parse(text) {
        with_files(&[], |folder| {
            tuning.write(&folder.join("tiles.toml")).expect("it is written");
            let again = std::fs::read_to_string(folder.join("tiles.toml")).expect("it is read");
            assert_eq!(Tuning::parse(&again).as_ref(), Ok(&tuning), "what is written is read back");
        });
    }
}

/// A study's records as one JSON file, through every number and every line of its report.
pub fn whole_report(bytes: &[u8]) {
    let Ok(study) = serde_json::from_slice::<Study>(bytes) else { return };
    // A larger study only repeats what a small one does.
    if study.runs.len() > 12 || study.layers.len() > 8 {
        return;
    }
    if let Ok(report) = report::report(std::slice::from_ref(&study)) {
        let _ = (report::text(&report), report::runs_csv(&report), report::summary_csv(&report));
        let _ = serde_json::to_string(&report);
        let mut drawn = report::Drawn::default();
        // Drawing takes a hundred times as long as all the rest: one input of sixteen is drawn.
        if bytes.len().is_multiple_of(16) {
            drawn = report::draw(&report, std::slice::from_ref(&study)).unwrap_or_default();
        }
        let _ = report::page(&report, &drawn);
    }
}
