//! Error scopes: what wgpu refuses while something is made.

use super::GpuError;

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

/// Runs a creation with its errors caught: validation and internal ones as a message,
/// and whether memory ran out.
pub(super) fn scoped<T>(device: &wgpu::Device, create: impl FnOnce() -> T) -> Result<T, Caught> {
    let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
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
