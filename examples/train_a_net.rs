//! Reads a net from its file, trains it for ten steps, reads an activation, and begins another net from its first three
//! layers, frozen: the paper's transfer network in small.
//!
//! It reads the net from a file of the repository, so run it from the repository's root:
//!
//!     cargo run --release --example train_a_net

use std::{error::Error, path::Path};
use strata::{
    data::{Normalisation, fashion},
    host::Stream,
    nn::{NetDef, NnError, net_file},
    ops::Device,
    train::{Images, Policy, Reading, Schedule, Solver, Trainer, Warmup, trainer::Streams},
};

/// The net of a file, with one output a class.
fn net(classes: usize) -> Result<NetDef, NnError> {
    net_file::read(Path::new("nets/alexnet28.toml"))?.with_classes(classes)
}

/// Trains both nets.
///
/// # Errors
/// No net file where it is looked for; otherwise none on a machine with memory enough.
pub fn main() -> Result<(), Box<dyn Error>> {
    // Images are bytes. The mean of those that are trained on is subtracted on the device.
    let data = fashion::embedded()?;
    let set = data.train.select(&(0..640).collect::<Vec<_>>())?;
    let normalisation = Normalisation::mean_image(&set, 1.0 / 80.0)?;
    let images = Images { set: &set, normalisation: &normalisation };

    let solver = Solver {
        schedule: Schedule {
            base_lr: 0.01,
            policy: Policy::Cosine,
            warmup: Warmup { iter: 3, start_factor: 0.1 },
            max_iter: 10,
        },
        batch_size: 64,
        momentum: 0.9,
        nesterov: true,
        ..Solver::default()
    };
    // Everything random comes from named streams: the same names, the same bits.
    let streams = |network: &str| {
        let stream = |purpose: &str| Stream::named(&format!("example/{network}/{purpose}"));
        Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") }
    };

    let def = net(data.classes())?;
    let mut base = Trainer::new(&def, &solver, images, Reading::centre(), streams("base"), &Device::Cpu)?;
    base.net.initialise(&mut base.executor, |name| Stream::named(&format!("example/base/{name}")))?;
    for _ in 0..10 {
        base.train_step()?;
    }
    println!("base: losses {:.3?}", base.losses()?);

    // What a layer makes of images, one vector after the other, channels first.
    let few = set.select(&[0, 1, 2])?;
    let layers = ["conv3".to_string()];
    let activations = base.activations(&Images { set: &few, normalisation: &normalisation }, &layers)?;
    let zeros = activations[0].iter().filter(|&&value| value == 0.0).count();
    println!("conv3: {} values of three images, {zeros} of them 0 after the rectifier", activations[0].len());

    // A net whose first three layers do not learn. They are copied, the others are new.
    let mut def = net(data.classes())?;
    def.freeze(3)?;
    let mut transfer = Trainer::new(&def, &solver, images, Reading::centre(), streams("transfer"), &Device::Cpu)?;
    transfer.net.initialise(&mut transfer.executor, |name| Stream::named(&format!("example/transfer/{name}")))?;
    let copied = def.prefix(3)?;
    let all = base.net.params.clone().into_iter().zip(transfer.net.params.clone());
    let params: Vec<_> = all.filter(|(param, _)| copied.contains(&param.layer)).collect();
    for (from, to) in &params {
        let weights = base.executor.read(from.w)?;
        transfer.executor.write(to.w, &weights)?;
    }
    for _ in 0..10 {
        transfer.train_step()?;
    }
    println!("A3A: losses {:.3?}", transfer.losses()?);
    for (from, to) in &params {
        if base.executor.read(from.w)? != transfer.executor.read(to.w)? {
            return Err(format!("{} is frozen, and has changed", to.name).into());
        }
    }
    println!("{}: the same bits in both nets", copied.join(", "));
    Ok(())
}
