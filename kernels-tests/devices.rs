//! The devices under test.

use strata::ops::Device;

/// Every device whose kernels are held against the reference.
pub fn devices() -> Vec<Device> {
    vec![Device::Cpu]
}
