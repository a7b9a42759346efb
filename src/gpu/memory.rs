//! Tensors on the device: one or more buffers each, all made at once and never later.

use super::{Gpu, GpuError, arrangement::Arrangement, place::Place, tensor::TensorSpec};

/// All tensors of a session.
#[derive(Debug)]
pub(super) struct Memory {
    pub specs: Vec<TensorSpec>,
    arrangement: Arrangement,
    /// One for each of the arrangement's buffers.
    places: Vec<Place>,
}

impl Memory {
    /// Allocates every tensor; the device gives them zeroed.
    pub fn allocate(gpu: &Gpu, specs: Vec<TensorSpec>) -> Result<Self, GpuError> {
        let arrangement = Arrangement::of(&specs, gpu.limits())?;
        let places = arrangement.buffers.iter().map(|buffer| Place::allocate(gpu, &buffer.name, buffer.bytes));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { specs, arrangement, places })
    }

    /// Where a segment lies.
    pub fn place(&self, tensor: usize, segment: usize) -> &Place {
        &self.places[self.arrangement.places[tensor][segment]]
    }

    /// Where all segments of all tensors lie, a shared storage once.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }

    /// The pieces of a byte range of a whole tensor: segment, offset in it, and range in the whole.
    pub fn pieces(&self, tensor: usize, bytes: usize) -> Vec<(usize, std::ops::Range<usize>)> {
        let spec = &self.specs[tensor];
        let step = spec.rows_per_segment * spec.row_bytes;
        let segments = (0..spec.segments()).map(|segment| (segment, segment * step..bytes.min((segment + 1) * step)));
        segments.filter(|(_, range)| !range.is_empty()).collect()
    }

    /// Bytes on the device.
    pub fn bytes(&self) -> u64 {
        self.places().map(|place| place.buffer.size()).sum()
    }
}
