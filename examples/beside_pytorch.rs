//! Trains a net on CIFAR-100 with random windows and mirrors, and writes down everything that another framework needs
//! to train the same: the initial weights, and of each step its images, windows, mirrors, rate and loss.
//! `benches/baselines/pytorch_losses.py` is that other framework.
//!
//!     cargo run --release --example beside_pytorch -- DATA OUT NET STEPS SEED
//!
//! DATA holds CIFAR-100's binary files. OUT receives `weights.safetensors` and `run.json`. The rate falls from 0.1
//! along a cosine to 0 after STEPS steps of 128 images; momentum 0.9 and decay 0.0001 in PyTorch's convention, channels
//! less their mean and divided by their deviation, windows of images padded by 4 pixels.

use serde_json::json;
use std::{error::Error, fs, path::Path, time::Instant};
use strata::{
    data::{
        Normalisation, cifar,
        normalisation::{Mean, Std},
    },
    host::Stream,
    nn::{weights, zoo},
    ops::{Device, sgd::Convention},
    train::{
        Batches, Images, Policy, Reading, Schedule, Solver, Trainer, Warmup, batches::Augmentation, checkpoint,
        trainer::Streams,
    },
};

const BATCH: usize = 128;
const PADDING: usize = 4;

/// Trains, and writes what was trained on.
///
/// # Errors
/// Arguments that are missing, data that cannot be read, a folder that cannot be written.
pub fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, out, net, steps, seed] = arguments.as_slice() else {
        return Err("give DATA, OUT, NET, STEPS and SEED".into());
    };
    let (out, steps) = (Path::new(out), steps.parse::<u64>()?);
    let data = cifar::load_cifar(Path::new(data), &cifar::CIFAR100_FINE)?;
    let normalisation = Normalisation::of(&data.train, &Mean::Channel, &Std::Channel, 1.0)?;
    let solver = Solver {
        schedule: Schedule { base_lr: 0.1, policy: Policy::Cosine, warmup: Warmup::NONE, max_iter: steps },
        batch_size: BATCH,
        momentum: 0.9,
        weight_decay: 1e-4,
        convention: Convention::Pytorch,
        ..Solver::default()
    };
    let stream = |purpose: &str| Stream::named(&format!("beside/{seed}/{purpose}"));
    let streams = Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") };
    let reading = Reading { augmentation: Augmentation::CropAndMirror, padding: PADDING, ..Reading::centre() };

    let def = zoo::net(net, data.classes())?;
    let images = Images { set: &data.train, normalisation: &normalisation };
    let mut trainer = Trainer::new(&def, &solver, images, reading, streams, &Device::Cpu)?;
    trainer.net.initialise(&mut trainer.executor, |name| stream(&format!("weights/{name}")))?;
    fs::create_dir_all(out)?;
    let initial = weights::encode(&checkpoint::weights_of(&mut trainer)?, "")?;
    fs::write(out.join("weights.safetensors"), initial)?;

    let start = Instant::now();
    let mut losses = Vec::new();
    for step in 0..steps {
        trainer.train_step()?;
        if (step + 1) % 100 == 0 {
            losses.extend(trainer.losses()?);
            println!("step {:>5} loss {:.4}", step + 1, losses[losses.len() - 100..].iter().sum::<f64>() / 100.0);
        }
    }
    losses.extend(trainer.losses()?);
    let seconds = start.elapsed().as_secs_f64();
    let scores = trainer.evaluate(&Images { set: &data.test, normalisation: &normalisation })?;
    println!("top1 {:.4} loss {:.4}, trained in {seconds:.1} s", scores.top1, scores.loss);

    let mut batches = Batches::new(streams.order, streams.crops, data.train.len(), BATCH, reading);
    let mut seen = Vec::new();
    for step in 0..steps {
        let (images, windows) = (batches.indices(step), batches.crops(step, &data.train, def.input[1])?);
        seen.push(json!({ "images": images, "windows": windows.words, "rate": solver.schedule.rate(step) }));
    }
    // The mean of a channel is the same at every pixel.
    let mean = &normalisation.padded_mean(0)[..data.train.channels];
    let run = json!({
        "net": def.name, "classes": data.classes(), "padding": PADDING, "side": def.input[1], "seed": seed,
        "momentum": solver.momentum, "weight_decay": solver.weight_decay, "mean": mean, "scale": normalisation.scale,
        "steps": seen,
        "losses": losses, "top1": scores.top1, "test_loss": scores.loss, "seconds": seconds,
        "images_per_second": (steps * BATCH as u64) as f64 / seconds,
    });
    fs::write(out.join("run.json"), run.to_string())?;
    Ok(())
}
