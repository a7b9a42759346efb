//! The gpu executor: adapter, buffers, pipelines and recorded passes on wgpu. The only room that names wgpu.
//!
//! A [`Session`] holds the tensors of one program and its tapes. Everything that a step needs (buffers,
//! pipelines, bind groups, constants) is made when the session is made; a step records one compute pass
//! over them and submits once. What is made is planned before, by limits and sizes alone ([`Arrangement`],
//! [`TapePlan`]), so that it can be planned for devices that are elsewhere. A tensor larger than a binding may
//! be lies in several buffers, its segments.
//! What the tensors and kernels mean is the business of the room above; this one knows sizes and bindings.

mod adapter;
mod arrangement;
mod buffer;
mod clock;
mod compile;
mod device;
mod error;
mod fault;
#[cfg(feature = "testing")]
mod guard;
mod kernel;
mod limits;
mod lock;
mod matrices;
mod memory;
pub mod peak;
mod pipeline;
mod place;
mod recorder;
mod registers;
mod reports;
mod ring;
mod scope;
mod session;
mod tape;
mod tensor;
mod unroll;

pub use adapter::{AdapterInfo, Choice, adapters};
pub use arrangement::{Arrangement, BufferSpec};
pub use device::Gpu;
pub use error::GpuError;
pub(crate) use kernel::parameters;
pub use kernel::{Access, Field, Kernel, Module, Parameters, Shader, Table};
pub use limits::Limits;
pub use matrices::{MATRICES, Matrices};
pub use pipeline::Constants;
pub use recorder::{Binding, Bound, Dispatch, Recorder, TapePlan, read, read_write, write};
pub use registers::Registers;
pub use session::{Session, StepValues};
pub use tensor::{Part, TensorSpec};
