//! Opening a device: the features and limits that are asked of its adapter.

use super::Gpu;
use crate::{
    gpu::{
        Choice, GpuError, Limits, MATRICES, Registers, adapter, matrices,
        pipeline::{self, Modules},
        reports::Reports,
    },
    host::Precision,
};
use std::sync::{Arc, Mutex};

/// Features that are used where an adapter has them.
const WANTED: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::SUBGROUP);
/// Lanes of a subgroup that the kernels for processors are written for.
const LANES: u32 = 8;

impl Gpu {
    /// Opens a device with its adapter's own limits.
    pub fn open(choice: &Choice) -> Result<Arc<Self>, GpuError> {
        Self::open_limited(choice, |_| {})
    }

    /// Opens a device and lets `lower` reduce the limits by which tensors and grids are divided,
    /// so that a test can force a division on small tensors.
    pub fn open_limited(choice: &Choice, lower: impl FnOnce(&mut Limits)) -> Result<Arc<Self>, GpuError> {
        Self::open_for(choice, Precision::F32, lower)
    }

    /// Opens a device as [`Self::open_limited`] does, for programs of a precision. Each runs those in `f32`, too.
    ///
    /// # Errors
    /// [`GpuError::Precision`] where the adapter does not offer the matrices that the precision needs.
    pub fn open_for(
        choice: &Choice,
        precision: Precision,
        lower: impl FnOnce(&mut Limits),
    ) -> Result<Arc<Self>, GpuError> {
        let adapter = adapter::choose(choice)?;
        let (info, available) = (adapter::describe(&adapter), adapter.limits());
        let of_matrices = !precision.is_f32();
        if of_matrices && info.matrices.is_none() {
            return Err(GpuError::Precision {
                asked: precision.name(),
                adapter: info.to_string(),
                needed: MATRICES.map(|way| way.to_string()).join(" or "),
                bytes: matrices::WORKGROUP_BYTES >> 10,
                offered: matrices::offered(&adapter),
            });
        }
        // WebGPU's defaults, or what a lesser adapter has; larger bindings where they are offered.
        let mut required = wgpu::Limits::defaults().or_worse_values_from(&available);
        required.max_storage_buffer_binding_size = available.max_storage_buffer_binding_size;
        required.max_buffer_size = available.max_buffer_size;
        let (mut features, mut experimental) = (adapter.features() & WANTED, wgpu::ExperimentalFeatures::disabled());
        if of_matrices {
            required.max_compute_workgroup_storage_size = matrices::WORKGROUP_BYTES;
            features |= matrices::NEEDED;
            experimental = pipeline::experimental();
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("strata"),
            required_features: features,
            experimental_features: experimental,
            required_limits: required.clone(),
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|e| GpuError::Refused { adapter: info.to_string(), message: e.to_string() })?;

        let reports = Arc::new(Reports::default());
        let lost = Arc::clone(&reports);
        device.set_device_lost_callback(move |reason, message| lost.lose(format!("{reason:?}: {message}")));
        let errors = Arc::clone(&reports);
        // Without this handler wgpu panics on an error that no scope catches.
        device.on_uncaptured_error(Arc::new(move |error| errors.keep(&error)));

        let mut limits = Limits::of(&required);
        let described = adapter.get_info();
        limits.registers = Registers::of(&described);
        let wgpu::AdapterInfo { subgroup_min_size, subgroup_max_size, .. } = described;
        limits.matrices = info.matrices.filter(|_| of_matrices);
        limits.lanes = info.is_software
            && !of_matrices
            && device.features().contains(wgpu::Features::SUBGROUP)
            && [subgroup_min_size, subgroup_max_size] == [LANES; 2];
        lower(&mut limits);
        Ok(Arc::new(Self {
            choice: choice.clone(),
            precision,
            info,
            modules: Modules::new(limits.trusted),
            limits,
            device,
            queue,
            submission: Mutex::new(()),
            pipelines: Mutex::default(),
            tiles: Mutex::default(),
            reports,
            successor: Mutex::default(),
        }))
    }
}
