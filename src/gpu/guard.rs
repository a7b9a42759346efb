//! Guards: known words before and after every tensor, for tests. An out-of-bounds write changes them, and a value
//! that is read from them is a NaN.
//!
//! The guard after a tensor is a part of what a kernel sees. Without bounds checks nothing else keeps an index that is
//! too large from a neighbour's memory; but a driver may drop a write past a binding's end, so that a guard out of
//! a kernel's reach would say nothing. The guard before it is out of reach, for copies and for drivers that drop nothing.

use super::{Gpu, GpuError, buffer::create_buffer};

/// A quiet NaN as a real number, and no label, place or rank as a word.
const WORD: u32 = 0x7fed_c0de;

/// Bytes of a guard: a multiple of every alignment of bindings that an adapter may ask for (256 at most).
pub(super) const BYTES: u64 = 1024;

/// The place of a segment, or of a tape's scratch memory: a buffer, of which it may be a part.
#[derive(Debug)]
pub(super) struct Place {
    pub buffer: wgpu::Buffer,
    /// The tensor that lies here.
    name: String,
    /// Where it begins.
    pub offset: u64,
    /// Its bytes.
    bytes: u64,
}

impl Place {
    /// A zeroed place for some bytes, a multiple of 16; with guards where the device is opened so.
    pub fn allocate(gpu: &Gpu, name: &str, bytes: u64) -> Result<Self, GpuError> {
        let offset = if gpu.limits().guarded { BYTES } else { 0 };
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let buffer = create_buffer(gpu, name, bytes + 2 * offset, usage)?;
        let place = Self { buffer, name: name.to_string(), offset, bytes };
        for (at, _) in place.guards() {
            gpu.queue.write_buffer(&place.buffer, at, bytemuck::cast_slice(&[WORD; BYTES as usize / 4]));
        }
        Ok(place)
    }

    /// What a kernel sees.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: &self.buffer, offset: self.offset, size: None })
    }

    /// Where the guards begin, and on which side each is.
    fn guards(&self) -> impl Iterator<Item = (u64, &'static str)> {
        let guards = [(0, "before"), (self.offset + self.bytes, "after")];
        guards.into_iter().filter(|_| self.offset > 0)
    }
}

/// Bytes that [`copy`] needs for the guards of some places.
pub(super) const fn bytes_of(places: usize) -> u64 {
    2 * BYTES * places as u64
}

/// Copies all guards into a buffer, one after the other.
pub(super) fn copy<'a>(encoder: &mut wgpu::CommandEncoder, places: impl Iterator<Item = &'a Place>, to: &wgpu::Buffer) {
    let mut end = 0;
    for place in places {
        for (at, _) in place.guards() {
            encoder.copy_buffer_to_buffer(&place.buffer, at, to, end, BYTES);
            end += BYTES;
        }
    }
}

/// Fails with the first tensor of which a guard, as [`copy`] has left them, is not what it was.
pub(super) fn check<'a>(places: impl Iterator<Item = &'a Place>, copied: &[u8]) -> Result<(), GpuError> {
    let guards = places.flat_map(|place| place.guards().map(|(_, side)| (&place.name, side)));
    for ((tensor, place), words) in guards.zip(copied.chunks(BYTES as usize)) {
        if words.chunks(4).any(|word| word != WORD.to_ne_bytes()) {
            return Err(GpuError::Astray { tensor: tensor.clone(), place });
        }
    }
    Ok(())
}
