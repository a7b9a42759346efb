//! `strata bench kernels`: every operation of the study's nets at their shapes, against what the device can do at most.

use super::{
    super::{Format, exit_code::CheckFailed},
    layers::{self, Row},
    net,
};
use crate::{
    cli::json,
    cli::{DeviceArgs, at_least_one, device},
    host::{Precision, atomic},
    ops::{Peak, check},
    report::{Achieved, Roof, roofline},
};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// The nets that are timed where none is named, with their images per step.
const NETS: [(&str, usize); 2] = [("caffenet", 32), ("alexnet32", 128)];

#[derive(Args, Debug)]
pub struct Options {
    /// Time only this net (`strata net list`) or net file
    #[arg(long, value_name = "NAME|FILE")]
    net: Option<String>,
    /// Use this many images per step of the named net
    #[arg(long, default_value_t = 32, requires = "net", value_parser = at_least_one::<usize>())]
    batch: usize,
    /// Time this many steps, after one to warm up
    #[arg(long, default_value_t = 5, value_parser = at_least_one::<u32>())]
    steps: u32,
    /// Draw each net under the roofline of the device, as DIR/roofline-NET.svg
    #[arg(long, value_name = "DIR")]
    roofline: Option<PathBuf>,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    device: DeviceArgs,
}

/// The passes of a layer with weights, by the beginnings of their names: a weight gradient may have its update within.
const PASSES: [(&str, &str); 3] =
    [("forward", "forward"), ("backward_input", "input gradient"), ("backward_weight", "weight gradient")];

pub fn main(options: &Options) -> Result<()> {
    let device = device::open(&options.device.device, Precision::F32)?;
    let wanted = match &options.net {
        Some(name) => vec![(name.as_str(), options.batch)],
        None => NETS.to_vec(),
    };
    // A net that is not there is refused before the checks take their time.
    wanted.iter().try_for_each(|(name, _)| net::find(name).map(drop))?;
    // A wrong operation is not worth timing: every operation is checked against f64 first.
    let summary = check::gradcheck(&device, |_| {})?;
    if !summary.ok() {
        return Err(CheckFailed { failed: summary.failed, total: summary.cases }.into());
    }
    let peak = Peak::measure(&device)?;
    let mut nets = BTreeMap::new();
    for (name, batch) in wanted {
        let (net, mut executor) = net::load(name, batch, None, &device)?;
        nets.insert(net.def.name, (batch, layers::measure(&mut executor, options.steps)?));
    }
    if let Some(folder) = &options.roofline {
        nets.iter().try_for_each(|(net, (batch, rows))| draw(folder, net, *batch, rows, peak, &device.describe()))?;
    }
    let mut out = std::io::stdout().lock();
    if let Format::Json = options.format {
        let nets: Vec<_> =
            nets.iter().map(|(net, (batch, rows))| json!({ "net": net, "batch": batch, "operations": rows })).collect();
        let record = json!({
            "device": device.describe(), "threads": rayon::current_num_threads(),
            "version": env!("CARGO_PKG_VERSION"), "checks": summary,
            "peak_gflops": peak.gflops, "peak_gigabytes_per_second": peak.gigabytes_per_second, "nets": nets,
        });
        json::write(&mut out, "bench-kernels", record)?;
        return Ok(());
    }
    let Peak { gflops, gigabytes_per_second: bytes } = peak;
    let checks = summary.cases;
    writeln!(out, "{}: at most {gflops:.1} GFLOP/s and {bytes:.1} GB/s; {checks} checks right", device.describe())?;
    for (net, (batch, rows)) in &nets {
        writeln!(out, "\n{net}, {batch} images per step")?;
        layers::print(rows, Some(peak), &mut out)?;
        by_layer(rows, peak, &mut out)?;
    }
    Ok(())
}

/// Draws a net's operations under the device's roofline.
fn draw(folder: &Path, net: &str, batch: usize, rows: &[Row], peak: Peak, device: &str) -> Result<()> {
    let achieved: Vec<Achieved> = rows
        .iter()
        .map(|row| Achieved {
            layer: row.layer.clone(),
            pass: row.pass,
            gflops: row.gflops,
            gigabytes_per_second: row.gigabytes_per_second,
        })
        .collect();
    let roof = Roof { gflops: peak.gflops, gigabytes_per_second: peak.gigabytes_per_second };
    let svg = roofline(&format!("{net}, {batch} images per step, {device}"), &achieved, roof);
    fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    let path = folder.join(format!("roofline-{net}.svg"));
    atomic::write(&path, svg.as_bytes()).with_context(|| format!("{}", path.display()))
}

/// Prints a line for each layer with weights: milliseconds and share of the roof of its three passes.
fn by_layer(rows: &[Row], peak: Peak, out: &mut impl Write) -> Result<()> {
    write!(out, "\n{:<8}", "layer")?;
    PASSES.iter().try_for_each(|(_, title)| write!(out, " {title:>24}"))?;
    writeln!(out)?;
    let multiplies: Vec<&Row> = rows.iter().filter(|row| row.gflops > 0.0).collect();
    for first in multiplies.iter().filter(|row| row.pass == "forward") {
        write!(out, "{:<8}", first.layer)?;
        for (pass, _) in PASSES {
            let row = multiplies.iter().find(|row| row.layer == first.layer && row.pass.starts_with(pass));
            let cell = row.map_or("none".into(), |row| {
                format!("{:.2} ms {:5.1}% of roof", row.milliseconds, 100.0 * row.gflops / row.roof(peak))
            });
            write!(out, " {cell:>24}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
