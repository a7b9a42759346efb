//! An opened device with its pipelines, which all sessions share.

use super::{
    AdapterInfo, Choice, GpuError, Kernel, adapter,
    pipeline::{self, Constants, Pipeline},
};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The limits that decide how tensors and grids are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one storage binding.
    pub binding_bytes: u64,
    /// Bytes of one buffer.
    pub buffer_bytes: u64,
    /// Workgroups a dimension of a grid.
    pub workgroups: u32,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    /// Invocations of a workgroup.
    pub invocations: u32,
    /// Whether to take the kernels for adapters that run on a processor, where there are such.
    pub lanes: bool,
    /// The number of the tile of matrix products, where it is not chosen by their shapes.
    pub tile: Option<usize>,
    /// Whether shaders run without the checks of indices, divisors and loops that untrusted ones need.
    pub trusted: bool,
}

impl Limits {
    pub(super) fn of(limits: &wgpu::Limits) -> Self {
        Self {
            binding_bytes: limits.max_storage_buffer_binding_size,
            buffer_bytes: limits.max_buffer_size,
            workgroups: limits.max_compute_workgroups_per_dimension,
            workgroup_bytes: limits.max_compute_workgroup_storage_size,
            invocations: limits.max_compute_invocations_per_workgroup,
            lanes: false,
            tile: None,
            trusted: true,
        }
    }

    /// The largest piece of a tensor.
    pub const fn segment_bytes(&self) -> u64 {
        if self.binding_bytes < self.buffer_bytes { self.binding_bytes } else { self.buffer_bytes }
    }
}

type PipelineKey = (&'static str, &'static str, Vec<(&'static str, u64)>);

/// What the device reports outside of any call.
#[derive(Default)]
struct Reports {
    lost: Mutex<Option<String>>,
    errors: Mutex<Vec<String>>,
}

/// Features that are used where an adapter has them.
const WANTED: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::SUBGROUP);
/// Lanes of a subgroup that the kernels for processors are written for.
const LANES: u32 = 8;

/// An opened device. Sessions share its pipelines.
pub struct Gpu {
    info: AdapterInfo,
    limits: Limits,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    /// One submission at a time: wgpu 30 may panic when several threads submit at once (gfx-rs/wgpu#9958).
    pub(super) submission: Mutex<()>,
    pipelines: Mutex<HashMap<PipelineKey, Arc<Pipeline>>>,
    pub(super) modules: Mutex<HashMap<&'static str, wgpu::ShaderModule>>,
    reports: Arc<Reports>,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpu({})", self.info)
    }
}

/// A lock whose content is whole even if another thread panicked while holding it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gpu {
    /// Opens a device with its adapter's own limits.
    pub fn open(choice: &Choice) -> Result<Arc<Self>, GpuError> {
        Self::open_limited(choice, |_| {})
    }

    /// Opens a device and lets `lower` reduce the limits by which tensors and grids are divided,
    /// so that a test can force a division on small tensors.
    pub fn open_limited(choice: &Choice, lower: impl FnOnce(&mut Limits)) -> Result<Arc<Self>, GpuError> {
        let adapter = adapter::choose(choice)?;
        let (info, available) = (adapter::describe(&adapter), adapter.limits());
        // WebGPU's defaults, or what a lesser adapter has; larger bindings where they are offered.
        let mut required = wgpu::Limits::defaults().or_worse_values_from(&available);
        required.max_storage_buffer_binding_size = available.max_storage_buffer_binding_size;
        required.max_buffer_size = available.max_buffer_size;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("strata"),
            required_features: adapter.features() & WANTED,
            required_limits: required.clone(),
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|e| GpuError::Refused { adapter: info.to_string(), message: e.to_string() })?;

        let reports = Arc::new(Reports::default());
        let lost = Arc::clone(&reports);
        device.set_device_lost_callback(move |reason, message| {
            *lock(&lost.lost) = Some(format!("{reason:?}: {message}"));
        });
        let errors = Arc::clone(&reports);
        // Without this handler wgpu panics on an error that no scope catches.
        device.on_uncaptured_error(Arc::new(move |error| lock(&errors.errors).push(error.to_string())));

        let mut limits = Limits::of(&required);
        let wgpu::AdapterInfo { subgroup_min_size, subgroup_max_size, .. } = adapter.get_info();
        limits.lanes = info.is_software
            && device.features().contains(wgpu::Features::SUBGROUP)
            && [subgroup_min_size, subgroup_max_size] == [LANES; 2];
        lower(&mut limits);
        Ok(Arc::new(Self {
            info,
            limits,
            device,
            queue,
            submission: Mutex::new(()),
            pipelines: Mutex::default(),
            modules: Mutex::default(),
            reports,
        }))
    }

    /// The adapter.
    pub fn info(&self) -> &AdapterInfo {
        &self.info
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// An error that the device reported since the last call, if there is one. A lost device stays lost.
    pub(super) fn check(&self) -> Result<(), GpuError> {
        if let Some(message) = lock(&self.reports.lost).clone() {
            return Err(GpuError::Lost(message));
        }
        let errors = std::mem::take(&mut *lock(&self.reports.errors));
        if errors.is_empty() { Ok(()) } else { Err(GpuError::Validation(errors.join("; "))) }
    }

    /// Runs a creation with its errors caught: validation and internal ones as a message,
    /// and whether memory ran out.
    pub(super) fn scoped<T>(&self, create: impl FnOnce() -> T) -> Result<T, Caught> {
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = self.device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let created = create();
        // Scopes are popped innermost first.
        let validation = pollster::block_on(validation.pop());
        let internal = pollster::block_on(internal.pop());
        let memory = pollster::block_on(memory.pop());
        match (memory, validation.or(internal)) {
            (Some(_), _) => Err(Caught::OutOfMemory),
            (None, Some(error)) => Err(Caught::Message(error.to_string())),
            (None, None) => Ok(created),
        }
    }

    /// The pipeline of a kernel, made at its first use on this device.
    pub(super) fn pipeline(
        &self,
        layer: &str,
        kernel: &'static Kernel,
        constants: Constants,
    ) -> Result<Arc<Pipeline>, GpuError> {
        let bits = constants.iter().map(|&(name, value)| (name, value.to_bits())).collect();
        let key = (kernel.shader.name, kernel.entry, bits);
        let mut pipelines = lock(&self.pipelines);
        if let Some(pipeline) = pipelines.get(&key) {
            return Ok(Arc::clone(pipeline));
        }
        let made = self.scoped(|| pipeline::create(self, kernel, constants)).map_err(|caught| GpuError::Pipeline {
            layer: layer.to_string(),
            shader: kernel.shader.name,
            entry: kernel.entry,
            message: caught.into_message(),
        })?;
        let made = Arc::new(made);
        pipelines.insert(key, Arc::clone(&made));
        Ok(made)
    }
}

/// What an error scope caught.
pub(super) enum Caught {
    OutOfMemory,
    Message(String),
}

impl Caught {
    pub fn into_message(self) -> String {
        match self {
            Caught::OutOfMemory => "out of memory".into(),
            Caught::Message(message) => message,
        }
    }

    /// The error of an allocation.
    pub fn allocation(self, what: &str, bytes: u64) -> GpuError {
        match self {
            Caught::OutOfMemory => GpuError::OutOfMemory { what: what.to_string(), bytes },
            Caught::Message(message) => GpuError::Validation(format!("{what}, {bytes} bytes: {message}")),
        }
    }
}
