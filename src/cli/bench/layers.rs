//! The operations of a training step, one by one.

use super::median;
use crate::{
    host::Stream,
    nn::TRAIN,
    ops::{Executor, Step},
};
use anyhow::{Result, bail};
use std::io::Write;

/// Prints a line an operation: its layer, milliseconds, share of the step, and GFLOP/s where it multiplies.
pub fn print(executor: &mut Executor, steps: u32, out: &mut impl Write) -> Result<()> {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for iteration in 0..steps.max(1) + 1 {
        let step = Step { iteration, rate: 1e-4, dropout: Stream::named("bench/dropout") };
        let Some(seconds) = executor.run_timed(TRAIN, &step)? else {
            bail!("this adapter has no timestamps: leave out --layers");
        };
        columns.resize(seconds.len(), Vec::new());
        columns.iter_mut().zip(seconds).for_each(|(column, seconds)| column.push(seconds));
    }
    let medians: Vec<f64> = columns.into_iter().map(median).collect();
    let total: f64 = medians.iter().sum();
    writeln!(out, "\n{:<8} {:<22} {:<16} {:>9} {:>7} {:>9}", "layer", "operation", "pass", "ms", "share", "GFLOP/s")?;
    for (entry, seconds) in executor.program().tapes[TRAIN].iter().zip(medians) {
        let macs = entry.op.cost().macs as f64;
        let gflops = if macs > 0.0 { format!("{:.1}", 2e-9 * macs / seconds) } else { String::new() };
        let (stem, pass, share) = (entry.op.stem(), entry.op.pass(), 100.0 * seconds / total);
        writeln!(out, "{:<8} {stem:<22} {pass:<16} {:9.3} {share:6.1}% {gflops:>9}", entry.layer, 1e3 * seconds)?;
    }
    Ok(())
}
