//! `strata run EXPERIMENT NODE`: one network of a plan, as one idempotent command.

use super::output::{note, print_line};
use super::{DeviceArgs, PrecisionArgs, StudyArgs, device, interrupt::Interrupt, reproduce, study};
use crate::{
    protocol::{Plan, RunDir, runner::Busy},
    train::record,
};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Options {
    /// A built-in experiment or a TOML file
    experiment: String,
    /// The network, such as s0-r0-A3B+ (`strata plan` lists them)
    node: String,
    /// The directory of all runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    /// Override a key of the experiment (may be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// The cut-down plan
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    precision: PrecisionArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

pub fn main(options: &Options) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let args = StudyArgs {
        experiment: options.experiment.clone(),
        runs: options.runs.clone(),
        overrides: options.overrides.clone(),
        quick: options.quick,
        precision: options.precision,
    };
    let experiment = study::experiment(&args)?;
    let plan = Plan::of(&experiment);
    let node = plan.node(&experiment.name, &options.node)?;
    let device = device::open(&options.device.device, experiment.solver.precision)?;
    let runs = RunDir::open(&options.runs, &experiment)?;
    note!("{} of {} on {}", node.name, experiment.name, device.describe());
    // One network at a time, with all threads: a scheduler that wants one thread sets RAYON_NUM_THREADS.
    let wanted = study::with_parents(&plan, node);
    reproduce::train(&experiment, &wanted, &runs, &device, Some(1), Busy::StopAt(&node.name), &interrupt)?;
    let folder = runs.node(&node.name);
    if let Some(last) = record::read(&folder.join("log.jsonl"))?.last() {
        print_line!(
            "{} top1 {:.4} top5 {:.4} loss {:.4} after {} steps",
            node.name,
            last.top1,
            last.top5,
            last.loss,
            last.step
        )?;
    }
    let timing = runs.timing(&node.name);
    let share = 100.0 * timing.waiting / timing.seconds.max(f64::MIN_POSITIVE);
    note!("{:.1} s, of which {:.2} s ({share:.1}%) waiting for data", timing.seconds, timing.waiting);
    print_line!("{}", folder.join("weights.safetensors").display())?;
    Ok(())
}
