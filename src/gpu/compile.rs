//! Pipelines that are made ahead of any program, for what measures compilers.

use super::{Constants, Gpu, GpuError, Kernel};
use std::time::{Duration, Instant};

impl Gpu {
    /// Makes a pipeline ahead of any program, and returns how long it took; a pipeline that is there already takes no
    /// time.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn compile(&self, kernel: &'static Kernel, constants: Constants) -> Result<Duration, GpuError> {
        let start = Instant::now();
        self.pipeline("no layer", kernel, constants)?;
        Ok(start.elapsed())
    }
}
