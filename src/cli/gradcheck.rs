//! `strata gradcheck`: every operation of a device against double precision, or the gradients of a whole net.

use super::output::{note, print_line};
use super::{DeviceArgs, Format, PrecisionArgs, at_least_one, device, exit_code::CheckFailed, json};
use crate::{
    host::Precision,
    nn::{gradcheck as of_net, zoo},
    ops::check::{self, Line},
};
use anyhow::Result;
use clap::Args;
use serde_json::json;

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    /// Check the gradient of every parameter of this net (`strata net list`) or net file instead of the operations, in
    /// f32
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "precision")]
    net: Option<String>,
    /// Use this many images for the named net
    #[arg(long, default_value_t = 4, requires = "net", value_parser = at_least_one::<usize>())]
    batch: usize,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let def = options.net.as_deref().map(zoo::find).transpose()?;
    let precision = if def.is_some() { Precision::F32 } else { options.precision.precision.unwrap_or_default() };
    let device = device::open(&options.device.device, precision)?;
    note!("gradcheck on {}", device.describe());
    let format = options.format;
    let (mut printed, mut lines) = (Ok(()), Vec::new());
    let report = |line: &Line| match format {
        Format::Json => lines.push(line.clone()),
        Format::Text if printed.is_ok() => printed = print_line!("{line}"),
        Format::Text => {}
    };
    let summary = match &def {
        Some(def) => of_net::gradcheck(def, options.batch, &device, report)?,
        None => check::gradcheck(&device, report)?,
    };
    printed?;
    if format == Format::Json {
        let device = device.describe();
        json::print("gradcheck", json!({ "device": device, "summary": summary, "checks": lines }))?;
    }
    note!("{summary}");
    match summary.failed {
        0 => Ok(()),
        failed => Err(CheckFailed { failed, total: summary.cases }.into()),
    }
}
