//! `strata weights export`.

use crate::{
    cli::output::print_line,
    data::normalisation::MeanValues,
    exchange::{self, Preprocessing},
    host::{atomic, digest},
    nn::weights::{self, Tensors},
    train::WeightsFile,
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Options {
    /// Export this weights file, which `strata train`, `strata weights import` or a run directory wrote
    #[arg(allow_hyphen_values = true)]
    weights: PathBuf,
    /// Write this format: safetensors, which torch and others read; or onnx, a model from pixels to scores
    #[arg(long, value_enum)]
    format: Format,
    /// Name tensors of safetensors by the net's layers, or number them as torchvision does (features.0.weight, ...)
    #[arg(long, value_enum, default_value_t)]
    names: Names,
    /// Write the file here
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Safetensors,
    Onnx,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Names {
    #[default]
    Strata,
    Torchvision,
}

pub fn main(options: &Options) -> Result<()> {
    let file = WeightsFile::read(&options.weights)?;
    let bytes = match (options.format, options.names) {
        (Format::Onnx, _) => exchange::onnx(&file.net, &file.tensors, &preprocessing(&file), &file.net.to_toml())?,
        // The description goes with the names that it describes.
        (Format::Safetensors, Names::Strata) => file.encode()?,
        (Format::Safetensors, Names::Torchvision) => weights::encode(&renamed(&file)?, "")?,
    };
    atomic::write(&options.out, &bytes).with_context(|| format!("writing {}", options.out.display()))?;
    if options.format == Format::Onnx {
        let [c, h, w] = file.net.input;
        print_line!(
            "input pixels [batch, {c}, {h}, {w}]: 0 to 255, red, green, blue, the centre of the image; output scores \
             [batch, {}], before softmax",
            file.net.classes()?
        )?;
    }
    print_line!("{}: {} bytes, digest {}", options.out.display(), bytes.len(), digest::hex(&bytes))
}

/// The tensors under torchvision's names.
fn renamed(file: &WeightsFile) -> Result<Tensors> {
    let names = exchange::torchvision_names(&file.net)?;
    let mut renamed = Tensors::new();
    for (layer, name) in file.net.layers.iter().zip(names) {
        for suffix in ["weight", "bias", "running_mean", "running_var"] {
            if let Some(tensor) = file.tensors.get(&format!("{}.{suffix}", layer.name)) {
                renamed.insert(format!("{name}.{suffix}"), tensor.clone());
            }
        }
    }
    Ok(renamed)
}

/// What a model does to the centre of an image, `[c][h][w]`.
fn preprocessing(file: &WeightsFile) -> Preprocessing {
    let normalisation = &file.preprocessing.normalisation;
    let [height, width, channels] = normalisation.shape();
    let [_, h, w] = file.net.input;
    let (top, left) = ((height - h) / 2, (width - w) / 2);
    let mean = match normalisation.mean() {
        MeanValues::Channels(means) => means.clone(),
        MeanValues::Image(image) => {
            let value = |c: usize, y: usize, x: usize| image[((top + y) * width + left + x) * channels + c];
            (0..channels)
                .flat_map(|c| (0..h * w).map(move |at| (c, at / w, at % w)))
                .map(|(c, y, x)| value(c, y, x))
                .collect()
        }
    };
    Preprocessing { mean, scale: normalisation.scale.clone() }
}
