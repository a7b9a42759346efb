//! `strata features`: what a layer of a trained network gives for every image, as a NumPy file.

use super::{Format, device, json, network::NetworkArgs, output::note, output::print_line};
use crate::{
    host::{atomic, npy},
    ops::program::TensorShape,
    train::{Images, TrainError, WeightsFile},
};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use std::{
    io::Write,
    path::{Path, PathBuf},
};

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    network: NetworkArgs,
    /// Write the outputs of this layer (`strata net show` lists them)
    #[arg(long, value_name = "NAME")]
    layer: String,
    /// Write them here, as float32 of shape (images, channels, height, width) or (images, features). Their labels go
    /// beside it, to NAME.labels.npy as int64
    #[arg(long, value_name = "FILE.npy", allow_hyphen_values = true)]
    out: PathBuf,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let (args, out) = (&options.network, &options.out);
    let labels_out = out.with_extension("labels.npy");
    for path in [out, &labels_out] {
        atomic::probe(path).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let file = WeightsFile::read(&args.weights)?;
    let precision = args.precision.precision.unwrap_or_default();
    let device = device::open(&args.device.device, precision)?;
    let images = args.images(&file)?;
    let (set, normalisation) = (&images.set, &file.preprocessing.normalisation);
    let images = Images { set, normalisation };
    let mut network = file.network(images, args.batch_size, precision, &device)?;
    let output = network.net.output(&options.layer)?;
    let mut shape = vec![set.len()];
    match network.net.program.tensors[output.0].shape {
        TensorShape::Activation(dims) if dims.h * dims.w > 1 => shape.extend([dims.c, dims.h, dims.w]),
        other => shape.push(other.len() / network.net.batch),
    }
    note!("{} of {} for {} images, {}", options.layer, file.net.name, set.len(), device.describe());
    atomic::write_with(out, |writer| -> Result<()> {
        writer.write_all(&npy::header::<f32>(&shape))?;
        let layers = std::slice::from_ref(&options.layer);
        network.each_activation(&images, layers, |_, values| {
            npy::Value::write(values, writer).map_err(|source| TrainError::Io { path: out.clone(), source })
        })?;
        Ok(())
    })
    .with_context(|| format!("writing {}", out.display()))?;
    let labels: Vec<i64> = set.labels.iter().map(|&label| i64::from(label)).collect();
    write_labels(&labels_out, &labels)?;
    match options.format {
        Format::Json => json::print(
            "features",
            json!({
                "weights": args.weights.display().to_string(), "layer": options.layer, "shape": shape,
                "features": out.display().to_string(), "labels": labels_out.display().to_string(),
                "classes": file.classes,
            }),
        ),
        Format::Text => {
            print_line!("{}  float32 {shape:?}", out.display())?;
            print_line!("{}  int64 [{}]: places in {:?}", labels_out.display(), labels.len(), file.classes)
        }
    }
}

fn write_labels(path: &Path, labels: &[i64]) -> Result<()> {
    let fill = |writer: &mut dyn Write| -> std::io::Result<()> {
        writer.write_all(&npy::header::<i64>(&[labels.len()]))?;
        npy::Value::write(labels, writer)
    };
    atomic::write_with(path, fill).with_context(|| format!("writing {}", path.display()))
}
