//! Whether a tensor holds a non-finite value: found by its bits, because a compiler may assume that there is none.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, read_write},
    host::Real,
};

/// Sets `flags[place]` to 1 where x holds an infinity or a NaN, and leaves it where it does not.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Elements of x, outside.
    pub len: usize,
    /// Which word.
    pub place: usize,
    /// What is looked at.
    pub x: TensorId,
    /// Words, one for each tensor that is looked at.
    pub flags: TensorId,
}

impl Operation for Forward {
    const STEM: &'static str = "finite";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: self.len as u64 }
    }
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.flags]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.flags]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_words(self.flags.0, |m, flags| cpu::finite::forward(&m.real[self.x.0], &mut flags[self.place]));
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let flags = recorder.whole(self.flags.0)?;
        for x in recorder.parts(self.x.0) {
            // What pads the last vector is zero.
            let vectors = (x.rows * recorder.row_elements(self.x.0)).div_ceil(4);
            let parameters = FiniteParameters { vectors: vectors as u32, place: self.place as u32 };
            let bindings = [read(x), read_write(flags)];
            recorder.dispatch(&FORWARD, &[], &parameters, &bindings, vectors.div_ceil(256) as u64)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("finite", ["grid"]);
parameters! {
    /// The kernel's parameters.
    struct FiniteParameters { vectors: u32, place: u32 }
}
kernels! { SHADER, FiniteParameters:
    FORWARD = "forward" [1 Read, 2 ReadWrite],
}
