//! From `--device` to a device.

use super::exit_code::NoDevice;
use crate::{
    gpu::{Choice, Gpu, GpuError},
    ops::Device,
};
use anyhow::Result;

/// Opens the device of a choice.
///
/// # Errors
/// A choice that is none, or a device that is not there, with a remedy. Only `auto` turns to the cpu,
/// and only where there is no hardware adapter: one that is there and fails is an error.
pub fn open(choice: &str) -> Result<Device> {
    let choice = match choice {
        "cpu" => return Ok(Device::Cpu),
        "auto" => {
            return match Gpu::open(&Choice::Hardware) {
                Ok(gpu) => Ok(Device::Gpu(gpu)),
                Err(GpuError::NoAdapter { .. }) => Ok(Device::Cpu),
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
    Ok(Device::Gpu(Gpu::open(&choice)?))
}
