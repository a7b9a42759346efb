//! What a program becomes on a device of some limits, planned without one: for whoever runs it elsewhere.

use super::{OpsError, Program, placement};
use crate::gpu::{Arrangement, GpuError, Limits, Recorder, TapePlan, TensorSpec};
use std::collections::BTreeMap;

/// A program as a device would run it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The program's tensors, by number.
    pub tensors: Vec<TensorSpec>,
    /// The buffers that they lie in.
    pub arrangement: Arrangement,
    /// The program's tapes, by number.
    pub tapes: Vec<TapePlan>,
}

impl Planned {
    /// Plans a program within limits, with the tiles that shapes choose.
    ///
    /// # Errors
    /// Tensors or grids that exceed the limits.
    pub fn of(program: &Program, limits: &Limits) -> Result<Self, OpsError> {
        let tensors = placement::place(program, limits)?;
        let arrangement = Arrangement::of(&tensors, limits)?;
        let tiles = BTreeMap::new();
        let tape = |tape| TapePlan::record(limits, &tensors, &tiles, |recorder| record(program, tape, recorder));
        let tapes = (0..program.tapes.len()).map(tape).collect::<Result<_, _>>()?;
        Ok(Self { tensors, arrangement, tapes })
    }
}

/// Records a tape of a program.
pub(super) fn record(program: &Program, tape: usize, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
    recorder.set_precision(program.precision);
    program.tapes[tape].iter().try_for_each(|entry| {
        recorder.operation(&entry.layer, entry.op.product().as_deref());
        entry.op.record(recorder)
    })
}
