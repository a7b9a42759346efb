//! How the tests call the program, and what they look at.

use std::{path::Path, process::Command, process::Output};

/// A study that ends in seconds: one split, three values of n, few steps, the cpu.
pub const TINY: [&str; 14] = [
    "--quick",
    "--device",
    "cpu",
    "--set",
    "protocol.layers=[1, 4, 7]",
    "--set",
    "solver.max_iter=6",
    "--set",
    "data.train_per_class=20",
    "--set",
    "solver.batch_size=10",
    "--set",
    "protocol.checkpoint_every=2",
    "--runs",
];

/// Fashion-MNIST against noise.
pub const TWO_DATA_SETS: [&str; 6] =
    ["--set", "protocol.split=two-data-sets", "--set", "data.other_source=noise", "--set", "protocol.splits=[0]"];

pub fn strata(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    command.args(args);
    command
}

pub fn tiny(verb: &[&str], runs: &Path) -> Command {
    let mut command = strata(verb);
    command.args(TINY).arg(runs);
    command
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Name and content of every file that must not depend on how a study was run.
pub fn results(runs: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for node in std::fs::read_dir(runs.join("default-quick")).unwrap() {
        let node = node.unwrap().path();
        for name in ["weights.safetensors", "log.jsonl", "confusion.json", "manifest.toml"] {
            if let Ok(bytes) = std::fs::read(node.join(name)) {
                files.push((format!("{}/{name}", node.file_name().unwrap().to_string_lossy()), bytes));
            }
        }
    }
    files.sort();
    files
}

/// Class folders of images, each class in a shade of its own, `00.png` and so on.
pub fn tinted(root: &Path, classes: &[&str], images: u32, side: u32) {
    for (number, class) in classes.iter().enumerate() {
        let folder = root.join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..images {
            let shade = |x: u32| image::Rgb([(40 * number) as u8, (x * 5 + i) as u8, (i * 9) as u8]);
            image::RgbImage::from_fn(side, side, |x, y| shade(x + y)).save(folder.join(format!("{i:02}.png"))).unwrap();
        }
    }
}

/// The four files of MNIST and its relatives, with images of a side and these labels.
pub fn idx(folder: &Path, side: u32, train: &[u8], test: &[u8]) {
    std::fs::create_dir_all(folder).unwrap();
    let header = |magic: u32, sizes: &[u32]| -> Vec<u8> {
        [magic].iter().chain(sizes).flat_map(|number| number.to_be_bytes()).collect()
    };
    for (part, labels) in [("train", train), ("t10k", test)] {
        let count = labels.len() as u32;
        let pixels = (0..count * side * side).map(|at| (at * 37 % 251) as u8).collect();
        let images = [header(0x803, &[count, side, side]), pixels].concat();
        std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        let labels = [header(0x801, &[count]), labels.to_vec()].concat();
        std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}
