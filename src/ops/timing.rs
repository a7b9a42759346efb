//! How long the operations of a tape take.

use super::{Executor, OpsError, Step, program::TapeName};

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
}
