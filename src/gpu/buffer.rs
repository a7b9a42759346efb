//! Making a buffer.

use super::{Gpu, GpuError, fault::Fault, scope::scoped};

/// A buffer of a device.
///
/// # Errors
/// A device without memory for it, with the buffer's name and size.
pub(super) fn create_buffer(
    gpu: &Gpu,
    name: &str,
    size: u64,
    usage: wgpu::BufferUsages,
) -> Result<wgpu::Buffer, GpuError> {
    let descriptor = wgpu::BufferDescriptor { label: Some(name), size, usage, mapped_at_creation: false };
    let what = || format!("{name}, {size} bytes");
    if Fault::OutOfMemory.strikes() {
        return Err(GpuError::OutOfMemory { what: what() });
    }
    scoped(&gpu.device, || gpu.device.create_buffer(&descriptor)).map_err(|caught| caught.of(&what()))
}
