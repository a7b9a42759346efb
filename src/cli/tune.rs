//! `strata tune`: which tiles are the fastest for the products of some nets on a GPU.

use super::{Format, bench::net, device, study};
use crate::{
    cli::json,
    cli::{DeviceArgs, PrecisionArgs, at_least_one},
    host::Precision,
    nn::{Net, Tape},
    ops::{Device, Measured, TILES, Tile, Tuning, tiles},
    protocol::{Arm, Experiment, Plan, half_sizes::HalfSizes, network_def::net_of, resolve},
};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write;

#[derive(Args, Debug)]
pub struct Options {
    /// Measure the nets of this built-in experiment or TOML file, at its batch size
    #[arg(default_value = "default")]
    experiment: String,
    /// Override a key of the experiment, such as solver.batch_size=256 (may be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Measure this net (`strata net list`) or net file instead, as `bench step` builds it
    #[arg(long, value_name = "NAME|FILE", conflicts_with_all = ["experiment", "overrides"])]
    net: Option<String>,
    /// Use this many images per step of the named net
    #[arg(long, default_value_t = 128, requires = "net", value_parser = at_least_one::<usize>())]
    batch: usize,
    /// Time this many steps with each tile, after one to warm up
    #[arg(long, default_value_t = 5, value_parser = at_least_one::<u32>())]
    steps: u32,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
}

/// Where the measured nets come from.
enum Of<'a> {
    /// A net by its name or file.
    Named(&'a str),
    Experiment(Box<Experiment>),
}

/// The nets with every layer learning: those with frozen layers have no other products.
fn nets(of: &Of<'_>, batch: usize, precision: Precision) -> Result<Vec<Net>> {
    let experiment = match of {
        Of::Named(name) => return Ok(vec![net::build(name, batch, None, precision)?]),
        Of::Experiment(experiment) => experiment,
    };
    let halves = HalfSizes::of(experiment)?;
    let mut nets: Vec<Net> = Vec::new();
    for node in Plan::of(experiment).nodes.iter().filter(|node| node.arm == Arm::Base) {
        let classes = halves.size_of(experiment, node)?.classes();
        if nets.iter().any(|net| net.classes() == classes) {
            continue;
        }
        let input = halves.input(experiment);
        nets.push(Net::build(&net_of(experiment, node, classes)?, experiment.solver.building(input))?);
    }
    Ok(nets)
}

pub fn main(options: &Options) -> Result<()> {
    let (of, precision) = match &options.net {
        Some(name) => (Of::Named(name), options.precision.precision.unwrap_or_default()),
        None => {
            let overrides = study::overrides(&options.overrides, options.precision);
            let experiment = resolve::experiment(&options.experiment, &overrides)?;
            let precision = experiment.solver.precision;
            (Of::Experiment(Box::new(experiment)), precision)
        }
    };
    let opened = device::open(&options.device.device, precision)?;
    let tiles = &TILES[..tiles(precision)];
    let mut out = std::io::stdout().lock();
    let mut record = json!({ "device": opened.describe(), "file": null, "tiles": tiles, "products": [] });
    let gpu = match &opened {
        Device::Gpu(gpu) if !gpu.limits().lanes => gpu,
        other => {
            match options.format {
                Format::Json => json::write(&mut out, "tune", &record)?,
                Format::Text => {
                    writeln!(out, "{}: its kernels have one tile, and there is nothing to choose", other.describe())?;
                }
            }
            return Ok(());
        }
    };
    let nets = nets(&of, options.batch, precision)?;
    let path = device::tuning_file(gpu)?;
    // What was measured for other nets is kept; a file that is damaged is replaced.
    let mut tuning = Tuning::read(&path, gpu.info(), precision).unwrap_or_else(|_| Tuning::none(gpu.info(), precision));
    // Written before measuring, too: a folder that cannot be written is reported at once.
    tuning.write(&path)?;
    let mut all = Vec::new();
    for net in &nets {
        // The products of inference are among those of a step.
        let step = net::step(0);
        let prepare = |executor: &mut _| net.initialise(executor, net::stream).map_err(anyhow::Error::from);
        let rows = tuning.measure(gpu, &net.program, (Tape::Train, options.steps, &step), prepare)?;
        tuning.write(&path)?;
        if options.format == Format::Text {
            writeln!(out, "{}, {} images per step, on {}", net.def.name, net.batch, opened.describe())?;
            print(tiles, &rows, &mut out)?;
        }
        all.extend(rows);
    }
    match options.format {
        Format::Json => {
            record["file"] = json!(path.display().to_string());
            record["products"] = json!(all);
            json::write(&mut out, "tune", &record)?;
        }
        Format::Text => writeln!(out, "kept in {}", path.display())?,
    }
    Ok(())
}

fn print(tiles: &[Tile], rows: &[Measured], out: &mut impl Write) -> Result<()> {
    write!(out, "{:<8} {:<24} {:>10}", "layer", "pass", "untuned")?;
    tiles.iter().try_for_each(|tile| write!(out, " {tile:>13}"))?;
    writeln!(out, "  taken")?;
    for row in rows {
        write!(out, "{:<8} {:<24} {:>7.3} ms", row.layer, row.pass, row.untuned_milliseconds)?;
        row.milliseconds.iter().try_for_each(|ms| write!(out, " {ms:>10.3} ms"))?;
        let taken = row.preferred.map_or("as untuned".into(), |tile| tile.to_string());
        writeln!(out, "  {taken}")?;
    }
    let sum = |of: fn(&Measured) -> f64| rows.iter().map(of).sum::<f64>();
    let [before, after] = [sum(|row| row.untuned_milliseconds), sum(Measured::taken_milliseconds)];
    writeln!(out, "products of a step: {before:.2} ms, tuned {after:.2} ms")?;
    Ok(())
}
