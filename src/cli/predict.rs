//! `strata predict`: the classes of image files.

use super::{DeviceArgs, PrecisionArgs, at_least_one, device, exit_code::Unread, json, one_of, output::note};
use crate::{
    data::{
        DataError, ImageSet,
        fit::{self, Fit},
        folder::is_image,
        image_file::{MAX_BYTES, Warp, decode},
    },
    host::bounded,
    train::{
        Images, WeightsFile,
        inference::{greatest, probabilities},
    },
};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

#[derive(Args, Debug)]
pub struct Options {
    /// Use the network of this weights file, which `strata train` or a run directory wrote
    #[arg(allow_hyphen_values = true)]
    weights: PathBuf,
    /// Classify these image files, those in these folders, at any depth, and those that match these patterns (with * ?
    /// and ** in quotes)
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// Print this many classes of each image, the most probable first
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = at_least_one::<usize>())]
    top: usize,
    /// Fit images to those that the network was trained on: resize, or pad smaller ones (default: as in training;
    /// images that were kept exact or cropped there are resized here)
    #[arg(long, value_parser = one_of(Fit::ALL, Fit::name, Fit::sees))]
    fit: Option<Fit>,
    /// Compute this many images at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = at_least_one::<usize>())]
    batch_size: usize,
    /// Print csv (file, rank, class, probability), or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Table,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
}

/// How predictions are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Table {
    /// A row for each file and class.
    #[default]
    Csv,
    /// One object.
    Json,
}

#[derive(Serialize)]
struct Prediction {
    file: String,
    rank: usize,
    class: String,
    probability: f64,
}

#[derive(Serialize)]
struct Failure {
    file: String,
    reason: String,
}

#[derive(Serialize)]
struct Predictions<'a> {
    weights: String,
    net: &'a str,
    device: String,
    predictions: Vec<Prediction>,
    failed: Vec<Failure>,
}

pub fn main(options: &Options) -> Result<()> {
    let file = WeightsFile::read(&options.weights)?;
    let precision = options.precision.precision.unwrap_or_default();
    let device = device::open(&options.device.device, precision)?;
    let paths = paths(&options.images)?;
    let normalisation = &file.preprocessing.normalisation;
    let shape @ [height, width, channels] = normalisation.shape();
    let how = options.fit.unwrap_or(file.preprocessing.fit);
    let blank = ImageSet::new(height, width, channels, vec![0; height * width * channels], vec![0])?;
    let batch = options.batch_size.min(paths.len().max(1));
    let mut network = file.network(Images { set: &blank, normalisation }, batch, precision, &device)?;
    let scores: Vec<String> = file.net.layers.last().map(|layer| layer.name.clone()).into_iter().collect();
    note!("{} of {} images, {}", file.net.name, paths.len(), device.describe());

    let mut csv = csv::Writer::from_writer(io::stdout().lock());
    let mut all = Predictions {
        weights: options.weights.display().to_string(),
        net: &file.net.name,
        device: device.describe(),
        predictions: Vec::new(),
        failed: Vec::new(),
    };
    if options.format == Table::Csv {
        csv.write_record(["file", "rank", "class", "probability"])?;
    }
    for chunk in paths.chunks(16 * batch) {
        let decoded: Vec<Result<Vec<u8>>> =
            chunk.par_iter().map_init(|| Warp::to(height as u32), |warp, path| read(path, shape, how, warp)).collect();
        let (mut pixels, mut read) = (Vec::new(), Vec::new());
        for (path, result) in chunk.iter().zip(decoded) {
            match result {
                Ok(image) => {
                    pixels.extend(image);
                    read.push(path);
                }
                Err(error) => {
                    let (file, reason) = (path.display().to_string(), super::with_causes(&error));
                    note!("{}", if reason.contains(&file) { reason.clone() } else { format!("{file}: {reason}") });
                    all.failed.push(Failure { file, reason });
                }
            }
        }
        if read.is_empty() {
            continue;
        }
        let set = ImageSet::new(height, width, channels, pixels, vec![0; read.len()])?;
        let values = network.activations(&Images { set: &set, normalisation }, &scores)?.concat();
        for (path, scores) in read.into_iter().zip(values.chunks_exact(network.net.classes())) {
            for (place, (output, probability)) in greatest(&probabilities(scores), options.top).into_iter().enumerate()
            {
                let (path, class) = (path.display().to_string(), file.class_name(output));
                match options.format {
                    Table::Csv => {
                        let digits = (probability as f32).to_string();
                        csv.write_record([&path, &(place + 1).to_string(), &class, &digits])?;
                    }
                    Table::Json => {
                        all.predictions.push(Prediction { file: path, rank: place + 1, class, probability });
                    }
                }
            }
        }
        csv.flush()?;
    }
    csv.flush()?;
    drop(csv);
    let failed = all.failed.len();
    if options.format == Table::Json {
        json::print("predict", all)?;
    }
    if failed > 0 {
        bail!(Unread { failed, total: paths.len() });
    }
    Ok(())
}

/// The bytes of one image as the network's training saw its images.
fn read(path: &Path, shape: [usize; 3], how: Fit, warp: &mut Warp) -> Result<Vec<u8>> {
    let bytes = bounded::read(path, MAX_BYTES).map_err(|source| DataError::Read { path: path.into(), source })?;
    Ok(fit::one(decode(&bytes, path)?, shape, how, warp, path)?)
}

/// The files that the arguments name, in their order; those of a folder or pattern by name.
fn paths(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for argument in given {
        if argument.is_dir() {
            let before = paths.len();
            in_folder(argument, &mut paths)?;
            if paths.len() == before {
                bail!(DataError::Degenerate {
                    what: argument.display().to_string(),
                    reason: "there is no image file in this folder".into(),
                });
            }
            continue;
        }
        let text = argument.to_string_lossy();
        if argument.exists() || !text.contains(['*', '?', '[']) {
            paths.push(argument.clone());
            continue;
        }
        let found = glob::glob(&text).with_context(|| format!("the pattern {text:?}"))?;
        let mut found: Vec<PathBuf> = found.collect::<Result<_, _>>()?;
        found.retain(|path| path.is_file());
        if found.is_empty() {
            bail!(DataError::Degenerate { what: text.into_owned(), reason: "no file matches this pattern".into() });
        }
        paths.extend(found);
    }
    Ok(paths)
}

/// The image files of a folder at any depth, by name. Links to folders are not followed.
fn in_folder(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |source| DataError::Read { path: folder.into(), source };
    let mut entries = fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            in_folder(&path, paths)?;
        } else if is_image(&entry.file_name().to_string_lossy()) {
            paths.push(path);
        }
    }
    Ok(())
}
