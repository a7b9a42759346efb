//! `strata devices`: the adapters of this machine.

use super::{Format, device};
use anyhow::Result;
use clap::Args;

#[derive(Args, Debug)]
pub struct Options {
    /// text or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let auto = device::open("auto")?;
    let _ = options.format;
    println!("cpu: {}", crate::ops::Device::Cpu.describe());
    println!("auto takes: {}", auto.describe());
    Ok(())
}
