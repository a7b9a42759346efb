//! `strata train`: one network on all classes of one data set.

use super::output::{note, print_line};
use super::{
    DeviceArgs, PrecisionArgs, at_least_one, device, exit_code, interrupt::Interrupt, one_of, source,
    sources_with_paths,
};
use crate::{
    data::{Normalisation, Source, fit::Fit},
    host::{Stream, atomic},
    nn::{weights, zoo},
    protocol::{degenerate, shapes},
    train::{
        Images, Policy, Reading, Schedule, Solver, TrainError, Trainer, USUAL_LOSS_SCALE, Warmup, checkpoint,
        trainer::Streams,
    },
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Options {
    /// Train this net (`strata net list`) or net file
    #[arg(long, value_name = "NAME|FILE", default_value = "alexnet28")]
    net: String,
    /// Train on this data source
    #[arg(long, value_name = "SOURCE", default_value = Source::FashionMnist.name(), value_parser = source())]
    data: Source,
    /// Read the data set's files from this folder, or this packed file
    #[arg(long, value_name = "PATH", allow_hyphen_values = true, required_if_eq_any = sources_with_paths("data"))]
    data_path: Option<PathBuf>,
    /// Fit images to the net's input in this way
    #[arg(long, default_value = Fit::Exact.name(), value_parser = one_of(Fit::ALL, Fit::name, Fit::sees))]
    fit: Fit,
    /// Train for this many steps
    #[arg(long, default_value_t = 500)]
    max_iter: u64,
    /// Train for this many epochs instead of a number of steps
    #[arg(long, conflicts_with = "max_iter", value_parser = at_least_one::<u32>())]
    max_epochs: Option<u32>,
    /// Use this many images per step
    #[arg(long, default_value_t = 64)]
    batch_size: usize,
    /// Compute each batch in this many parts and add their gradients: the same step in less memory
    #[arg(long, default_value_t = 1)]
    batch_parts: usize,
    /// Start the schedule from this learning rate
    #[arg(long, default_value_t = 0.01)]
    base_lr: f64,
    /// Drop the rate to a tenth every stepsize steps or at each stepvalue, or decrease it along a cosine to 0
    #[arg(long, value_enum, default_value_t)]
    lr_policy: LrPolicy,
    /// Drop the rate every this many steps (default: half of the steps)
    #[arg(long)]
    stepsize: Option<u64>,
    /// Drop the rate at these steps, separated by commas
    #[arg(long, value_name = "STEPS", value_delimiter = ',', required_if_eq("lr_policy", "multistep"))]
    stepvalue: Vec<u64>,
    /// Warm up over this many steps, from a third of the rate
    #[arg(long, default_value_t = 0)]
    warmup_iter: u64,
    /// Use Nesterov's momentum
    #[arg(long)]
    nesterov: bool,
    /// Use this weight decay
    #[arg(long, default_value_t = 0.0005)]
    weight_decay: f64,
    /// Multiply mean-subtracted pixels by this factor
    #[arg(long, default_value_t = 0.0125)]
    scale: f64,
    /// Derive all random numbers from this seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the weights here (safetensors)
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    out: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    /// Multiply the loss by this power of two in the backward pass, in the precisions mixed and f16x3
    #[arg(long, default_value_t = USUAL_LOSS_SCALE)]
    loss_scale: u32,
}

/// What the rate does after warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LrPolicy {
    #[default]
    Step,
    Multistep,
    Cosine,
}

