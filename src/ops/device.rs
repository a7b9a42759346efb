//! Where programs run.

use super::OpsError;
use crate::{
    gpu::Gpu,
    host::{Layout, Precision},
};
use std::sync::Arc;

/// The order of the native executor's sums. It grows when they change, so that a run directory of before is refused
/// instead of mixed.
const NUMERICS: u32 = 2;

/// Where programs run.
#[derive(Clone, Debug)]
pub enum Device {
    /// The native executor in `f32`.
    Cpu,
    /// The native executor in `f64`: what the others are held against.
    Reference,
    /// The gpu executor on an opened adapter.
    Gpu(Arc<Gpu>),
}

impl Device {
    /// The device in words, as it is printed and recorded with every run.
    pub fn describe(&self) -> String {
        match self {
            Device::Cpu => "cpu (native, f32)".into(),
            Device::Reference => "cpu (f64 reference)".into(),
            Device::Gpu(gpu) => match gpu.precision() {
                Precision::F32 => format!("gpu ({})", gpu.info()),
                other => format!("gpu ({}), {} precision", gpu.info(), other.name()),
            },
        }
    }

    /// The precision that the device was opened for.
    pub fn precision(&self) -> Precision {
        match self {
            Device::Cpu | Device::Reference => Precision::F32,
            Device::Gpu(gpu) => gpu.precision(),
        }
    }

    /// Refuses a precision that the device does not compute in: each computes in `f32`, too.
    ///
    /// # Errors
    /// [`OpsError::Precision`].
    pub fn expect(&self, asked: Precision) -> Result<(), OpsError> {
        if asked == Precision::F32 || asked == self.precision() {
            return Ok(());
        }
        Err(OpsError::Precision { device: self.describe(), asked: asked.name() })
    }

    /// The kind of device without what may change between two runs, such as its threads:
    /// results are the same bits on two devices of the same identity.
    pub fn identity(&self) -> String {
        match self {
            Device::Cpu => format!("cpu f32, numerics {NUMERICS}"),
            Device::Reference => "cpu f64".into(),
            Device::Gpu(gpu) => match gpu.precision() {
                Precision::F32 => format!("gpu {}", gpu.info()),
                other => format!("gpu {} {}", gpu.info(), other.name()),
            },
        }
    }

    /// The version of the order in which the device adds, where strata decides it alone.
    pub const fn numerics(&self) -> Option<u32> {
        match self {
            Device::Cpu => Some(NUMERICS),
            Device::Reference | Device::Gpu(_) => None,
        }
    }

    /// The inner layout of the device's tensors.
    pub fn layout(&self) -> Layout {
        match self {
            Device::Cpu | Device::Reference => Layout::NATIVE,
            Device::Gpu(_) => Layout::VEC4,
        }
    }

    /// The device itself, or where it was lost a newly opened one of the same adapter.
    ///
    /// # Errors
    /// The adapter is not there any more, or gives no device.
    pub fn renewed(&self) -> Result<Self, OpsError> {
        Ok(match self {
            Device::Gpu(gpu) => Device::Gpu(gpu.renewed()?),
            other => other.clone(),
        })
    }

    /// How many networks of a plan are best trained side by side on the device.
    pub fn jobs(&self) -> usize {
        match self {
            Device::Cpu | Device::Reference => rayon::current_num_threads(),
            Device::Gpu(_) => 1,
        }
    }
}
