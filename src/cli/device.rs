//! From `--device` to a device.

use super::exit_code::NoDevice;
use crate::ops::Device;
use anyhow::Result;

/// Opens the device of a choice.
///
/// # Errors
/// A choice that is none, or a device that is not there, with a remedy.
pub fn open(choice: &str) -> Result<Device> {
    match choice {
        "auto" | "cpu" => Ok(Device::Cpu),
        _ => {
            let message = format!("no device {choice:?}; choose auto, cpu, gpu, gpu:NAME or software");
            Err(NoDevice(message).into())
        }
    }
}
