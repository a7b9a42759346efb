//! An opened device with its pipelines, which all sessions share.

use super::{
    AdapterInfo, Choice, GpuError, Kernel, Limits, MATRICES, Registers, adapter,
    fault::Fault,
    lock::lock,
    matrices,
    pipeline::{self, Constants, Modules, Pipeline},
    reports::Reports,
};
use crate::host::Precision;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Mutex},
};

type PipelineKey = (&'static str, &'static str, Vec<(&'static str, u64)>);

/// Features that are used where an adapter has them.
const WANTED: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::SUBGROUP);
/// Lanes of a subgroup that the kernels for processors are written for.
const LANES: u32 = 8;

/// An opened device. Sessions share its pipelines.
pub struct Gpu {
    choice: Choice,
    precision: Precision,
    info: AdapterInfo,
    limits: Limits,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    /// One submission at a time: wgpu 30 may panic when several threads submit at once (gfx-rs/wgpu#9958).
    pub(super) submission: Mutex<()>,
    pipelines: Mutex<HashMap<PipelineKey, Arc<Pipeline>>>,
    modules: Modules,
    /// The tiles that are preferred for some products.
    tiles: Mutex<BTreeMap<String, usize>>,
    reports: Arc<Reports>,
    /// The device that was opened when this one was found lost.
    successor: Mutex<Option<Arc<Gpu>>>,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpu({})", self.info)
    }
}

