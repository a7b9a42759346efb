//! A ring of read-backs: small tensors that are copied after a step and fetched some steps later, so that a training
//! loop need not wait for the device to know its losses.

use super::{Gpu, GpuError, buffer::create_buffer};
use std::{collections::VecDeque, sync::mpsc};

/// Read-backs under way at most; then the oldest is waited for.
pub(super) const SLOTS: usize = 8;

/// One read-back under way.
struct Slot {
    buffer: wgpu::Buffer,
    bytes: usize,
    submission: wgpu::SubmissionIndex,
    mapped: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

/// Read-backs in the order in which they were asked for.
#[derive(Default)]
pub(super) struct Ring {
    under_way: VecDeque<Slot>,
    free: Vec<wgpu::Buffer>,
}

impl Ring {
    /// A mapped buffer of at least so many bytes: one that is free, or a new one.
    pub fn buffer(&mut self, gpu: &Gpu, bytes: usize) -> Result<wgpu::Buffer, GpuError> {
        if let Some(fitting) = self.free.iter().position(|buffer| buffer.size() >= bytes as u64) {
            return Ok(self.free.swap_remove(fitting));
        }
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        create_buffer(gpu, "read-back", bytes.next_multiple_of(16) as u64, usage)
    }

    /// Adds a read-back whose copy has been submitted.
    pub fn push(&mut self, buffer: wgpu::Buffer, bytes: usize, submission: wgpu::SubmissionIndex) {
        let (sender, mapped) = mpsc::channel();
        // A result that nobody waits for any more may be dropped.
        buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| sender.send(result).unwrap_or(()));
        self.under_way.push_back(Slot { buffer, bytes, submission, mapped });
    }

    /// The submission of the oldest read-back, where the ring is full or all of them are wanted.
    pub fn awaited(&self, all: bool) -> Option<wgpu::SubmissionIndex> {
        let full = self.under_way.len() >= SLOTS;
        self.under_way.front().filter(|_| full || all).map(|slot| slot.submission.clone())
    }

    /// The bytes of the oldest read-back, if they have arrived.
    pub fn pop(&mut self, gpu: &Gpu) -> Result<Option<Vec<u8>>, GpuError> {
        let Some(Ok(mapped)) = self.under_way.front().map(|slot| slot.mapped.try_recv()) else { return Ok(None) };
        let Some(slot) = self.under_way.pop_front() else { return Ok(None) };
        mapped.map_err(|error| gpu.refused(error))?;
        let view = slot.buffer.slice(..).get_mapped_range();
        let bytes = view.map_err(|error| gpu.refused(error))?[..slot.bytes].to_vec();
        slot.buffer.unmap();
        self.free.push(slot.buffer);
        Ok(Some(bytes))
    }
}
