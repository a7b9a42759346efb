//! A source, images and quick advice for the tests.

use crate::cli::made::strata;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A trained net with a normalisation and dropout, on images of 16 x 16; three blocks of it can be copied.
pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/trained/image-mean.safetensors")
}

/// Class folders of noisy images, a class a hue, with so many images each.
pub fn images(root: &Path, classes: &[(&str, u32)], side: u32) {
    for (number, (class, count)) in classes.iter().enumerate() {
        let folder = root.join(class);
        fs::create_dir_all(&folder).unwrap();
        for i in 0..*count {
            let image = image::RgbImage::from_fn(side, side, |x, y| {
                let noise = (x * 7919 + y * 104_729 + i * 1_299_709 + number as u32 * 15_485_863)
                    .wrapping_mul(2_654_435_761)
                    >> 24;
                let mut pixel = [(noise / 2) as u8; 3];
                pixel[number % 3] = pixel[number % 3].saturating_add(60);
                pixel[(number + 1) % 3] = pixel[(number + 1) % 3].saturating_add(20 * (number / 3) as u8);
                image::Rgb(pixel)
            });
            image.save(folder.join(format!("{i:03}.png"))).unwrap();
        }
    }
}

/// Three classes of twelve images.
pub fn three(root: &Path) -> PathBuf {
    let folder = root.join("images");
    images(&folder, &[("red", 12), ("green", 12), ("blue", 12)], 16);
    folder
}

/// An advice that takes seconds: few steps.
pub fn advise(data: &Path, out: &Path) -> Command {
    let mut command = strata(&["advise", "--device", "cpu", "--set", "solver.max_epochs=2", "--set"]);
    command.args(["solver.min_iter=6", "--set", "solver.batch_size=8", "--source"]).arg(source());
    command.arg("--data").arg(data).arg("--out").arg(out);
    command
}

/// The JSON of an advice.
pub fn found(command: &mut Command) -> Value {
    let output = command.args(["--format", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The names of candidates.
pub fn names(advice: &Value) -> Vec<String> {
    let candidates = advice["candidates"].as_array().unwrap();
    candidates.iter().map(|candidate| candidate["name"].as_str().unwrap().to_string()).collect()
}

/// Name and content of every file of an advice but those that hold times.
pub fn results(out: &Path) -> Vec<(String, Vec<u8>)> {
    let folders = [out.to_path_buf(), out.join("networks")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let timed = ["seconds", "html", "svg", "png"];
    let kept = |path: &PathBuf| {
        let of = |suffix: &str| path.extension().is_some_and(|own| own == suffix);
        path.is_file() && !timed.into_iter().any(of) && !path.ends_with("advice.json")
    };
    let mut files: Vec<(String, Vec<u8>)> = entries
        .filter(kept)
        .map(|path| (path.strip_prefix(out).unwrap().display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// An advice without what is another every time: times and paths.
pub fn timeless(mut advice: Value) -> Value {
    advice["seconds"] = Value::Null;
    for candidate in advice["candidates"].as_array_mut().unwrap() {
        candidate["seconds"] = Value::Null;
    }
    advice
}
