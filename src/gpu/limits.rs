//! What decides how tensors and grids are divided, and which kernels a device takes.

use super::{Matrices, Registers};

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
    /// Bytes that uniform bindings begin at multiples of.
    pub uniform_alignment: usize,
    /// Whether to take the kernels for adapters that run on a processor, where there are such.
    pub lanes: bool,
    /// How matrices are multiplied, where the device was opened for products of them.
    pub matrices: Option<Matrices>,
    /// How many sums of a product an invocation can hold.
    pub registers: Registers,
    /// The number of the tile of matrix products, where it is not chosen by their shapes.
    pub tile: Option<usize>,
    /// Whether shaders run without the checks of indices, divisors and loops that untrusted ones need.
    pub trusted: bool,
    /// Whether every tensor lies between guards, which are looked at after every run of a tape: for tests.
    #[cfg(feature = "testing")]
    pub guarded: bool,
}

impl Limits {
    pub(super) fn of(limits: &wgpu::Limits) -> Self {
        Self {
            binding_bytes: limits.max_storage_buffer_binding_size,
            buffer_bytes: limits.max_buffer_size,
            workgroups: limits.max_compute_workgroups_per_dimension,
            workgroup_bytes: limits.max_compute_workgroup_storage_size,
            invocations: limits.max_compute_invocations_per_workgroup,
            uniform_alignment: limits.min_uniform_buffer_offset_alignment as usize,
            lanes: false,
            matrices: None,
            registers: Registers::Any,
            tile: None,
            trusted: true,
            #[cfg(feature = "testing")]
            guarded: false,
        }
    }

    /// What every implementation of WebGPU allows.
    pub fn webgpu() -> Self {
        Self::of(&wgpu::Limits::defaults())
    }

    /// The largest piece of a tensor.
    pub const fn segment_bytes(&self) -> u64 {
        if self.binding_bytes < self.buffer_bytes { self.binding_bytes } else { self.buffer_bytes }
    }
}
