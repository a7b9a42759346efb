//! The devices under test.

use strata::{
    gpu::{Choice, Gpu},
    ops::Device,
};

/// Every device whose kernels are checked against the reference: the native executor, and the WGSL kernels on the
/// software adapter. Without that adapter the tests fail and say what to install; they never pass unseen.
/// `STRATA_TEST_ADAPTER=NAME` names another adapter to run the kernels on, such as a real GPU.
pub fn devices() -> Vec<Device> {
    vec![Device::Cpu, guarded(true)]
}

/// The adapter under test with guards around every tensor: an out-of-bounds write is an error of the run. Without
/// `lanes` it takes the kernels for GPUs, also where it runs on a processor.
pub fn guarded(lanes: bool) -> Device {
    let choice = std::env::var("STRATA_TEST_ADAPTER").map_or(Choice::Software, Choice::Named);
    let opened = Gpu::open_limited(&choice, |limits| {
        limits.guarded = true;
        limits.lanes &= lanes;
    });
    match opened {
        Ok(gpu) => Device::Gpu(gpu),
        Err(error) => panic!("{error}"),
    }
}
