//! `strata weights inspect`.

use super::table::shape;
use crate::{
    cli::{
        Format, json,
        output::{note, print_line},
    },
    exchange::{self, ExchangeError, FileTensor, ForeignFile, Inspection, Order},
    host::{atomic, bounded, digest},
    nn::weights,
    report::{Filters, filters_png},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Options {
    /// Look at the weights of this file: one of strata's, or of PyTorch, safetensors, Caffe or ONNX
    #[arg(allow_hyphen_values = true)]
    file: PathBuf,
    /// Draw the filters of the first convolution as a picture, into this PNG file
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    filters: Option<PathBuf>,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let path = &options.file;
    let bytes =
        bounded::read(path, weights::MAX_FILE).map_err(|source| ExchangeError::Io { path: path.clone(), source })?;
    let digest = digest::hex(&bytes);
    let file = exchange::parse(path, bytes)?;
    let inspections = exchange::inspect(&file);
    let untrained = exchange::is_untrained(&inspections);
    match options.format {
        Format::Json => {
            let tensor = |i: &Inspection| {
                json!({
                    "name": i.name, "shape": i.shape, "mean": i.mean, "std": i.std,
                    "min": i.range[0], "max": i.range[1], "fresh_std": i.fresh_std, "spread": i.spread,
                    "non_finite": i.non_finite, "verdict": i.verdict.word(),
                })
            };
            let tensors: Vec<_> = inspections.iter().map(tensor).collect();
            json::print(
                "weights-inspect",
                json!({
                    "file": path.display().to_string(), "format": file.format.to_string(), "digest": digest,
                    "tensors": tensors, "looks_untrained": untrained,
                }),
            )?;
        }
        Format::Text => text(&file, &inspections)?,
    }
    if options.format == Format::Text {
        let judged =
            if untrained { "these weights look untrained: all are as a random generator leaves them" } else { "" };
        if untrained {
            print_line!("{judged}")?;
        }
        print_line!("{}: {} file, digest {digest}", path.display(), file.format)?;
    }
    if let Some(picture) = &options.filters {
        let png = filters_png(&filters(&file)?)?;
        atomic::write(picture, &png).with_context(|| format!("writing {}", picture.display()))?;
        note!("{}", picture.display());
    }
    Ok(())
}

fn text(file: &ForeignFile, inspections: &[Inspection]) -> Result<()> {
    let wide = inspections.iter().map(|i| i.name.chars().count()).max().unwrap_or(0).max(6);
    print_line!(
        "{:<wide$} {:>16} {:>11} {:>11} {:>11} {:>11} {:>11} {:>8}",
        "tensor",
        "shape",
        "mean",
        "deviation",
        "fresh (He)",
        "smallest",
        "largest",
        "spread"
    )?;
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2e}"));
    for i in inspections {
        let spread = i.spread.map_or(String::new(), |spread| format!("{spread:.1}"));
        let word = match i.non_finite {
            0 => i.verdict.word().to_string(),
            count => format!("{count} NON-FINITE VALUES"),
        };
        print_line!(
            "{:<wide$} {:>16} {:>11.2e} {:>11.2e} {:>11} {:>11.2e} {:>11.2e} {spread:>8}  {word}",
            i.name,
            shape(&i.shape),
            i.mean,
            i.std,
            number(i.fresh_std),
            i.range[0],
            i.range[1],
        )?;
    }
    for ignored in &file.ignored {
        print_line!("not read: {ignored}")?;
    }
    Ok(())
}

/// The first weights of a convolution over an image of one or three channels.
fn filters(file: &ForeignFile) -> Result<Filters> {
    let of_image = |tensor: &&FileTensor| {
        let sides: [usize; 4] = tensor.shape[..].try_into().unwrap_or_default();
        tensor.order == Order::OutFirst && [1, 3].contains(&sides[1]) && sides.iter().all(|&side| side > 0)
    };
    let Some(tensor) = file.tensors.iter().find(of_image) else {
        bail!(
            "no tensor of the file is a convolution over 1 or 3 channels [out, in, height, width], whose filters can \
             be drawn"
        );
    };
    let [count, channels, height, width] = [tensor.shape[0], tensor.shape[1], tensor.shape[2], tensor.shape[3]];
    Ok(Filters { title: tensor.name.clone(), count, channels, height, width, values: tensor.values.clone() })
}