impl Drop for Gpu {
    /// Keeps a lost device for good: wgpu would wait for its queue, for ever or up to a panic.
    fn drop(&mut self) {
        if self.reports.reason().is_some() {
            std::mem::forget((self.device.clone(), self.queue.clone()));
        }
    }
}

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

    /// The adapter.
    pub fn info(&self) -> &AdapterInfo {
        &self.info
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The precision that the device was opened for.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The device itself, or where it was lost a newly opened one of the same adapter with the same limits: the same
    /// one for all who ask.
    ///
    /// # Errors
    /// [`GpuError::Lost`] where the same adapter is not there any more; those of [`Self::open`].
    pub fn renewed(self: &Arc<Self>) -> Result<Arc<Self>, GpuError> {
        let Some(reason) = self.reports.reason() else { return Ok(Arc::clone(self)) };
        // Whoever asks meanwhile waits for the same device.
        let mut successor = lock(&self.successor);
        let opened = match successor.take() {
            Some(successor) => successor.renewed()?,
            None => {
                let opened = self.again(|_| {})?;
                opened.prefer(self.tiles());
                opened
            }
        };
        if opened.info.to_string() != self.info.to_string() {
            return Err(GpuError::Lost(reason));
        }
        Ok(Arc::clone(successor.insert(opened)))
    }

    /// Opens a device of the same choice once more, with the same limits as far as `lower` leaves them; it prefers no
    /// tiles.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn again(&self, lower: impl FnOnce(&mut Limits)) -> Result<Arc<Self>, GpuError> {
        Self::open_for(&self.choice, self.precision(), |limits| {
            *limits = self.limits;
            lower(limits);
        })
    }

    /// Takes these tiles for the products of programs that are loaded from now on, in place of all before.
    pub fn prefer(&self, tiles: BTreeMap<String, usize>) {
        *lock(&self.tiles) = tiles;
    }

    /// The numbers of the tiles that are preferred, by product.
    pub(super) fn tiles(&self) -> BTreeMap<String, usize> {
        lock(&self.tiles).clone()
    }

    /// Shader and entry point of every pipeline that was made so far, in the order of their names.
    #[cfg(feature = "testing")]
    pub fn pipelines(&self) -> std::collections::BTreeSet<(&'static str, &'static str)> {
        lock(&self.pipelines).keys().map(|&(shader, entry, _)| (shader, entry)).collect()
    }

    /// An error that the device reported of this thread's calls since the last time, if there is one. A lost device
    /// stays lost.
    pub(super) fn check(&self) -> Result<(), GpuError> {
        let errors = self.reports.take();
        if !errors.refused.is_empty() {
            // A device that is lost refuses calls, and says why when it is next looked at. What that gives is below.
            let _ = self.poll(wgpu::PollType::Poll);
        }
        if let Some(loss) = self.reports.loss() {
            return Err(loss);
        }
        if errors.out_of_memory {
            return Err(GpuError::OutOfMemory { what: "a step".into() });
        }
        if errors.refused.is_empty() { Ok(()) } else { Err(GpuError::Validation(errors.refused.join("; "))) }
    }

    /// The error of a call that was refused. Another thread may have lost the device meanwhile, which says more.
    pub(super) fn refused(&self, error: impl fmt::Display) -> GpuError {
        self.check().err().unwrap_or_else(|| GpuError::Validation(error.to_string()))
    }

    /// Looks at the device, or waits for it; none where it did not finish in the time given.
    pub(super) fn poll(&self, how: wgpu::PollType) -> Result<Option<wgpu::PollStatus>, GpuError> {
        // wgpu panics where the driver loses the device meanwhile.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if Fault::Driver.strikes() {
                resume_unwind(Box::new("as a test asks for"));
            }
            self.device.poll(how)
        }));
        match polled {
            Ok(Ok(status)) => Ok(Some(status)),
            Ok(Err(wgpu::PollError::Timeout)) => Ok(None),
            // A lost device has refused the submission that is waited for.
            Ok(Err(error)) => Err(self.refused(error)),
            Err(_) => {
                let reason = "its driver broke off";
                self.give_up(reason);
                Err(self.refused(reason))
            }
        }
    }

    /// Counts the device as lost.
    pub(super) fn give_up(&self, reason: &str) {
        self.reports.lose(reason.into());
    }

    /// Loses the device, for tests.
    pub(super) fn lose(&self, reason: &str) {
        self.give_up(reason);
        self.device.destroy();
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
        let key = (&*kernel.shader.name, kernel.entry, bits);
        let mut pipelines = lock(&self.pipelines);
        if let Some(pipeline) = pipelines.get(&key) {
            return Ok(Arc::clone(pipeline));
        }
        let (shader, entry) = (&*kernel.shader.name, kernel.entry);
        let made =
            self.scoped(|| pipeline::create(&self.device, &self.modules, kernel, constants)).map_err(|caught| {
                match caught {
                    Caught::OutOfMemory => caught.of(&format!("the pipeline {shader}/{entry}")),
                    Caught::Message(message) => GpuError::Pipeline { layer: layer.to_string(), shader, entry, message },
                }
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
    /// The error of making something.
    pub fn of(self, what: &str) -> GpuError {
        match self {
            Caught::OutOfMemory => GpuError::OutOfMemory { what: what.to_string() },
            Caught::Message(message) => GpuError::Validation(format!("{what}: {message}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Barrier, thread};

    fn open() -> Arc<Gpu> {
        Gpu::open(&Choice::Noop).unwrap()
    }

    #[test]
    fn a_thread_receives_the_refusals_of_its_own_calls_only() {
        let gpu = open();
        let usage = wgpu::BufferUsages::COPY_DST;
        let descriptor = wgpu::BufferDescriptor { label: None, size: 16, usage, mapped_at_creation: false };
        let buffer = gpu.device.create_buffer(&descriptor);
        let (refused, looked) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                gpu.queue.write_buffer(&buffer, 0, &[0; 32]);
                // The main thread looks first, and after the refusal.
                refused.wait();
                looked.wait();
                (gpu.check(), gpu.check())
            });
            refused.wait();
            let main = gpu.check();
            looked.wait();
            assert!(main.is_ok(), "{main:?}");
            let (first, second) = other.join().unwrap();
            assert!(matches!(first, Err(GpuError::Validation(_))), "{first:?}");
            assert!(second.is_ok(), "{second:?}");
        });
    }

    #[test]
    fn only_the_thread_that_found_no_memory_for_a_step_receives_that_error_where_it_lost_the_device() {
        let gpu = open();
        let result = thread::scope(|scope| {
            let other = scope.spawn(|| {
                gpu.lose("Unknown: Out of memory");
                gpu.check()
            });
            other.join().unwrap()
        });
        assert!(matches!(result, Err(GpuError::OutOfMemory { .. })), "{result:?}");
        assert!(matches!(gpu.check(), Err(GpuError::LostBeside)), "{:?}", gpu.check());
    }

    #[test]
    fn threads_that_find_a_device_lost_at_once_go_on_with_the_same_new_one() {
        let gpu = open();
        assert!(Arc::ptr_eq(&gpu, &gpu.renewed().unwrap()));
        let renewed = || {
            let barrier = Barrier::new(4);
            let ask = || {
                barrier.wait();
                gpu.renewed().unwrap()
            };
            thread::scope(|scope| [(); 4].map(|()| scope.spawn(ask)).map(|asking| asking.join().unwrap()))
        };
        gpu.prefer(BTreeMap::from([("product".into(), 1)]));
        gpu.lose("as the test asks for");
        let first = renewed();
        assert!(first.iter().all(|gpu| Arc::ptr_eq(gpu, &first[0]) && gpu.check().is_ok()));
        assert_eq!(first[0].tiles().get("product"), Some(&1));
        first[0].lose("as the test asks for");
        let second = renewed();
        assert!(second.iter().all(|gpu| Arc::ptr_eq(gpu, &second[0]) && gpu.check().is_ok()));
    }
}
