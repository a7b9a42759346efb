//! Where a program's tensors lie on a gpu: in one buffer each, or divided where one binding cannot hold them.

use super::{Element, Program, TensorShape, program::Tensor, storage};
use crate::{
    gpu::{GpuError, Limits, TensorSpec},
    host::Layout,
};

/// Segments of a batch begin at multiples of this many images, so that no run of a sum over images is divided:
/// the bits of a result do not depend on the division.
const IMAGE_ALIGNMENT: usize = 32;
/// Segments of a kernel begin at multiples of this many input rows: a run of a dense layer's sum.
const KERNEL_ALIGNMENT: usize = 256;

/// Bytes of one row of a tensor along its leading axis, and the number of rows.
fn rows_of(tensor: &Tensor) -> (usize, usize) {
    let layout = Layout::VEC4;
    let size = if tensor.element == Element::Byte { 1 } else { 4 };
    match tensor.shape {
        TensorShape::Activation(d) => (d.n, d.h * d.w * layout.padded(d.c) * size),
        TensorShape::Kernel { dims: [k, c, r, s], groups } => {
            (r * s * layout.kernel_channels(c, groups), layout.padded(k) * size)
        }
        TensorShape::Channels(channels) => (1, layout.padded(channels) * size),
        TensorShape::Rows { rows, width } => (rows, width * size),
    }
}

/// Whether a tensor's leading axis is the batch.
fn by_images(tensor: &Tensor, batch: usize) -> bool {
    match tensor.shape {
        TensorShape::Activation(_) => true,
        TensorShape::Rows { rows, .. } => rows == batch,
        TensorShape::Kernel { .. } | TensorShape::Channels(_) => false,
    }
}

/// The most rows that fit, rounded down to a multiple of the alignment, or to a power of two below it.
fn aligned(rows: usize, alignment: usize) -> usize {
    if rows >= alignment { rows / alignment * alignment } else { 1 << rows.max(1).ilog2() }
}

/// Divides the tensors of a program. All tensors of a batch are divided at the same images.
pub fn place(program: &Program, limits: &Limits) -> Result<Vec<TensorSpec>, GpuError> {
    let most = limits.segment_bytes() as usize;
    let batch = program.tensors.iter().filter_map(|tensor| match tensor.shape {
        TensorShape::Activation(dims) => Some(dims.n),
        _ => None,
    });
    let batch = batch.max().unwrap_or(0);
    let mut images = batch;
    for tensor in program.tensors.iter().filter(|tensor| by_images(tensor, batch)) {
        let (rows, row_bytes) = rows_of(tensor);
        // A buffer's size is a multiple of 16 bytes.
        let fit = most.saturating_sub(15) / row_bytes.max(1);
        if fit < rows.min(images) {
            images = aligned(fit, IMAGE_ALIGNMENT);
        }
    }
    let place = |tensor: &Tensor| {
        let (rows, row_bytes) = rows_of(tensor);
        let mut spec = TensorSpec::whole(&tensor.name, rows, row_bytes);
        if by_images(tensor, batch) {
            spec.rows_per_segment = images.clamp(1, rows.max(1));
        } else if matches!(tensor.shape, TensorShape::Kernel { .. }) && rows * row_bytes > most {
            spec.rows_per_segment = aligned(most / row_bytes.max(1), KERNEL_ALIGNMENT);
        }
        spec
    };
    let storages = storage::plan(program, Layout::VEC4);
    Ok(program.tensors.iter().zip(storages).map(|(tensor, storage)| TensorSpec { storage, ..place(tensor) }).collect())
}
