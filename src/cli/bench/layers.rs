//! The operations of a training step, one by one.

use super::net;
use crate::{
    nn::Tape,
    ops::{Executor, Peak, program::Entry},
};
use anyhow::Result;
use serde::Serialize;
use std::io::Write;

/// One operation of a step.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Layer, operation and pass.
    pub layer: String,
    pub operation: &'static str,
    pub pass: &'static str,
    /// The median.
    pub milliseconds: f64,
    /// Multiplications and additions of its definition, in 10^9 per second; 0 where it does not multiply. Winograd
    /// does fewer, and so may exceed the device's peak.
    pub gflops: f64,
    /// The least that it must read and write, in 10^9 bytes per second.
    pub gigabytes_per_second: f64,
    /// Its time in those of a copy that reads and writes as much as its tensors hold, on the cpu, where it does not
    /// multiply.
    pub copies: Option<f64>,
}

impl Row {
    fn new(entry: &Entry, seconds: f64, copy: Option<f64>) -> Self {
        let cost = entry.op.cost();
        // What is too short for the clock has no rate, rather than an infinite one.
        let rate = |amount: f64| if seconds > 0.0 { amount / seconds } else { 0.0 };
        Self {
            layer: entry.layer.clone(),
            operation: entry.op.stem(),
            pass: entry.op.pass(),
            milliseconds: 1e3 * seconds,
            gflops: rate(2e-9 * cost.macs as f64),
            gigabytes_per_second: rate(4e-9 * cost.elements as f64),
            copies: copy.filter(|&copy| cost.macs == 0 && copy > 0.0).map(|copy| seconds / copy),
        }
    }

    /// The most GFLOP/s that the device allows an operation with as many products per byte as this one.
    pub fn roof(&self, peak: Peak) -> f64 {
        peak.at(self.gflops / self.gigabytes_per_second)
    }
}

/// Times every operation of some training steps; a first step warms up.
pub fn measure(executor: &mut Executor, steps: u32) -> Result<Vec<Row>> {
    let seconds = executor.time(Tape::Train, steps, net::step)?;
    let copies = executor.copies(Tape::Train, steps);
    let entries = executor.program().tape(Tape::Train).iter().zip(seconds).enumerate();
    let copy = |at: usize| copies.as_ref().map(|copies| copies[at]);
    Ok(entries.map(|(at, (entry, seconds))| Row::new(entry, seconds, copy(at))).collect())
}

/// Prints a line for each operation; its share of the roof where the device's peak has been measured.
pub fn print(rows: &[Row], peak: Option<Peak>, out: &mut impl Write) -> Result<()> {
    let total: f64 = rows.iter().map(|row| row.milliseconds).sum();
    let titles = ("layer", "operation", "pass", "ms", "share", "GFLOP/s", "of roof", "GB/s", "copies");
    let (layer, operation, pass, ms, share, gflops, of_roof, bytes, copies) = titles;
    writeln!(
        out,
        "\n{layer:<8} {operation:<22} {pass:<16} {ms:>9} {share:>7} {gflops:>9} {of_roof:>8} {bytes:>7} {copies:>7}"
    )?;
    for row in rows {
        let share = 100.0 * row.milliseconds / total;
        let multiplies = row.gflops > 0.0;
        let gflops = if multiplies { format!("{:.1}", row.gflops) } else { String::new() };
        let of_roof = peak.filter(|_| multiplies);
        let of_roof = of_roof.map_or(String::new(), |peak| format!("{:.0}%", 100.0 * row.gflops / row.roof(peak)));
        write!(out, "{:<8} {:<22} {:<16} {:9.3} ", row.layer, row.operation, row.pass, row.milliseconds)?;
        let copies = row.copies.map_or(String::new(), |copies| format!("{copies:7.2}"));
        let line = format!("{share:6.1}% {gflops:>9} {of_roof:>8} {:7.1} {copies}", row.gigabytes_per_second);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
