//! Tensors on the device: one or more buffers each, all made at once and never later.

use super::{Gpu, GpuError, place::Place};
use std::sync::Arc;

/// A tensor as the device sees it: rows of bytes along its leading axis, divided into segments.
#[derive(Clone, Debug)]
pub struct TensorSpec {
    /// The name, for messages.
    pub name: String,
    /// Rows along the leading axis: images, or input rows of a kernel.
    pub rows: usize,
    /// Bytes a row.
    pub row_bytes: usize,
    /// Rows in every segment but the last.
    pub rows_per_segment: usize,
    /// The number of the storage that it shares with tensors of other times, if it does; all of these are divided at
    /// the same rows.
    pub storage: Option<usize>,
}

impl TensorSpec {
    /// A tensor in one piece.
    pub fn whole(name: &str, rows: usize, row_bytes: usize) -> Self {
        Self { name: name.to_string(), rows, row_bytes, rows_per_segment: rows.max(1), storage: None }
    }

    /// The number of segments.
    pub fn segments(&self) -> usize {
        self.rows.div_ceil(self.rows_per_segment).max(1)
    }

    /// The segment of a number.
    pub(super) fn part(&self, tensor: usize, segment: usize) -> Part {
        let first = segment * self.rows_per_segment;
        Part { tensor, segment, first, rows: self.rows_per_segment.min(self.rows - first) }
    }
}

/// One segment of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The tensor's number.
    pub tensor: usize,
    /// The segment's number.
    pub segment: usize,
    /// Its first row.
    pub first: usize,
    /// Its rows.
    pub rows: usize,
}

/// All tensors of a session.
#[derive(Debug)]
pub(super) struct Memory {
    pub specs: Vec<TensorSpec>,
    /// Those of tensors that share a storage are the same.
    places: Vec<Vec<Arc<Place>>>,
}

/// Buffers are read and written in units of 16 bytes by the kernels, and of 4 by copies.
fn buffer_bytes(bytes: usize) -> u64 {
    bytes.next_multiple_of(16).max(16) as u64
}

impl Memory {
    /// Allocates every tensor; the device gives them zeroed.
    pub fn allocate(gpu: &Gpu, specs: Vec<TensorSpec>) -> Result<Self, GpuError> {
        let mut places: Vec<Vec<Arc<Place>>> = Vec::with_capacity(specs.len());
        for (tensor, spec) in specs.iter().enumerate() {
            let sharing = |other: &&TensorSpec| spec.storage.is_some() && other.storage == spec.storage;
            if let Some(first) = specs[..tensor].iter().position(|other| sharing(&other)) {
                places.push(places[first].clone());
                continue;
            }
            // A shared storage is as large as the largest of its tensors.
            let row_bytes = specs.iter().filter(sharing).map(|other| other.row_bytes).max().unwrap_or(spec.row_bytes);
            let parts = (0..spec.segments()).map(|segment| {
                let part = spec.part(tensor, segment);
                let size = buffer_bytes(part.rows * row_bytes);
                let allowed = gpu.limits().segment_bytes();
                if size > allowed {
                    return Err(GpuError::Limit {
                        layer: "-".into(),
                        tensor: spec.name.clone(),
                        limit: "maxStorageBufferBindingSize",
                        needed: size,
                        allowed,
                    });
                }
                Place::allocate(gpu, &spec.name, size).map(Arc::new)
            });
            places.push(parts.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Self { specs, places })
    }

    /// Where a segment lies.
    pub fn place(&self, tensor: usize, segment: usize) -> &Place {
        &self.places[tensor][segment]
    }

    /// Where all segments of all tensors lie, a shared storage once.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        let first = |tensor: usize| {
            let storage = self.specs[tensor].storage;
            storage.is_none() || !self.specs[..tensor].iter().any(|other| other.storage == storage)
        };
        let own = self.places.iter().enumerate().filter(move |(tensor, _)| first(*tensor));
        own.flat_map(|(_, places)| places).map(Arc::as_ref)
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
