//! The devices under test.

use strata::{
    gpu::{Choice, Gpu},
    ops::Device,
};

/// Every device whose kernels are held against the reference: the native executor, and the WGSL kernels on the
/// software adapter. Without that adapter the tests fail and say what to install; they never pass unseen.
/// `STRATA_TEST_ADAPTER=NAME` names another adapter to run the kernels on, such as a real GPU.
pub fn devices() -> Vec<Device> {
    let choice = std::env::var("STRATA_TEST_ADAPTER").map_or(Choice::Software, Choice::Named);
    match Gpu::open(&choice) {
        Ok(gpu) => vec![Device::Cpu, Device::Gpu(gpu)],
        Err(error) => panic!("{error}"),
    }
}
