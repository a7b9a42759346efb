//! `strata reproduce`: a whole study, from the plan to the report.

use super::{
    DeviceArgs, Format, StudyArgs, device, exit_code, interrupt::Interrupt, progress::Progress, report, study,
};
use crate::{
    ops::Device,
    protocol::{
        Experiment, Node, Plan, RunDir,
        runner::{self, Workshop},
        similarity,
        source::Halves,
        work,
    },
};
use anyhow::Result;
use clap::Args;

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Networks trained side by side (default: one a core on cpu, one on a GPU)
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// text, or json: every number of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let experiment = study::experiment(&options.study)?;
    let device = device::open(&options.device.device)?;
    let plan = Plan::of(&experiment);
    let wanted = plan.in_sharing_order();
    let runs = RunDir::open(&options.study.runs, &experiment)?;
    eprintln!("{}: {} networks on {}, in {}", experiment.name, wanted.len(), device.describe(), runs.path.display());
    let result = train(&experiment, &wanted, &runs, &device, options.jobs);
    // What did train is reported also where a network failed; a stop reports nothing.
    let stopped = result.as_ref().is_err_and(|error| error.is::<exit_code::Stopped>());
    if !stopped {
        if experiment.protocol.similarity_images > 0 {
            eprintln!("comparing layers");
            similarity::compare(&experiment, &runs, &device, experiment.protocol.similarity_images)?;
        }
        report::write(&experiment, &runs, &device.describe(), options.format)?;
    }
    result
}

/// Trains networks with live progress.
pub fn train(
    experiment: &Experiment,
    wanted: &[&Node],
    runs: &RunDir,
    device: &Device,
    jobs: Option<usize>,
) -> Result<()> {
    let halves = Halves::of(experiment)?;
    let mut weights = std::collections::HashMap::new();
    for node in wanted {
        weights.insert(node.name.clone(), work::of(experiment, node, &halves)?.computed as f64);
    }
    let interrupt = Interrupt::listen()?;
    let progress = Progress::new(weights, interrupt.clone());
    let jobs = jobs.unwrap_or_else(|| device.jobs()).clamp(1, wanted.len().max(1));
    let result = runner::run(Workshop { experiment, halves: &halves, runs, device }, wanted, jobs, &progress);
    progress.finish();
    match interrupt.asked() {
        Some(code) => Err(exit_code::Stopped(code).into()),
        None => Ok(result?),
    }
}
