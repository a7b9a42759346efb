//! The device's own clock: two timestamps a pass.

use super::{Gpu, GpuError, buffer::create_buffer, scope::scoped};

/// Timestamps at the beginning and the end of the passes of one submission.
#[derive(Debug)]
pub(super) struct Clock {
    queries: wgpu::QuerySet,
    passes: usize,
    taken: Vec<bool>,
    /// The timestamps, once resolved: two words of 64 bits a pass.
    pub ticks: wgpu::Buffer,
    seconds_a_tick: f64,
}

impl Clock {
    /// A clock for some passes; none where the device has no timestamps.
    pub fn new(gpu: &Gpu, passes: usize) -> Result<Option<Self>, GpuError> {
        if !gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) || passes == 0 {
            return Ok(None);
        }
        let count = 2 * passes as u32;
        let descriptor = wgpu::QuerySetDescriptor { label: Some("clock"), ty: wgpu::QueryType::Timestamp, count };
        let queries = scoped(&gpu.device, || gpu.device.create_query_set(&descriptor));
        let queries = queries.map_err(|caught| caught.of("timestamps"))?;
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let ticks = create_buffer(gpu, "timestamps", 16 * passes as u64, usage)?;
        let seconds_a_tick = 1e-9 * f64::from(gpu.queue.get_timestamp_period());
        Ok(Some(Self { queries, passes, taken: vec![false; passes], ticks, seconds_a_tick }))
    }

    /// What a pass writes.
    pub fn pass(&mut self, number: usize) -> wgpu::ComputePassTimestampWrites<'_> {
        self.taken[number] = true;
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * number as u32),
            end_of_pass_write_index: Some(2 * number as u32 + 1),
        }
    }

    /// Moves the timestamps into the buffer.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.queries, 0..2 * self.passes as u32, &self.ticks, 0);
    }

    /// Bytes of the timestamps.
    pub const fn bytes(&self) -> usize {
        16 * self.passes
    }

    /// The seconds of each pass; 0 for a pass that was not recorded.
    pub fn seconds(&self, ticks: &[u64]) -> Vec<f64> {
        let seconds = |(pair, &taken): (&[u64], &bool)| match taken {
            true => pair[1].saturating_sub(pair[0]) as f64 * self.seconds_a_tick,
            false => 0.0,
        };
        ticks.chunks_exact(2).zip(&self.taken).map(seconds).collect()
    }
}
