//! `strata devices`: the adapters of this machine.

use super::{Format, device};
use crate::{gpu, ops::Device};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write;

#[derive(Args, Debug)]
pub struct Options {
    /// text or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let adapters = gpu::adapters();
    let auto = device::open("auto")?.describe();
    let mut out = std::io::stdout().lock();
    if options.format == Format::Json {
        let rows = adapters.iter().map(|adapter| {
            json!({
                "name": adapter.name,
                "backend": adapter.backend,
                "type": adapter.device_type,
                "driver": adapter.driver,
                "software": adapter.is_software,
                "binding_bytes": adapter.limits.binding_bytes,
                "buffer_bytes": adapter.limits.buffer_bytes,
                "workgroups": adapter.limits.workgroups,
                "workgroup_bytes": adapter.limits.workgroup_bytes,
                "invocations": adapter.limits.invocations,
                "features": adapter.features,
            })
        });
        let all = json!({ "adapters": rows.collect::<Vec<_>>(), "auto": auto });
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        return Ok(());
    }
    writeln!(out, "{}", Device::Cpu.describe())?;
    for adapter in &adapters {
        let limits = &adapter.limits;
        let name = if adapter.is_software { "--device software" } else { "--device gpu:NAME" };
        writeln!(out, "\n{adapter}\n  choose with  {name}")?;
        writeln!(
            out,
            "  limits       bindings {} MiB, buffers {} MiB, {} workgroups a dimension, {} KiB workgroup memory, {} invocations",
            limits.binding_bytes >> 20,
            limits.buffer_bytes >> 20,
            limits.workgroups,
            limits.workgroup_bytes >> 10,
            limits.invocations
        )?;
        writeln!(out, "  features     {}", adapter.features.join(", "))?;
    }
    if adapters.is_empty() {
        writeln!(out, "\nno graphics adapter: install a Vulkan driver to use a GPU, or mesa-vulkan-drivers for tests")?;
    }
    writeln!(out, "\nauto takes: {auto}")?;
    Ok(())
}
