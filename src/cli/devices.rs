//! `strata devices`: the adapters of this machine.

use super::{Format, device};
use crate::{
    cli::json,
    gpu,
    host::Precision,
    ops::{Device, catalogue},
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

#[derive(Args, Debug)]
pub struct Options {
    /// Print text or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write every shader into this directory, with its loops unrolled, as a device receives it
    #[arg(long, value_name = "DIR")]
    shaders: Option<PathBuf>,
}

/// Writes the shaders, and returns how many there are.
fn write_shaders(dir: &Path) -> Result<usize> {
    let shaders: BTreeMap<_, _> = catalogue().map(|kernel| (&*kernel.shader.name, kernel.shader)).collect();
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    for (name, shader) in &shaders {
        let path = dir.join(format!("{name}.wgsl"));
        fs::write(&path, shader.source()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(shaders.len())
}

pub fn main(options: &Options) -> Result<()> {
    if let Some(dir) = &options.shaders {
        let count = write_shaders(dir)?;
        writeln!(std::io::stdout(), "{count} shaders in {}", dir.display())?;
        return Ok(());
    }
    let adapters = gpu::adapters();
    let auto = device::open("auto", Precision::F32)?.describe();
    let mut out = std::io::stdout().lock();
    if options.format == Format::Json {
        let rows = adapters.iter().enumerate().map(|(index, adapter)| {
            json!({
                "index": index,
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
                "matrices": adapter.matrices.map(|matrices| matrices.to_string()),
                "features": adapter.features,
            })
        });
        let all = json!({ "adapters": rows.collect::<Vec<_>>(), "auto": auto });
        json::write(&mut out, "devices", all)?;
        return Ok(());
    }
    writeln!(out, "{}", Device::Cpu.describe())?;
    for (index, adapter) in adapters.iter().enumerate() {
        let limits = &adapter.limits;
        let or = if adapter.is_software { "--device software" } else { "--device gpu:NAME" };
        writeln!(out, "\n{adapter}\n  choose with  --device gpu:{index} or {or}")?;
        writeln!(
            out,
            "  limits       bindings {} MiB, buffers {} MiB, {} workgroups a dimension, {} KiB workgroup memory, {} \
             invocations",
            limits.binding_bytes >> 20,
            limits.buffer_bytes >> 20,
            limits.workgroups,
            limits.workgroup_bytes >> 10,
            limits.invocations
        )?;
        if let Some(matrices) = adapter.matrices {
            writeln!(out, "  precisions   f32, mixed and f16x3 (matrices of {matrices})")?;
        }
        writeln!(out, "  features     {}", adapter.features.join(", "))?;
    }
    if adapters.is_empty() {
        writeln!(out, "\nno graphics adapter: install a Vulkan driver to use a GPU, or mesa-vulkan-drivers for tests")?;
    }
    writeln!(out, "\nauto takes: {auto}")?;
    Ok(())
}
