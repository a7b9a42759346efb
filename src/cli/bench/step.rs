//! `strata bench step`: training steps with dropout, momentum and decay, and inference, in images a second.

use super::{super::Format, layers, net};
use crate::{
    cli::{DeviceArgs, PrecisionArgs, device},
    nn::{EVAL, TRAIN},
    ops::{OpsError, median},
};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::{io::Write, time::Instant};

#[derive(Args, Debug)]
pub struct Options {
    /// A net of the zoo: caffenet, alexnet, alexnet32, alexnet28
    #[arg(long, default_value = "alexnet32")]
    net: String,
    /// Images a step
    #[arg(long, default_value_t = 128)]
    batch: usize,
    /// Steps that are timed; two more come first to warm up
    #[arg(long, default_value_t = 5)]
    steps: u32,
    /// Freeze the first n layers
    #[arg(long, value_name = "N")]
    freeze: Option<usize>,
    /// Print the time of every operation of a step
    #[arg(long)]
    layers: bool,
    /// text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
}

pub fn main(options: &Options) -> Result<()> {
    let device = device::open(&options.device.device, options.precision.precision.unwrap_or_default())?;
    let (net, mut executor) = net::load(&options.net, options.batch, options.freeze, &device)?;
    let mut time = |tape: usize| -> Result<f64, OpsError> {
        let mut seconds = Vec::new();
        for iteration in 0..options.steps.max(1) + 2 {
            let start = Instant::now();
            executor.run(tape, &net::step(iteration))?;
            // Reading the loss waits for a GPU to end.
            executor.read(net.loss)?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        Ok(median(seconds.split_off(2)))
    };
    let (train, inference) = (time(TRAIN)?, time(EVAL)?);
    let macs = [TRAIN, EVAL].map(|tape| net.program.macs(tape) as f64);
    let rate = |seconds: f64| options.batch as f64 / seconds;
    let gflops = |macs: f64, seconds: f64| 2e-9 * macs / seconds;
    let mut out = std::io::stdout().lock();
    if let Format::Json = options.format {
        let record = json!({
            "net": options.net, "batch": options.batch, "device": device.describe(),
            "threads": rayon::current_num_threads(), "steps": options.steps, "frozen": options.freeze,
            "version": env!("CARGO_PKG_VERSION"),
            "milliseconds": 1e3 * train, "images_per_second": rate(train), "gflops": gflops(macs[0], train),
            "inference_milliseconds": 1e3 * inference, "inference_images_per_second": rate(inference),
            "inference_gflops": gflops(macs[1], inference), "memory_bytes": executor.bytes(),
        });
        writeln!(out, "{}", serde_json::to_string_pretty(&record)?)?;
        return Ok(());
    }
    writeln!(out, "{} batch {} on {}", options.net, options.batch, device.describe())?;
    for (what, macs, seconds) in [("training", macs[0], train), ("inference", macs[1], inference)] {
        let (ms, rate, gflops) = (1e3 * seconds, rate(seconds), gflops(macs, seconds));
        writeln!(out, "{what:<10} {ms:9.2} ms {rate:9.1} images/s {gflops:8.1} GFLOP/s")?;
    }
    writeln!(out, "memory     {:9.1} MiB, flat from the first step on", executor.bytes() as f64 / f64::from(1 << 20))?;
    if options.layers {
        let rows = layers::measure(&mut executor, options.steps)?;
        layers::print(&rows, None, &mut out)?;
    }
    Ok(())
}
