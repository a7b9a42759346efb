//! `strata compile`: has a driver compile every pipeline, of which a program needs only some. Hidden from the help:
//! `scripts/compile-gpus` and `scripts/drivers` read what it prints.

use super::{
    DeviceArgs, PrecisionArgs, at_least_one,
    bench::net,
    device, one_of,
    output::{note, print_line},
};
use crate::{
    gpu::{Gpu, Limits, Registers},
    host::Precision,
    nn::Tape,
    ops::{
        Device, Planned,
        pipelines::{Pipeline, pipelines, shaders},
        program::TapeName,
    },
};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    /// Compile only pipelines whose names contain this (may be repeated)
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// List the pipeline of this name without compiling it (may be repeated)
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,
    /// Compile nothing, and list all pipelines and the digests of the shaders
    #[arg(long)]
    list: bool,
    /// Compile nothing, and list the operations of a training step of this net with their work and their dispatches
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "list")]
    plan: Option<String>,
    /// Plan for an adapter of so many registers, which decide the tiles
    #[arg(long, default_value = Registers::Any.name(), requires = "plan",
        value_parser = one_of(Registers::ALL, Registers::name, Registers::belong_to))]
    registers: Registers,
    /// Plan steps of this many images
    #[arg(long, default_value_t = 128, requires = "plan", value_parser = at_least_one::<usize>())]
    batch: usize,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part))
    }
}

/// Compiles one that is not to be skipped. What the driver prints meanwhile stands between two marks on stderr.
fn compile(pipeline: &Pipeline, gpu: &Gpu, skip: &[String]) -> Value {
    let name = pipeline.name();
    let sizes: BTreeMap<&str, u32> = pipeline.kernel.shader.sizes.iter().copied().collect();
    let given = pipeline.is_given(gpu);
    if skip.contains(&name) {
        return json!({ "name": name, "skipped": true, "given": given, "sizes": sizes });
    }
    note!("@@@ {name}");
    let (seconds, error) = match pipeline.compile(gpu) {
        Ok(took) => (Some(took.as_secs_f64()), None),
        Err(error) => (None, Some(error.to_string())),
    };
    // Should the driver break off at the next one, this is known.
    note!("@@@end {name} {:.3}", seconds.unwrap_or(f64::NAN));
    json!({ "name": name, "skipped": false, "given": given, "sizes": sizes, "seconds": seconds, "error": error })
}

/// Prints results for the scripts, which are of the same version: no schema describes them.
fn print(results: &Value) -> Result<()> {
    print_line!("{}", serde_json::to_string_pretty(results)?)
}

/// The operations of a training step, with tensors as a desktop's GPU binds them.
fn plan(name: &str, batch: usize, registers: Registers) -> Result<Value> {
    let net = net::build(name, batch, None, Precision::F32)?;
    let limits =
        Limits { binding_bytes: i32::MAX as u64, buffer_bytes: i32::MAX as u64, registers, ..Limits::webgpu() };
    let planned = Planned::of(&net.program, &limits)?;
    let dispatches = &planned.tapes[Tape::Train.number()].dispatches;
    let operations = net.program.tape(Tape::Train).iter().enumerate().map(|(number, entry)| {
        let own = dispatches.iter().filter(|dispatch| dispatch.operation == number).map(|dispatch| {
            let pipeline = Pipeline { kernel: dispatch.kernel, constants: dispatch.constants };
            let [across, down] = dispatch.grid;
            json!({ "pipeline": pipeline.name(), "workgroups": u64::from(across) * u64::from(down) })
        });
        let cost = entry.op.cost();
        json!({
            "layer": entry.layer, "operation": entry.op.stem(), "pass": entry.op.pass(),
            "macs": cost.macs, "elements": cost.elements, "dispatches": own.collect::<Vec<_>>(),
        })
    });
    Ok(json!({ "net": net.def.name, "batch": batch, "operations": operations.collect::<Vec<_>>() }))
}

pub fn main(options: &Options) -> Result<()> {
    if options.list {
        let names: Vec<String> = pipelines().map(|pipeline| pipeline.name()).collect();
        return print(&json!({ "shaders": shaders(), "pipelines": names }));
    }
    if let Some(net) = &options.plan {
        return print(&plan(net, options.batch, options.registers)?);
    }
    let device = device::open(&options.device.device, options.precision.precision.unwrap_or_default())?;
    let Device::Gpu(gpu) = &device else { bail!("{} compiles no shaders; choose another --device", device.describe()) };
    let wanted = pipelines().filter(|pipeline| pipeline.fits(gpu) && options.wants(&pipeline.name()));
    let rows: Vec<Value> = wanted.map(|pipeline| compile(&pipeline, gpu, &options.skip)).collect();
    let info = gpu.info();
    print(&json!({
        "shaders": shaders(), "adapter": info.name, "driver": info.driver, "precision": gpu.precision().name(),
        "matrices": info.matrices.map(|matrices| matrices.to_string()), "pipelines": rows,
    }))
}
