//! A program's tensors and tapes on one device.

use super::{
    Gpu, GpuError, Recorder, TensorSpec,
    buffer::create_buffer,
    clock::Clock,
    fault::Fault,
    kernel::parameters,
    lock::lock,
    memory::Memory,
    place::Place,
    recorder::TapePlan,
    ring::Ring,
    tape::{Dispatch, Tape},
};
use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

parameters! {
    /// What changes from step to step of a static tape: one small uniform, written before the submission.
    pub struct StepValues {
        key_low: u32,
        key_high: u32,
        iteration: u32,
        rate: f32,
        first_image: u32,
    }
}

/// How long a wait for the device may take; software drivers are slow, and a hung one must still end.
const TIMEOUT: Duration = Duration::from_secs(600);
/// Steps that may be submitted before the oldest is waited for: enough to keep a device busy,
/// few enough to keep the memory of submitted commands flat.
const STEPS_IN_FLIGHT: usize = 2;
/// Bytes that one read-back copies at a time.
const STAGING_BYTES: u64 = 4 << 20;

/// A program's tensors and tapes on one device.
pub struct Session {
    gpu: Arc<Gpu>,
    memory: Memory,
    tapes: Vec<Tape>,
    step: wgpu::Buffer,
    staging: wgpu::Buffer,
    in_flight: VecDeque<wgpu::SubmissionIndex>,
    ring: Ring,
    arrived: Vec<Vec<u8>>,
}

fn record(pass: &mut wgpu::ComputePass<'_>, dispatches: &[Dispatch]) {
    for dispatch in dispatches {
        pass.set_pipeline(&dispatch.pipeline.pipeline);
        pass.set_bind_group(0, &dispatch.group, &[]);
        pass.dispatch_workgroups(dispatch.grid[0], dispatch.grid[1], 1);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dispatches: Vec<usize> = self.tapes.iter().map(|tape| tape.dispatches.len()).collect();
        write!(f, "Session({:?}, {} bytes, dispatches {dispatches:?})", self.gpu, self.bytes())
    }
}

impl Drop for Session {
    /// Gives the memory back at once: writes that wait for a submission hold their buffers.
    fn drop(&mut self) {
        let _guard = lock(&self.gpu.submission);
        self.gpu.queue.submit([]);
        // The next session of this thread hears of its errors.
        let _ = self.gpu.poll(wgpu::PollType::Poll);
    }
}

impl Session {
    /// Allocates the tensors, zeroed, and everything else that is needed later.
    pub fn new(gpu: Arc<Gpu>, tensors: Vec<TensorSpec>) -> Result<Self, GpuError> {
        let memory = Memory::allocate(&gpu, tensors)?;
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let step = create_buffer(&gpu, "step values", size_of::<StepValues>() as u64, uniform)?;
        let mapped = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = create_buffer(&gpu, "read-back", STAGING_BYTES, mapped)?;
        Ok(Self {
            gpu,
            memory,
            tapes: Vec::new(),
            step,
            staging,
            in_flight: VecDeque::new(),
            ring: Ring::default(),
            arrived: Vec::new(),
        })
    }