impl Options {
    /// The schedule, where an epoch has so many images.
    ///
    /// # Errors
    /// A length that the policy has no use for.
    fn schedule(&self, images: usize) -> Result<Schedule, TrainError> {
        let of_epochs = |epochs| (u64::from(epochs) * images as u64).div_ceil(self.batch_size.max(1) as u64);
        let max_iter = self.max_epochs.map_or(self.max_iter, of_epochs);
        let unused = |key, expected, got| Err(TrainError::Setting { key, expected, got });
        if let (LrPolicy::Multistep | LrPolicy::Cosine, Some(stepsize)) = (self.lr_policy, self.stepsize) {
            return unused("stepsize", "left out unless lr_policy is step", stepsize.to_string());
        }
        if self.lr_policy != LrPolicy::Multistep && !self.stepvalue.is_empty() {
            return unused("stepvalue", "left out unless lr_policy is multistep", format!("{:?}", self.stepvalue));
        }
        let (gamma, stepvalue) = (0.1, self.stepvalue.clone());
        let policy = match self.lr_policy {
            LrPolicy::Step => Policy::Step { gamma, stepsize: self.stepsize.unwrap_or(max_iter.div_ceil(2).max(1)) },
            LrPolicy::Multistep => Policy::Multistep { gamma, stepvalue },
            LrPolicy::Cosine => Policy::Cosine,
        };
        let warmup = Warmup { iter: self.warmup_iter, ..Warmup::NONE };
        Ok(Schedule { base_lr: self.base_lr, policy, warmup, max_iter })
    }
}

pub fn main(options: &Options) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let precision = options.precision.precision.unwrap_or_default();
    if let Some(path) = &options.out {
        atomic::probe(path).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let device = device::open(&options.device.device, precision)?;
    let net = zoo::find(&options.net)?;
    let dataset = shapes::load(options.data, options.data_path.as_deref(), &net, options.fit)?;
    dataset.taken.iter().for_each(|line| note!("{line}"));
    degenerate::task(&dataset.name, &dataset)?;
    degenerate::evaluated(&dataset.name, &dataset.test)?;
    dataset.train.verify()?;
    dataset.test.verify()?;
    let normalisation = Normalisation::mean_image(&dataset.train, options.scale)?;
    let def = net.with_classes(dataset.class_names.len())?;
    let solver = Solver {
        schedule: options.schedule(dataset.train.len())?,
        batch_size: options.batch_size,
        batch_parts: options.batch_parts,
        nesterov: options.nesterov,
        weight_decay: options.weight_decay,
        precision,
        loss_scale: options.loss_scale,
        ..Solver::default()
    };
    let stream = |purpose: &str| Stream::named(&format!("seed={}/train/{purpose}", options.seed));
    let streams = Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") };
    let images = Images { set: &dataset.train, normalisation: &normalisation };
    let mut trainer = Trainer::new(&def, &solver, images, Reading::centre(), streams, &device)?;
    trainer.net.initialise(&mut trainer.executor, |name| stream(&format!("weights/{name}")))?;
    note!("{} on {} ({} images), {}", def.name, dataset.name, dataset.train.len(), device.describe());

    interrupt.ask_first();
    let start = std::time::Instant::now();
    let last = solver.schedule.max_iter;
    let every = last.div_ceil(10);
    while trainer.step < last {
        if let Some(code) = interrupt.asked() {
            note!(
                "stopped at step {}, nothing is kept; `strata run` is the command that keeps checkpoints",
                trainer.step
            );
            return Err(exit_code::Stopped(code).into());
        }
        trainer.train_step()?;
        if trainer.step.is_multiple_of(every) || trainer.step == last {
            let losses = trainer.losses()?;
            let rate = trainer.step as f64 * options.batch_size as f64 / start.elapsed().as_secs_f64();
            let loss = losses.iter().sum::<f64>() / losses.len() as f64;
            note!("step {:>6}  loss {loss:.4}  {rate:.0} images/s", trainer.step);
        }
    }
    interrupt.at_once();
    let (seconds, waited) = (start.elapsed().as_secs_f64(), trainer.waited().as_secs_f64());
    note!("trained in {seconds:.1} s, of which {waited:.2} s ({:.1}%) waiting for data", 100.0 * waited / seconds);
    // Before anything else: whatever fails from here on, the weights are kept.
    if let Some(path) = &options.out {
        let bytes = weights::encode(&checkpoint::weights_of(&mut trainer)?, &[("net", def.name.clone())])?;
        atomic::write(path, &bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    let scores = trainer.evaluate(&Images { set: &dataset.test, normalisation: &normalisation })?;
    print_line!("top1 {:.4} top5 {:.4} loss {:.4} on {} images", scores.top1, scores.top5, scores.loss, scores.images)?;
    if let Some(path) = &options.out {
        print_line!("{}", path.display())?;
    }
    Ok(())
}
