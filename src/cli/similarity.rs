//! `strata similarity`: how alike the layers of trained networks are.

use super::{DeviceArgs, Format, StudyArgs, device, study};
use crate::{
    host::atomic,
    protocol::{
        ProtocolError, RunDir,
        similarity::{self, Row, USUAL_IMAGES},
    },
};
use anyhow::Result;
use clap::Args;
use std::io::Write;

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Test images of each half (default: as the experiment says, else 1000)
    #[arg(long, value_name = "N")]
    images: Option<usize>,
    /// text, or json: every value
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    let device = device::open(&options.device.device, experiment.solver.precision)?;
    let runs = RunDir::look(&options.study.runs, &experiment)?;
    if !runs.path.is_dir() {
        anyhow::bail!("{}: there is no such run directory; train with strata reproduce first", runs.path.display());
    }
    let runs = RunDir::open(&options.study.runs, &experiment)?;
    let file = runs.path.join("similarity.json");
    atomic::probe(&file).map_err(|source| ProtocolError::Io { path: file, source })?;
    let asked = Some(experiment.protocol.similarity_images).filter(|&images| images > 0);
    let images = options.images.or(asked).unwrap_or(USUAL_IMAGES);
    let found = similarity::compare(&experiment, &runs, &device, images)?;
    let mut out = std::io::stdout().lock();
    if options.format == Format::Json {
        writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?;
        return Ok(());
    }
    let layers = experiment.block_names()?;
    writeln!(out, "{:<28} {:<28} on  {}", "linear CKA of", "and", layers.join("  "))?;
    for pair in found.rows.chunk_by(|a, b| (&a.network, &a.other, &a.images) == (&b.network, &b.other, &b.images)) {
        let [first, ..] = pair else { continue };
        let own = pair.iter().filter(|row| row.layer == row.other_layer).map(value);
        let values: Vec<String> =
            own.zip(&layers).map(|(value, layer)| format!("{value:>w$}", w = layer.len())).collect();
        writeln!(out, "{:<28} {:<28} {}   {}", first.network, first.other, first.images, values.join("  "))?;
    }
    writeln!(out, "{}", runs.path.join("similarity.json").display())?;
    Ok(())
}

fn value(row: &Row) -> String {
    row.value.map_or_else(|| "-".into(), |value| format!("{value:.2}"))
}
