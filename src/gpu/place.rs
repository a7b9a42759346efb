//! Where a segment of a tensor, or a tape's scratch memory, lies.

use super::{Gpu, GpuError, buffer::create_buffer};

/// A buffer, of which the place may be a part.
#[derive(Debug)]
pub(super) struct Place {
    pub buffer: wgpu::Buffer,
    /// Where the place begins.
    pub offset: u64,
    /// The tensor that lies here.
    #[cfg(feature = "testing")]
    pub name: String,
    /// Bytes of the tensor, without the guards around it.
    #[cfg(feature = "testing")]
    pub bytes: u64,
}

impl Place {
    /// A zeroed place for some bytes, a multiple of 16.
    #[cfg(not(feature = "testing"))]
    pub fn allocate(gpu: &Gpu, name: &str, bytes: u64) -> Result<Self, GpuError> {
        Ok(Self { buffer: create_buffer(gpu, name, bytes, USAGE)?, offset: 0 })
    }

    /// A zeroed place for some bytes, a multiple of 16; with guards where the device is opened so.
    #[cfg(feature = "testing")]
    pub fn allocate(gpu: &Gpu, name: &str, bytes: u64) -> Result<Self, GpuError> {
        use super::guard;
        let guarded = gpu.limits().guarded;
        let offset = if guarded { guard::BYTES } else { 0 };
        let buffer = create_buffer(gpu, name, bytes + 2 * offset, USAGE)?;
        if guarded {
            guard::fill(gpu, &buffer, bytes);
        }
        Ok(Self { buffer, offset, name: name.to_string(), bytes })
    }

    /// What a kernel sees.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: &self.buffer, offset: self.offset, size: None })
    }
}

const USAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_DST).union(wgpu::BufferUsages::COPY_SRC);
