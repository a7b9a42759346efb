//! `strata weights import`.

use super::{
    preprocessing::{PreprocessingArgs, words},
    table,
};
use crate::{
    cli::output::{note, print_line},
    exchange::{self, ExchangeError, Flatten, Format, Turns},
    host::{Stream, atomic, bounded, digest},
    nn::{Kind, NetDef, NnError, weights, zoo},
    train::WeightsFile,
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub struct Options {
    /// Read the weights of this file; its first bytes tell its format
    #[arg(allow_hyphen_values = true)]
    file: PathBuf,
    /// Match them to this net (`strata net list`) or net file
    #[arg(long, value_name = "NAME|FILE")]
    net: String,
    /// Write the weights file here; nothing is written where anything is refused
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    out: PathBuf,
    #[command(flatten)]
    preprocessing: PreprocessingArgs,
    /// Give the net this many outputs
    #[arg(long, value_name = "N")]
    classes: Option<usize>,
    /// Name the outputs as in this file, one name per line (default: 0, 1, 2, ...)
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    class_names: Option<PathBuf>,
    /// Take what matches, draw the rest anew and leave out what has no place
    #[arg(long)]
    partial: bool,
    /// Draw the layers that --partial leaves from this seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Take the file's first convolution to read images in this order (default: bgr for Caffe files, else rgb)
    #[arg(long, value_enum)]
    channels: Option<Channels>,
    /// Take the file's weights to have their outputs in this place: first (OIHW, as in PyTorch) or last (HWIO, as in
    /// TensorFlow); ONNX graphs say it themselves
    #[arg(long, value_enum, default_value_t)]
    outputs: Outputs,
    /// Take the file's first dense layer to read features in this order: chw (PyTorch, Caffe) or hwc (TensorFlow)
    #[arg(long, value_enum, default_value_t)]
    flatten: Order,
    /// Take this alpha for the net's response normalisation, from a program that does not divide it by the window
    /// (TensorFlow); PyTorch, Caffe and ONNX divide, as strata does
    #[arg(long, value_name = "ALPHA")]
    undivided_alpha: Option<f64>,
}

/// The order of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Channels {
    Rgb,
    Bgr,
}

/// Where a weight counts its outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Outputs {
    #[default]
    First,
    Last,
}

/// The order of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Order {
    #[default]
    Chw,
    Hwc,
}

pub fn main(options: &Options) -> Result<()> {
    let def = net(options)?;
    atomic::probe(&options.out).with_context(|| format!("{} cannot be written", options.out.display()))?;
    let path = &options.file;
    let bytes =
        bounded::read(path, weights::MAX_FILE).map_err(|source| ExchangeError::Io { path: path.clone(), source })?;
    let of_file = digest::hex(&bytes);
    let file = exchange::parse(path, bytes)?;
    let bgr = match options.channels {
        Some(channels) => channels == Channels::Bgr,
        None => file.format == Format::Caffe,
    };
    let turns = Turns {
        out_last: options.outputs == Outputs::Last,
        flatten: if options.flatten == Order::Hwc { Flatten::Hwc } else { Flatten::Chw },
        bgr,
    };
    let preprocessing = options.preprocessing.of(&def, bgr)?;
    let classes = class_names(options.class_names.as_deref(), def.classes()?)?;
    let matching = exchange::fit(path, &file, &def, turns)?;
    table::print(&file, &matching)?;
    let anew: Vec<String> = matching.missing().map(|row| row.parameter.clone()).collect();
    let stream = |name: &str| Stream::named(&format!("seed={}/import/weights/{name}", options.seed));
    let tensors = matching.tensors(options.partial, stream)?;
    if !anew.is_empty() {
        print_line!("drawn anew (seed {}): {}", options.seed, anew.join(", "))?;
    }
    print_line!("{}", words(&preprocessing))?;
    if exchange::is_untrained(&exchange::inspect(&file)) {
        note!("warning: these weights look untrained: all are as a random generator leaves them");
    }
    let dataset = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let written = WeightsFile { net: def, tensors, preprocessing, classes, dataset, network: None, training: None };
    let bytes = written.encode()?;
    // What it cannot read back it must not leave there.
    WeightsFile::decode(&options.out, &bytes)?;
    atomic::write(&options.out, &bytes).with_context(|| format!("writing {}", options.out.display()))?;
    print_line!("{}: digest {of_file}", path.display())?;
    print_line!("{}: digest {}", options.out.display(), digest::hex(&bytes))
}

/// The net with the classes and the response normalisation that the arguments say.
fn net(options: &Options) -> Result<NetDef, NnError> {
    let mut def = zoo::find(&options.net)?;
    if let Some(classes) = options.classes {
        def = def.with_classes(classes)?;
    }
    if let Some(alpha) = options.undivided_alpha {
        for layer in &mut def.layers {
            if let Kind::Lrn(lrn) = &mut layer.kind {
                lrn.alpha = alpha * lrn.size as f64;
            }
        }
    }
    Ok(def)
}

/// The names of outputs: those of a file, else their numbers.
fn class_names(path: Option<&Path>, outputs: usize) -> Result<Vec<String>, ExchangeError> {
    let Some(path) = path else { return Ok((0..outputs).map(|output| output.to_string()).collect()) };
    let text =
        bounded::read_text(path, bounded::TEXT).map_err(|source| ExchangeError::Io { path: path.into(), source })?;
    let names: Vec<String> = text.lines().map(|line| line.trim().to_string()).filter(|name| !name.is_empty()).collect();
    if names.is_empty() || names.len() > outputs {
        return Err(ExchangeError::ClassNames { path: path.into(), expected: outputs, got: names.len() });
    }
    Ok(names)
}