    /// Adds a tape: `record` says its dispatches. Returns the tape's number.
    pub fn tape(&mut self, record: impl FnOnce(&mut Recorder<'_>) -> Result<(), GpuError>) -> Result<usize, GpuError> {
        let plan = TapePlan::record(self.gpu.limits(), &self.memory.specs, &self.gpu.tiles(), record)?;
        self.tapes.push(Tape::make(&self.gpu, &self.memory, &plan, &self.step)?);
        Ok(self.tapes.len() - 1)
    }

    /// Bytes of all tensors and of the tapes' scratch memory on the device.
    pub fn bytes(&self) -> u64 {
        let scratch = self.tapes.iter().filter_map(|tape| tape.scratch.as_ref());
        self.memory.bytes() + scratch.map(|place| place.buffer.size()).sum::<u64>()
    }

    /// Dispatches of a tape.
    pub fn dispatches(&self, tape: usize) -> usize {
        self.tapes[tape].dispatches.len()
    }

    /// Records one pass over a tape and submits it. Does not wait for its end, but for that of older steps.
    pub fn run(&mut self, tape: usize, values: &StepValues) -> Result<(), GpuError> {
        self.gpu.check()?;
        if self.in_flight.len() >= STEPS_IN_FLIGHT
            && let Some(oldest) = self.in_flight.pop_front()
        {
            self.wait(Some(oldest), "a step")?;
        }
        self.gpu.queue.write_buffer(&self.step, 0, bytemuck::bytes_of(values));
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()), &self.tapes[tape].dispatches);
        let submitted = self.submit(encoder);
        self.in_flight.push_back(submitted);
        self.gpu.check()?;
        #[cfg(feature = "testing")]
        self.check_guards()?;
        Ok(())
    }

    #[cfg(feature = "testing")]
    fn places(&self) -> impl Iterator<Item = &Place> {
        self.memory.places().chain(self.tapes.iter().filter_map(|tape| tape.scratch.as_ref()))
    }

    /// Fails where there are guards and an out-of-bounds write has happened since they were made.
    #[cfg(feature = "testing")]
    fn check_guards(&self) -> Result<(), GpuError> {
        use super::guard;
        if !self.gpu.limits().guarded {
            return Ok(());
        }
        let mut copied = vec![0; guard::bytes_of(self.places().count()) as usize];
        let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let together = create_buffer(&self.gpu, "guards", copied.len() as u64, usage)?;
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        guard::copy(&mut encoder, self.places().map(|place| (&place.buffer, place.bytes)), &together);
        self.submit(encoder);
        for (chunk, target) in copied.chunks_mut(STAGING_BYTES as usize).enumerate() {
            self.read_chunk(&together, chunk as u64 * STAGING_BYTES, target)?;
        }
        guard::check(self.places().map(|place| place.name.as_str()), &copied)
    }

    /// Runs a tape with one pass an operation, of which it has `operations`, and gives the seconds of each by the
    /// device's clock. None where the device has no timestamps.
    pub fn run_timed(
        &mut self,
        tape: usize,
        operations: usize,
        values: &StepValues,
    ) -> Result<Option<Vec<f64>>, GpuError> {
        let Some(mut clock) = Clock::new(&self.gpu, operations)? else { return Ok(None) };
        self.finish()?;
        self.gpu.queue.write_buffer(&self.step, 0, bytemuck::bytes_of(values));
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        for dispatches in self.tapes[tape].dispatches.chunk_by(|a, b| a.operation == b.operation) {
            let timestamp_writes = clock.pass(dispatches[0].operation);
            let descriptor = wgpu::ComputePassDescriptor { label: None, timestamp_writes: Some(timestamp_writes) };
            record(&mut encoder.begin_compute_pass(&descriptor), dispatches);
        }
        clock.resolve(&mut encoder);
        self.submit(encoder);
        let mut ticks = vec![0; clock.bytes()];
        self.read_chunk(&clock.ticks, 0, &mut ticks)?;
        Ok(Some(clock.seconds(&bytemuck::pod_collect_to_vec(&ticks))))
    }

    /// Waits until everything submitted has run.
    pub fn finish(&mut self) -> Result<(), GpuError> {
        self.wait(None, "the steps submitted")?;
        self.in_flight.clear();
        self.gpu.check()
    }

    fn submit(&self, encoder: wgpu::CommandEncoder) -> wgpu::SubmissionIndex {
        if Fault::OutOfMemory.strikes() {
            self.gpu.lose("Unknown: Out of memory");
        }
        if Fault::Lost.strikes() {
            self.gpu.lose("Destroyed: as a test asks for");
        }
        let commands = encoder.finish();
        let _guard = lock(&self.gpu.submission);
        self.gpu.queue.submit([commands])
    }

    fn wait(&self, submission_index: Option<wgpu::SubmissionIndex>, what: &'static str) -> Result<(), GpuError> {
        let polled = self.gpu.poll(wgpu::PollType::Wait { submission_index, timeout: Some(TIMEOUT) })?;
        self.gpu.check()?;
        match polled {
            Some(_) if !Fault::Timeout.strikes() => Ok(()),
            _ => {
                // What is still under way may never end: nobody waits for this device again.
                self.gpu.give_up("it did not finish in its time");
                Err(GpuError::Timeout { what, seconds: TIMEOUT.as_secs() })
            }
        }
    }

    /// Overwrites the beginning of a tensor, given in the order of the device. Where the values end within
    /// four bytes, the rest of these becomes zero.
    pub fn write(&mut self, tensor: usize, bytes: &[u8]) -> Result<(), GpuError> {
        for (segment, range) in self.memory.pieces(tensor, bytes.len()) {
            let Place { buffer, offset, .. } = self.memory.place(tensor, segment);
            let piece = &bytes[range];
            let (even, rest) = piece.split_at(piece.len() / 4 * 4);
            if !even.is_empty() {
                self.gpu.queue.write_buffer(buffer, *offset, even);
            }
            if !rest.is_empty() {
                let mut last = [0; 4];
                last[..rest.len()].copy_from_slice(rest);
                self.gpu.queue.write_buffer(buffer, offset + even.len() as u64, &last);
            }
        }
        self.gpu.check()
    }

    /// Copies a tensor as it is after everything submitted before, to be fetched by [`Self::collect`] later. Waits only
    /// where several earlier ones are still under way.
    pub fn read_later(&mut self, tensor: usize) -> Result<(), GpuError> {
        self.fetch(false)?;
        let spec = &self.memory.specs[tensor];
        let bytes = spec.rows * spec.row_bytes;
        let target = self.ring.buffer(&self.gpu, bytes)?;
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        for (segment, range) in self.memory.pieces(tensor, bytes) {
            let (Place { buffer, offset, .. }, size) =
                (self.memory.place(tensor, segment), range.len().next_multiple_of(4) as u64);
            encoder.copy_buffer_to_buffer(buffer, *offset, &target, range.start as u64, size);
        }
        let submission = self.submit(encoder);
        self.ring.push(target, bytes, submission);
        Ok(())
    }

    /// The tensors of [`Self::read_later`] that have arrived since the last call, in the order of the calls; with
    /// `all`, waits for those still under way.
    pub fn collect(&mut self, all: bool) -> Result<Vec<Vec<u8>>, GpuError> {
        self.fetch(all)?;
        Ok(std::mem::take(&mut self.arrived))
    }

    fn fetch(&mut self, all: bool) -> Result<(), GpuError> {
        self.gpu.poll(wgpu::PollType::Poll)?;
        loop {
            if let Some(bytes) = self.ring.pop(&self.gpu)? {
                self.arrived.push(bytes);
            } else if let Some(submission) = self.ring.awaited(all) {
                self.wait(Some(submission), "a read-back")?;
                // Another thread's poll may have taken the callback over, and call it a moment later.
                std::thread::yield_now();
            } else {
                return self.gpu.check();
            }
        }
    }

    /// Reads a whole tensor in the order of the device, after everything submitted before.
    pub fn read(&mut self, tensor: usize) -> Result<Vec<u8>, GpuError> {
        let spec = &self.memory.specs[tensor];
        let mut bytes = vec![0; spec.rows * spec.row_bytes];
        let whole = bytes.len();
        for (segment, range) in self.memory.pieces(tensor, whole) {
            let target = &mut bytes[range];
            for (chunk, target) in target.chunks_mut(STAGING_BYTES as usize).enumerate() {
                let Place { buffer, offset, .. } = self.memory.place(tensor, segment);
                self.read_chunk(buffer, offset + chunk as u64 * STAGING_BYTES, target)?;
            }
        }
        self.in_flight.clear();
        Ok(bytes)
    }

    fn read_chunk(&self, buffer: &wgpu::Buffer, offset: u64, target: &mut [u8]) -> Result<(), GpuError> {
        let size = target.len().next_multiple_of(4) as u64;
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        encoder.copy_buffer_to_buffer(buffer, offset, &self.staging, 0, size);
        let submitted = self.submit(encoder);
        let (sender, receiver) = std::sync::mpsc::channel();
        // The receiver lives until the wait is over; a result that nobody waits for may be dropped.
        self.staging.slice(..size).map_async(wgpu::MapMode::Read, move |result| sender.send(result).unwrap_or(()));
        self.wait(Some(submitted), "a read-back")?;
        // Another thread's poll may have taken the callback over, and call it a moment later.
        let mapped = receiver.recv_timeout(TIMEOUT);
        let mapped = mapped.map_err(|_| GpuError::Timeout { what: "a read-back", seconds: TIMEOUT.as_secs() })?;
        mapped.map_err(|error| self.gpu.refused(error))?;
        let view = self.staging.slice(..size).get_mapped_range().map_err(|error| self.gpu.refused(error))?;
        target.copy_from_slice(&view[..target.len()]);
        drop(view);
        self.staging.unmap();
        Ok(())
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::gpu::{Choice, guard};

    #[test]
    fn a_changed_word_on_either_side_of_a_tensor_is_reported_and_one_within_is_not() {
        let gpu = Gpu::open_limited(&Choice::Software, |limits| limits.guarded = true).unwrap();
        let specs = vec![TensorSpec::whole("x", 2, 40), TensorSpec::whole("y", 1, 4)];
        let mut session = Session::new(gpu, specs).unwrap();
        let tape = session.tape(|_| Ok(())).unwrap();
        session.write(0, &[255; 80]).unwrap();
        session.run(tape, &StepValues::default()).unwrap();
        assert_eq!(session.read(0).unwrap(), [255; 80]);
        let sides = [(0, "before"), (guard::BYTES - 4, "before"), (guard::BYTES + 80, "after")];
        for (offset, side) in [&sides[..], &[(2 * guard::BYTES + 76, "after")]].concat() {
            let buffer = session.memory.place(0, 0).buffer.clone();
            let mut word = [0; 4];
            session.read_chunk(&buffer, offset, &mut word).unwrap();
            session.gpu.queue.write_buffer(&buffer, offset, &[0; 4]);
            let error = session.run(tape, &StepValues::default()).unwrap_err();
            let GpuError::OutOfBoundsWrite { tensor, side: reported } = error else { panic!("{error}") };
            assert_eq!((tensor.as_str(), reported), ("x", side), "{offset}");
            session.gpu.queue.write_buffer(&buffer, offset, &word);
            session.run(tape, &StepValues::default()).unwrap();
        }
    }
}
