//! What can go wrong on a gpu. Nothing in this room panics because of a device.

use thiserror::Error;

/// An error of the gpu executor.
#[derive(Clone, Debug, Error)]
pub enum GpuError {
    /// No adapter of the wanted kind.
    #[error("no {wanted} found; {remedy}")]
    NoAdapter {
        /// The kind.
        wanted: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
    /// No adapter of that name.
    #[error("no adapter's name contains `{name}`; there are: {available}")]
    NotFound {
        /// The name asked for.
        name: String,
        /// The names of the adapters found.
        available: String,
    },
    /// No adapter of that number.
    #[error("there is no {kind} number {index}; there are: {available}")]
    NoIndex {
        /// The number asked for.
        index: usize,
        /// What was counted.
        kind: &'static str,
        /// The names of the adapters found.
        available: String,
    },
    /// A name that several adapters have.
    #[error("`{name}` could be any of these adapters: {several}; choose one by its number")]
    Ambiguous {
        /// The name asked for.
        name: String,
        /// The numbers and names of those that it fits.
        several: String,
    },
    /// The adapter gave no device.
    #[error("adapter {adapter} opens no device: {message}")]
    Refused {
        /// The adapter.
        adapter: String,
        /// What it said.
        message: String,
    },
    /// The adapter cannot multiply matrices as a precision needs.
    #[error(
        "{asked} precision needs products of f16 matrices with f32 sums, {needed}, and {bytes} KiB of workgroup \
         memory; {adapter} offers {offered}; use `--precision f32`"
    )]
    Precision {
        /// The precision.
        asked: &'static str,
        /// The adapter.
        adapter: String,
        /// The matrices that would do.
        needed: String,
        /// KiB of workgroup memory that are needed.
        bytes: u32,
        /// What there is.
        offered: String,
    },
    /// Something is larger than the device allows, and cannot be split.
    #[error(
        "layer {layer}, tensor {tensor}: {needed} bytes are needed in one piece, but the device's {limit} is \
         {allowed}; use a smaller batch or layer, or `--device cpu`"
    )]
    Limit {
        /// The layer, or `-` where the tensor belongs to none.
        layer: String,
        /// The tensor.
        tensor: String,
        /// The limit's name in WebGPU.
        limit: &'static str,
        /// What is needed.
        needed: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// A dispatch needs more workgroups than the device allows in two dimensions.
    #[error("layer {layer}: {needed} workgroups are needed, {allowed} are allowed; use a smaller batch")]
    Workgroups {
        /// The layer.
        layer: String,
        /// What is needed.
        needed: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// The driver or the validation refused a pipeline.
    #[error(
        "layer {layer}: the device refuses the pipeline {shader}/{entry}: {message}; update its driver, or use \
         `--device cpu`"
    )]
    Pipeline {
        /// The layer that asked for it.
        layer: String,
        /// The shader's stem.
        shader: &'static str,
        /// The entry point.
        entry: &'static str,
        /// What the device said.
        message: String,
    },
    /// The device has no memory left.
    #[error(
        "out of device memory: no place for {what}; use a smaller batch, compute it in more parts \
         (`solver.batch_parts`, `--batch-parts`), train fewer networks side by side (`--jobs`), or use `--device cpu`"
    )]
    OutOfMemory {
        /// What was to be made or run, with its size where that is known.
        what: String,
    },
    /// The device is gone: driver crash, reset, unplugged.
    #[error("the device was lost: {0}; start again to resume from the last checkpoint")]
    Lost(String),
    /// A session of another thread found no memory for a step, by which the device was lost for all.
    #[error("the device was lost: a network beside this one found no memory; use fewer side by side (`--jobs`)")]
    LostBeside,
    /// The device did not finish in time.
    #[error("the device did not finish {what} within {seconds} s; start again to resume from the last checkpoint")]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
    },
    /// A guard beside a tensor is not what it was, see [`super::Limits::guarded`].
    #[error("tensor {tensor}: an out-of-bounds write {side} it (a defect of strata; please report it)")]
    #[cfg(feature = "testing")]
    OutOfBoundsWrite {
        /// The tensor.
        tensor: String,
        /// On which side: `before` or `after`.
        side: &'static str,
    },
    /// A call was refused: a mistake in this program, not in its input.
    #[error("the device refuses a call (a defect of strata; please report it): {0}")]
    Validation(String),
}
