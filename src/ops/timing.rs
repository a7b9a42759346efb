//! How long the operations of a tape take.

use super::{
    Executor, OpsError, Step,
    program::{Element, TapeName},
};
use crate::cpu;
use std::collections::{BTreeSet, HashMap};

/// The fewest elements of a copy that is worth the name.
const TASK: usize = 1 << 14;

/// The median of some numbers, the upper one of two in the middle; 0 where there are none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

impl Executor {
    /// The seconds of every operation of a tape, each the median of some runs; one more comes first to warm up.
    ///
    /// # Errors
    /// Those of running; [`OpsError::NoTimestamps`] where the device's clock cannot be read.
    pub fn time(&mut self, tape: impl TapeName, runs: u32, step: impl Fn(u32) -> Step) -> Result<Vec<f64>, OpsError> {
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); self.program().tape(tape).len()];
        for run in 0..=runs.max(1) {
            let seconds = self.run_timed(tape, &step(run))?.ok_or(OpsError::NoTimestamps)?;
            if run > 0 {
                columns.iter_mut().zip(seconds).for_each(|(column, seconds)| column.push(seconds));
            }
        }
        Ok(columns.into_iter().map(median).collect())
    }

    /// The seconds of a copy that reads and writes as much as each operation of a tape has in tensors of real numbers,
    /// each the median of some copies: what an operation that does not multiply is held against. 0 where that is
    /// next to nothing; none on a GPU.
    pub fn copies(&self, tape: impl TapeName, runs: u32) -> Option<Vec<f64>> {
        if self.is_gpu() {
            return None;
        }
        let tensors = &self.program().tensors;
        let mut known = HashMap::new();
        let seconds = self.program().tape(tape).iter().map(|entry| {
            let touched: BTreeSet<_> = entry.op.reads().into_iter().chain(entry.op.writes()).collect();
            let real = touched.iter().map(|id| &tensors[id.0]).filter(|tensor| tensor.element == Element::Real);
            let half = real.map(|tensor| tensor.shape.len()).sum::<usize>() / 2;
            // What is smaller than a task costs more to begin than to move.
            let copies = |&half: &usize| match half < TASK {
                true => 0.0,
                false => median(cpu::peak::copies(half, 1 + runs as usize)),
            };
            *known.entry(half).or_insert_with_key(copies)
        });
        Some(seconds.collect())
    }
}
