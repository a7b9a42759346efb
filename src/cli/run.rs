//! `strata run EXPERIMENT NODE`: one network of a plan, as one idempotent command.

use super::output::{note, print_line};
use super::{DeviceArgs, Format, StudyArgs, device, interrupt::Interrupt, json, reproduce, study};
use crate::{
    protocol::{Plan, runner::Busy},
    train::{Record, frozen, record},
};
use anyhow::Result;
use clap::Args;
use serde_json::json;

// A network follows, so the experiment has no default.
#[derive(Args, Debug)]
#[command(mut_arg("experiment", |experiment| experiment.index(1).required(true).default_value(None)))]
pub struct Options {
    #[command(flatten)]
    study: StudyArgs,
    /// Train this network, such as s0-r0-A3B+ (`strata plan` lists them)
    #[arg(index = 2)]
    node: String,
    #[command(flatten)]
    device: DeviceArgs,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let experiment = study::experiment(&options.study)?;
    let plan = Plan::of(&experiment);
    let node = plan.node(&experiment.name, &options.study.words(), &options.node)?;
    let device = device::open(&options.device.device, experiment.solver.precision)?;
    let wanted = study::with_parents(&plan, node);
    let ready = study::ready(&options.study, &experiment, &wanted)?;
    let runs = &ready.runs;
    note!("{} of {} on {}", node.name, experiment.name, device.describe());
    // One network at a time, with all threads: a scheduler that wants one thread sets RAYON_NUM_THREADS.
    reproduce::train(&experiment, &wanted, &ready, &device, Some(1), Busy::StopAt(&node.name), &interrupt)?;
    let folder = runs.node(&node.name);
    let records = record::read::<Record>(&folder.join("log.jsonl"))?;
    if options.format == Format::Json {
        let manifest = runs.manifest(&node.name)?;
        return json::print(
            "run",
            json!({
                "network": node.name, "experiment": experiment.name, "state": runs.state(&node.name)?,
                "weights": folder.join("weights.safetensors").display().to_string(),
                "device": manifest.map(|manifest| manifest.device), "seconds": runs.timing(&node.name).seconds,
                "evaluations": records,
            }),
        );
    }
    if let Some(last) = records.last() {
        print_line!(
            "{} top1 {:.4} top5 {:.4} loss {:.4} after {} steps",
            node.name,
            last.top1,
            last.top5,
            last.loss,
            last.step
        )?;
    }
    if let Some(proof) = runs.manifest(&node.name)?.and_then(|manifest| manifest.frozen) {
        print_line!("{}", frozen::line(proof.layers.as_ref(), proof.backward_saved))?;
    }
    let timing = runs.timing(&node.name);
    let share = 100.0 * timing.waiting / timing.seconds.max(f64::MIN_POSITIVE);
    note!("{:.1} s, of which {:.2} s ({share:.1}%) waiting for data", timing.seconds, timing.waiting);
    print_line!("{}", folder.join("weights.safetensors").display())?;
    Ok(())
}
