//! `strata gradcheck`: every operation of a device against double precision.

use super::{DeviceArgs, Format, device, exit_code::CheckFailed};
use crate::ops::check;
use anyhow::Result;
use clap::Args;

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    device: DeviceArgs,
    /// text, or json: one object a line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let device = device::open(&options.device.device)?;
    eprintln!("gradcheck on {}", device.describe());
    let format = options.format;
    let summary = check::gradcheck(&device, |line| match format {
        Format::Json => println!("{}", serde_json::to_string(line).unwrap_or_default()),
        Format::Text => println!("{line}"),
    })?;
    eprintln!("{summary}");
    match summary.failed {
        0 => Ok(()),
        failed => Err(CheckFailed { failed, total: summary.cases }.into()),
    }
}
