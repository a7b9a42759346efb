//! From `--device` to a device.

use super::{exit_code::NoDevice, output::note};
use crate::{
    gpu::{self, Choice, Gpu, GpuError},
    host::Precision,
    ops::{Device, Tuning},
};
use anyhow::{Context, Result};
use etcetera::BaseStrategy;
use std::{path::PathBuf, sync::Arc};

/// Where an opened device's preferred tiles are kept: in the folder that `STRATA_CACHE` names, or the user's cache.
///
/// # Errors
/// A user without a home directory.
pub fn tuning_file(gpu: &Gpu) -> Result<PathBuf> {
    let folder = match std::env::var_os("STRATA_CACHE").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => {
            let users =
                etcetera::choose_base_strategy().context("no folder for what was measured; set STRATA_CACHE")?;
            users.cache_dir().join("strata")
        }
    };
    Ok(folder.join(Tuning::file_name(gpu.info(), gpu.precision())))
}

/// Makes a device use the tiles that were measured on it. A file that cannot be read only costs time, and is reported.
fn tuned(gpu: Arc<Gpu>) -> Device {
    // Kernels for processors have one tile.
    if !gpu.limits().lanes {
        match tuning_file(&gpu).and_then(|path| Ok(Tuning::read(&path, gpu.info(), gpu.precision())?)) {
            Ok(tuning) => tuning.apply(&gpu),
            Err(error) => note!("the tiles of the products are not tuned: {error}"),
        }
    }
    Device::Gpu(gpu)
}

/// The precision of a name.
///
/// # Errors
/// An unknown name, with the valid ones.
pub fn precision(name: &str) -> Result<Precision, String> {
    let found = Precision::ALL.into_iter().find(|precision| precision.name() == name);
    found.ok_or_else(|| format!("there are {}", Precision::ALL.map(Precision::name).join(", ")))
}

/// Which GPU of several a scheduler gives to a process: CUDA's variable, which Vulkan does not read.
const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";

/// The hardware that `auto` and `gpu` mean: the first GPU, or the first that a scheduler has given to this process.
///
/// # Errors
/// A GPU that is named by anything but its number.
fn hardware() -> Result<Choice, NoDevice> {
    let Some(given) = std::env::var(VISIBLE).ok().filter(|given| !given.trim().is_empty()) else {
        return Ok(Choice::Hardware);
    };
    // One that is left in a container has the number 0 there, whatever its number on the machine.
    let only = || gpu::adapters().iter().filter(|adapter| adapter.is_hardware).count() < 2;
    match given.split(',').next().map(|first| first.trim().parse()) {
        _ if only() => Ok(Choice::Hardware),
        Some(Ok(index)) => Ok(Choice::Cuda(index)),
        _ => Err(NoDevice(format!(
            "{VISIBLE} is {given:?}, which is not the number of a GPU; choose one with --device gpu:INDEX (`strata \
             devices` lists them)"
        ))),
    }
}

/// Opens the device of a choice for a precision.
///
/// # Errors
/// An unknown choice, or a device that is missing or lacks the precision, with a remedy. Only `auto` falls back to the
/// cpu, and only where there is no hardware adapter: one that is there and fails is an error.
pub fn open(choice: &str, precision: Precision) -> Result<Device> {
    let open = |choice| Gpu::open_for(choice, precision, |_| {});
    let cpu = || Device::Cpu.expect(precision).map(|()| Device::Cpu);
    let choice = match choice {
        "cpu" => return Ok(cpu()?),
        "auto" => {
            return match open(&hardware()?) {
                Ok(gpu) => Ok(tuned(gpu)),
                Err(GpuError::NoAdapter { .. }) => Ok(cpu()?),
                Err(error) => Err(error.into()),
            };
        }
        "gpu" => hardware()?,
        "software" => Choice::Software,
        other => match other.strip_prefix("gpu:") {
            // Two digits are a number of `strata devices`; more are part of a name, such as 4090.
            Some(number) if number.len() <= 2 && number.parse::<usize>().is_ok() => {
                Choice::Index(number.parse().unwrap_or_default())
            }
            Some(name) if !name.is_empty() => Choice::Named(name.into()),
            _ => {
                let message = format!("no device {other:?}; choose auto, cpu, gpu, gpu:INDEX, gpu:NAME or software");
                return Err(NoDevice(message).into());
            }
        },
    };
    Ok(tuned(open(&choice)?))
}
