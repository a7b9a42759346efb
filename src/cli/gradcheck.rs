//! `strata gradcheck`: every operation of a device against double precision.

use super::output::{note, print_line};
use super::{DeviceArgs, Format, PrecisionArgs, device, exit_code::CheckFailed};
use crate::ops::check;
use anyhow::Result;
use clap::Args;

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    /// text, or json: one object a line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let device = device::open(&options.device.device, options.precision.precision.unwrap_or_default())?;
    note!("gradcheck on {}", device.describe());
    let format = options.format;
    let mut printed = Ok(());
    let summary = check::gradcheck(&device, |line| {
        if printed.is_ok() {
            printed = match format {
                Format::Json => print_line!("{}", serde_json::to_string(line).unwrap_or_default()),
                Format::Text => print_line!("{line}"),
            };
        }
    })?;
    printed?;
    note!("{summary}");
    match summary.failed {
        0 => Ok(()),
        failed => Err(CheckFailed { failed, total: summary.cases }.into()),
    }
}
