//! `strata reproduce`: a whole study, from the plan to the report.

use super::output::note;
use super::{
    DeviceArgs, Format, StudyArgs, at_least_one, device, exit_code, interrupt::Interrupt, progress::Progress, report,
    study,
};
use crate::{
    ops::Device,
    protocol::{
        Experiment, Node, Plan, ProtocolError, RunDir,
        runner::{self, Busy},
        similarity,
        workshop::Workshop,
    },
    train::TrainError,
};
use anyhow::Result;
use clap::Args;
use std::time::Duration;

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Train this many networks side by side (default: one per core on the cpu, one on a GPU)
    #[arg(long, value_name = "N", value_parser = at_least_one::<usize>())]
    jobs: Option<usize>,
    /// Exit with code 75 after this many minutes without a network to train, because other processes train what is left
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    idle_exit: Option<Duration>,
    /// Stop with a checkpoint and exit code 75 after this many minutes; the same command resumes
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    max_time: Option<Duration>,
    /// Print text, or json: every number of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn minutes(text: &str) -> Result<Duration, String> {
    let minutes = text.parse().ok().filter(|minutes: &f64| *minutes > 0.0);
    let time = minutes.and_then(|minutes| Duration::try_from_secs_f64(60.0 * minutes).ok());
    time.ok_or_else(|| "expected a number of minutes above 0, such as 10 or 0.5".to_string())
}

pub fn main(options: &Options) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    if let Some(time) = options.max_time {
        interrupt.expire_after(time);
    }
    let experiment = study::experiment(&options.study)?;
    let device = device::open(&options.device.device, experiment.solver.precision)?;
    let plan = Plan::of(&experiment);
    let wanted = plan.in_sharing_order();
    let ready = study::ready(&options.study, &experiment, &wanted)?;
    let runs = &ready.runs;
    study::writable_report(runs)?;
    note!("{}: {} networks on {}, in {}", experiment.name, wanted.len(), device.describe(), runs.path.display());
    let busy = Busy::Wait { at_most: options.idle_exit };
    let result = train(&experiment, &wanted, &ready, &device, options.jobs, busy, &interrupt);
    // What did train is reported also where a network failed; a stop reports nothing.
    let unfinished = |error: &anyhow::Error| {
        error.is::<exit_code::Stopped>() || matches!(error.downcast_ref(), Some(ProtocolError::Idle { .. }))
    };
    let stopped = result.as_ref().is_err_and(unfinished);
    if stopped { result } else { result.and(report(&experiment, runs, &device, options.format)) }
}

/// Compares layers, where the experiment asks for it, and writes the report.
fn report(experiment: &Experiment, runs: &RunDir, device: &Device, format: Format) -> Result<()> {
    if experiment.protocol.similarity_images > 0 {
        note!("comparing layers");
        similarity::compare(experiment, runs, device, experiment.protocol.similarity_images)?;
    }
    report::write(experiment, runs, &device.describe(), format)
}

/// Trains networks with live progress. A signal asks for a stop while it runs, and stops at once before and after.
pub fn train(
    experiment: &Experiment,
    wanted: &[&Node],
    ready: &study::Ready,
    device: &Device,
    jobs: Option<usize>,
    busy: Busy<'_>,
    interrupt: &Interrupt,
) -> Result<()> {
    let study::Ready { halves, runs, works } = ready;
    let progress = Progress::new(works.clone(), interrupt.stop());
    let jobs = jobs.unwrap_or_else(|| device.jobs()).clamp(1, wanted.len().max(1));
    let workshop = Workshop { experiment, halves, runs, device };
    interrupt.ask_first();
    let result = runner::run(workshop, wanted, jobs, busy, &progress);
    interrupt.at_once();
    progress.finish();
    // What could not be saved matters more than that a stop was asked for.
    let stopped = |error: &ProtocolError| matches!(error, ProtocolError::Train(TrainError::Stopped { .. }));
    let lost = result.as_ref().is_err_and(|error| error.is_of_the_machine() && !stopped(error));
    match interrupt.asked() {
        Some(code) if !lost => Err(exit_code::Stopped(code).into()),
        _ => Ok(result?),
    }
}
