//! From `--device` to a device.

use super::exit_code::NoDevice;
use crate::{
    gpu::{Choice, Gpu, GpuError},
    host::Precision,
    ops::Device,
};
use anyhow::Result;

/// The precision of a name.
///
/// # Errors
/// A name that is none, with those that there are.
pub fn precision(name: &str) -> Result<Precision, String> {
    let known = [Precision::F32, Precision::Mixed];
    let found = known.into_iter().find(|precision| precision.name() == name);
    found.ok_or_else(|| format!("there are {}", known.map(Precision::name).join(" and ")))
}

/// Opens the device of a choice for a precision.
///
/// # Errors
/// A choice that is none, or a device that is not there or cannot compute so, with a remedy. Only `auto` turns to the cpu,
/// and only where there is no hardware adapter: one that is there and fails is an error.
pub fn open(choice: &str, precision: Precision) -> Result<Device> {
    let open = |choice| Gpu::open_for(choice, precision, |_| {});
    let cpu = || Device::Cpu.expect(precision).map(|()| Device::Cpu);
    let choice = match choice {
        "cpu" => return Ok(cpu()?),
        "auto" => {
            return match open(&Choice::Hardware) {
                Ok(gpu) => Ok(Device::Gpu(gpu)),
                Err(GpuError::NoAdapter { .. }) => Ok(cpu()?),
                Err(error) => Err(error.into()),
            };
        }
        "gpu" => Choice::Hardware,
        "software" => Choice::Software,
        other => match other.strip_prefix("gpu:") {
            Some(name) if !name.is_empty() => Choice::Named(name.into()),
            _ => {
                let message = format!("no device {other:?}; choose auto, cpu, gpu, gpu:NAME or software");
                return Err(NoDevice(message).into());
            }
        },
    };
    Ok(Device::Gpu(open(&choice)?))
}
