//! The errors of a device, as whoever called it receives them.

use super::Gpu;
use crate::gpu::{GpuError, fault::Fault};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

impl Gpu {
    /// An error that the device reported of this thread's calls since the last time, if there is one. A lost device
    /// stays lost.
    pub(in super::super) fn check(&self) -> Result<(), GpuError> {
        let errors = self.reports.take();
        if !errors.refused.is_empty() {
            // A device that is lost refuses calls, and says why when it is next looked at. What that gives is below.
            let _ = self.poll(wgpu::PollType::Poll);
        }
        if let Some(loss) = self.reports.loss() {
            return Err(loss);
        }
        if errors.out_of_memory {
            return Err(GpuError::OutOfMemory { what: "a step".into() });
        }
        if errors.refused.is_empty() { Ok(()) } else { Err(GpuError::Validation(errors.refused.join("; "))) }
    }

    /// The error of a call that was refused. Another thread may have lost the device meanwhile, which says more.
    pub(in super::super) fn refused(&self, error: impl fmt::Display) -> GpuError {
        self.check().err().unwrap_or_else(|| GpuError::Validation(error.to_string()))
    }

    /// Looks at the device, or waits for it; none where it did not finish in the time given.
    pub(in super::super) fn poll(&self, how: wgpu::PollType) -> Result<Option<wgpu::PollStatus>, GpuError> {
        // wgpu panics where the driver loses the device meanwhile.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if Fault::Driver.strikes() {
                resume_unwind(Box::new("as a test asks for"));
            }
            self.device.poll(how)
        }));
        match polled {
            Ok(Ok(status)) => Ok(Some(status)),
            Ok(Err(wgpu::PollError::Timeout)) => Ok(None),
            // A lost device has refused the submission that is waited for.
            Ok(Err(error)) => Err(self.refused(error)),
            Err(_) => {
                let reason = "its driver broke off";
                self.give_up(reason);
                Err(self.refused(reason))
            }
        }
    }

    /// Counts the device as lost.
    pub(in super::super) fn give_up(&self, reason: &str) {
        self.reports.lose(reason.into());
    }

    /// Loses the device, for tests.
    pub(in super::super) fn lose(&self, reason: &str) {
        self.give_up(reason);
        self.device.destroy();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Choice;
    use std::{sync::Barrier, thread};

    #[test]
    fn a_thread_receives_the_refusals_of_its_own_calls_only() {
        let gpu = Gpu::open(&Choice::Noop).unwrap();
        let usage = wgpu::BufferUsages::COPY_DST;
        let descriptor = wgpu::BufferDescriptor { label: None, size: 16, usage, mapped_at_creation: false };
        let buffer = gpu.device.create_buffer(&descriptor);
        let (refused, looked) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                gpu.queue.write_buffer(&buffer, 0, &[0; 32]);
                // The main thread looks first, and after the refusal.
                refused.wait();
                looked.wait();
                (gpu.check(), gpu.check())
            });
            refused.wait();
            let main = gpu.check();
            looked.wait();
            assert!(main.is_ok(), "{main:?}");
            let (first, second) = other.join().unwrap();
            assert!(matches!(first, Err(GpuError::Validation(_))), "{first:?}");
            assert!(second.is_ok(), "{second:?}");
        });
    }

    #[test]
    fn only_the_thread_that_found_no_memory_for_a_step_receives_that_error_where_it_lost_the_device() {
        let gpu = Gpu::open(&Choice::Noop).unwrap();
        let result = thread::scope(|scope| {
            let other = scope.spawn(|| {
                gpu.lose("Unknown: Out of memory");
                gpu.check()
            });
            other.join().unwrap()
        });
        assert!(matches!(result, Err(GpuError::OutOfMemory { .. })), "{result:?}");
        assert!(matches!(gpu.check(), Err(GpuError::LostBeside)), "{:?}", gpu.check());
    }
}
