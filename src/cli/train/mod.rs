//! `strata train`: one network on all classes of one data set.

mod sitting;

use super::output::{note, print_line};
use super::{
    DeviceArgs, Format, PrecisionArgs, at_least_one, device, files::FilesArgs, interrupt::Interrupt, json, one_of,
    source, sources_with_paths,
};
use crate::{
    data::{Dataset, Normalisation, Source, fit::Fit},
    host::{Stream, atomic, digest},
    nn::{NetDef, zoo},
    protocol::{degenerate, shapes},
    train::{
        Images, Policy, Reading, Schedule, Solver, TrainError, Trainer, USUAL_LOSS_SCALE, Warmup, WeightsFile,
        checkpoint, frozen, trainer::Streams,
    },
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::{Path, PathBuf};

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
    #[command(flatten)]
    files: FilesArgs,
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
    /// Write the weights here, and checkpoints beside it (default: weights/NET-DATA-DIGEST.safetensors, where the
    /// digest is that of everything the weights depend on)
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    out: Option<PathBuf>,
    /// Write a checkpoint every this many steps; the same command resumes from the last one to the same bits
    #[arg(long, value_name = "STEPS", default_value_t = 500, value_parser = at_least_one::<u64>())]
    checkpoint_every: u64,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
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
    let writable = |path: &Path| atomic::probe(path).with_context(|| format!("{} cannot be written", path.display()));
    options.out.as_deref().map_or(Ok(()), writable)?;
    let device = device::open(&options.device.device, precision)?;
    let net = zoo::find(&options.net)?;
    let files = &options.files;
    let dataset = shapes::fitted(
        Source::load,
        options.data,
        options.data_path.as_deref(),
        &net,
        options.fit,
        files.on_bad_image,
    )?;
    let dataset = files.drawn(dataset)?;
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
    let training = training(options, &def, &solver, &dataset)?;
    let out = options.out.clone().unwrap_or_else(|| usual_path(&def, options.data, &training));
    if let (None, Some(folder)) = (&options.out, out.parent()) {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        writable(&out)?;
    }
    let stream = |purpose: &str| Stream::named(&format!("seed={}/train/{purpose}", options.seed));
    let streams = Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") };
    let images = Images { set: &dataset.train, normalisation: &normalisation };
    let test = Images { set: &dataset.test, normalisation: &normalisation };
    // Trained by an earlier command: what is left to do is to say how good it is.
    let there = WeightsFile::read(&out).ok().filter(|file| file.training.as_ref() == Some(&training));
    let mut trainer = match &there {
        Some(file) => {
            note!("{} is trained already: delete it to train again", out.display());
            file.network(test, options.batch_size, precision, &device)?
        }
        None => Trainer::new(&def, &solver, images, Reading::centre(), streams, &device)?,
    };
    if there.is_none() {
        trainer.net.initialise(&mut trainer.executor, |name| stream(&format!("weights/{name}")))?;
        note!("{} on {} ({} images), {}", def.name, dataset.name, dataset.train.len(), device.describe());
        let identity = checkpoint::Identity { configuration: training.clone(), device: device.identity() };
        let sitting = sitting::Sitting { identity, weights: &out, every: options.checkpoint_every };
        sitting.train(&mut trainer, &solver, &interrupt)?;
        // Before anything else: whatever fails from here on, the weights are kept.
        let mut file = WeightsFile::of(&mut trainer, options.fit, &dataset.class_names, &dataset.name)?;
        file.training = Some(training);
        atomic::write(&out, &file.encode()?).with_context(|| format!("writing {}", out.display()))?;
        sitting.finish();
    }
    let scores = trainer.evaluate(&test)?;
    match options.format {
        Format::Json => json::print(
            "train",
            json!({
                "weights": out.display().to_string(), "net": def.name, "dataset": dataset.name,
                "device": device.describe(), "steps": solver.schedule.max_iter, "images": scores.images,
                "top1": scores.top1, "top5": scores.top5, "loss": scores.loss,
            }),
        ),
        Format::Text => {
            print_line!("{scores}")?;
            print_line!("{}", frozen::line(trainer.frozen()?.as_ref(), 0.0))?;
            print_line!("{}", out.display())
        }
    }
}

/// The digest of everything that the weights depend on, apart from the device.
fn training(options: &Options, def: &NetDef, solver: &Solver, dataset: &Dataset) -> Result<String> {
    let parts = [
        def.to_toml(),
        serde_json::to_string(solver)?,
        dataset.train.digest(),
        format!("{:?} {} {}", dataset.class_names, options.scale, options.seed),
    ];
    Ok(digest::hex(parts.join("\n").as_bytes()))
}

/// Where weights go that are given no place: a path of their own for all that they depend on.
fn usual_path(def: &NetDef, data: Source, training: &str) -> PathBuf {
    Path::new("weights").join(format!("{}-{data}-{}.safetensors", def.name, &training[..8]))
}
