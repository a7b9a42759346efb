//! Guards: known words before and after every tensor, for tests. An out-of-bounds write changes them, and a value
//! that is read from them is a NaN.
//!
//! The guard after a tensor is a part of what a kernel sees. Without bounds checks nothing else keeps an index that is
//! too large from a neighbour's memory; but a driver may drop a write past a binding's end, so that a guard out of
//! a kernel's reach would say nothing. The guard before it is out of reach, for copies and for drivers that drop
//! nothing.

use super::{Gpu, GpuError};

/// A quiet NaN as a real number, and no label, place or rank as a word.
const WORD: u32 = 0x7fed_c0de;

/// Bytes of a guard: a multiple of every alignment of bindings that an adapter may ask for (256 at most).
pub(super) const BYTES: u64 = 1024;

/// Where the guards around some bytes begin in their buffer.
const fn around(bytes: u64) -> [u64; 2] {
    [0, BYTES + bytes]
}

/// Writes the guards around some bytes of a new buffer.
pub(super) fn fill(gpu: &Gpu, buffer: &wgpu::Buffer, bytes: u64) {
    for at in around(bytes) {
        gpu.queue.write_buffer(buffer, at, bytemuck::cast_slice(&[WORD; BYTES as usize / 4]));
    }
}

/// Bytes that [`copy`] needs for the guards of some buffers.
pub(super) const fn bytes_of(buffers: usize) -> u64 {
    2 * BYTES * buffers as u64
}

/// Copies all guards, each pair around some bytes of a buffer, into one buffer, one after the other.
pub(super) fn copy<'a>(
    encoder: &mut wgpu::CommandEncoder,
    buffers: impl Iterator<Item = (&'a wgpu::Buffer, u64)>,
    to: &wgpu::Buffer,
) {
    let guards = buffers.flat_map(|(buffer, bytes)| around(bytes).map(|at| (buffer, at)));
    for (end, (buffer, at)) in guards.enumerate() {
        encoder.copy_buffer_to_buffer(buffer, at, to, end as u64 * BYTES, BYTES);
    }
}

/// Fails with the first tensor of which a guard, as [`copy`] has left them, is not what it was.
pub(super) fn check<'a>(tensors: impl Iterator<Item = &'a str>, copied: &[u8]) -> Result<(), GpuError> {
    let all = tensors.flat_map(|tensor| ["before", "after"].map(|side| (tensor, side)));
    for ((tensor, side), words) in all.zip(copied.chunks(BYTES as usize)) {
        if words.chunks(4).any(|word| word != WORD.to_ne_bytes()) {
            return Err(GpuError::OutOfBoundsWrite { tensor: tensor.to_string(), side });
        }
    }
    Ok(())
}
