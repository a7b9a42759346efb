//! What a device does at most, measured: the measure that operations are held against.

use super::{Device, OpsError};
use crate::{cpu, gpu};

/// The most that a device does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Multiplications and additions on registers in single precision, 10^9 per second.
    pub gflops: f64,
    /// Bytes between memory and registers, read and written ones together, 10^9 per second.
    pub gigabytes_per_second: f64,
}

impl Peak {
    /// Measures a device; takes about a second.
    pub fn measure(device: &Device) -> Result<Self, OpsError> {
        let (multiply_adds, bytes) = match device {
            Device::Cpu | Device::Reference => (cpu::peak::multiply_adds_per_second(), cpu::peak::bytes_per_second()),
            Device::Gpu(gpu) => (gpu::peak::multiply_adds_per_second(gpu)?, gpu::peak::bytes_per_second(gpu)?),
        };
        Ok(Self { gflops: 2e-9 * multiply_adds, gigabytes_per_second: 1e-9 * bytes })
    }

    /// The most GFLOP/s at `intensity` floating-point operations a byte: the roofline.
    pub fn at(&self, intensity: f64) -> f64 {
        self.gflops.min(intensity * self.gigabytes_per_second)
    }
}
