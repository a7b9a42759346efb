//! `strata similarity`: how alike the layers of trained networks are.

use super::{DeviceArgs, Format, StudyArgs, device, study};
use crate::{
    cli::json,
    host::atomic,
    protocol::{
        ProtocolError, RunDir,
        cka::{Estimator, FEWEST_IMAGES},
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
    /// Use this many test images of each half, at least one of each class (default: that of the experiment, else 1000)
    #[arg(long, value_name = "N")]
    images: Option<usize>,
    /// Print the biased estimator, which is too high where features outnumber images
    #[arg(long)]
    biased: bool,
    /// Print text, or json: every value of both estimators
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    let device = device::open(&options.device.device, experiment.solver.precision)?;
    let runs = RunDir::look(&options.study.runs(), &experiment)?;
    if !runs.path.join("experiment.toml").is_file() {
        let (path, words) = (runs.path.display(), options.study.words());
        anyhow::bail!("{path}: there is no such run directory; `strata reproduce {words}` trains its networks");
    }
    let runs = RunDir::open(&options.study.runs(), &experiment)?;
    let file = runs.path.join("similarity.json");
    atomic::probe(&file).map_err(|source| ProtocolError::Io { path: file, source })?;
    let asked = Some(experiment.protocol.similarity_images).filter(|&images| images > 0);
    let images = options.images.or(asked).unwrap_or(USUAL_IMAGES);
    let found = similarity::compare(&experiment, &runs, &device, images)?;
    let mut out = std::io::stdout().lock();
    if options.format == Format::Json {
        json::write(&mut out, "similarity", &found)?;
        return Ok(());
    }
    let estimator = if options.biased { Estimator::Biased } else { Estimator::Debiased };
    let rows: Vec<&Row> = found.rows.iter().filter(|row| row.estimator == estimator).collect();
    let layers = experiment.block_names()?;
    writeln!(out, "linear CKA, {}, on {}", estimator.name(), used(&rows, images))?;
    writeln!(out, "{:<28} {:<28} on  {}", "of", "and", layers.join("  "))?;
    for pair in rows.chunk_by(|a, b| (&a.network, &a.other, &a.images) == (&b.network, &b.other, &b.images)) {
        let [first, ..] = pair else { continue };
        let own = pair.iter().filter(|row| row.layer == row.other_layer).map(|row| value(row));
        let values: Vec<String> =
            own.zip(&layers).map(|(value, layer)| format!("{value:>w$}", w = layer.len())).collect();
        writeln!(out, "{:<28} {:<28} {}   {}", first.network, first.other, first.images, values.join("  "))?;
    }
    writeln!(out, "{}", runs.path.join("similarity.json").display())?;
    Ok(())
}

/// How many images of each half were compared, and how many were asked for where that is another number.
fn used(rows: &[&Row], asked: usize) -> String {
    let mut counts: Vec<(u64, &str)> = rows.iter().map(|row| (row.count, row.images.as_str())).collect();
    counts.sort_by_key(|&(count, images)| (images, count));
    counts.dedup();
    let other = counts.iter().any(|&(count, _)| count != asked as u64);
    let words: Vec<String> = counts.iter().map(|(count, half)| format!("{count} images of half {half}")).collect();
    let asked = match other {
        true => {
            format!(" ({asked} were asked for; at least one of each class and {FEWEST_IMAGES} in all, at most all)")
        }
        false => String::new(),
    };
    match words.is_empty() {
        true => "no images: no two networks to compare are trained yet".into(),
        false => format!("{}{asked}", words.join(" and ")),
    }
}

fn value(row: &Row) -> String {
    row.value.map_or_else(|| "-".into(), |value| format!("{value:.2}"))
}
