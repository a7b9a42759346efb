//! An opened device with its pipelines, which all sessions share.

mod errors;
mod open;

use super::{
    AdapterInfo, Choice, GpuError, Kernel, Limits,
    lock::lock,
    pipeline::{self, Constants, Modules, Pipeline},
    reports::Reports,
    scope::{Caught, scoped},
};
use crate::host::Precision;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex},
};

type PipelineKey = (&'static str, &'static str, Vec<(&'static str, u64)>);

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
        let made = scoped(&self.device, || pipeline::create(&self.device, &self.modules, kernel, constants)).map_err(
            |caught| match caught {
                Caught::OutOfMemory => caught.of(&format!("the pipeline {shader}/{entry}")),
                Caught::Message(message) => GpuError::Pipeline { layer: layer.to_string(), shader, entry, message },
            },
        )?;
        let made = Arc::new(made);
        pipelines.insert(key, Arc::clone(&made));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Barrier, thread};

    #[test]
    fn threads_that_find_a_device_lost_at_once_go_on_with_the_same_new_one() {
        let gpu = Gpu::open(&Choice::Noop).unwrap();
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
