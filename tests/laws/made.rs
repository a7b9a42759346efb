//! What the laws are tried on: small sets of images, a small net, and trainers of both.

use strata::{
    data::{ImageSet, Normalisation},
    gpu::{Choice, Gpu},
    host::Stream,
    nn::{BuildOptions, Net, NetDef, weights::Tensors, zoo},
    ops::Device,
    train::{Images, Policy, Reading, Schedule, Solver, Trainer, Warmup, checkpoint, trainer::Streams},
};

pub fn images(count: usize, classes: u16, seed: &str) -> ImageSet {
    let stream = Stream::named(seed);
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for i in 0..count {
        let label = (i % classes as usize) as u16;
        labels.push(label);
        for p in 0..28 * 28 {
            // A bar whose place is that of the class, under noise.
            let bar = if (p % 28) / 4 == usize::from(label) { 150 } else { 0 };
            pixels.push((bar + stream.words((i * 784 + p) as u64, 0)[0] % 80) as u8);
        }
    }
    ImageSet::new(28, 28, 1, pixels, labels).unwrap()
}

pub fn schedule(policy: Policy, max_iter: u64) -> Schedule {
    Schedule { base_lr: 0.01, policy, warmup: Warmup::NONE, max_iter }
}

pub fn solver(steps: u64, batch_size: usize) -> Solver {
    Solver { schedule: schedule(Policy::Step { gamma: 0.1, stepsize: steps }, steps), batch_size, ..Solver::default() }
}

pub fn streams() -> Streams {
    let stream = |purpose: &str| Stream::named(&format!("laws/{purpose}"));
    Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") }
}

pub fn trainer<'a>(
    def: &NetDef,
    set: &'a ImageSet,
    normalisation: &'a Normalisation,
    steps: u64,
    batch: usize,
) -> Trainer<'a> {
    in_parts(def, set, normalisation, &solver(steps, batch), &Device::Cpu)
}

pub fn in_parts<'a>(
    def: &NetDef,
    set: &'a ImageSet,
    normalisation: &'a Normalisation,
    solver: &Solver,
    device: &Device,
) -> Trainer<'a> {
    reading(def, set, normalisation, solver, device, Reading::centre())
}

/// A trainer that reads images in some way.
pub fn reading<'a>(
    def: &NetDef,
    set: &'a ImageSet,
    normalisation: &'a Normalisation,
    solver: &Solver,
    device: &Device,
    reading: Reading,
) -> Trainer<'a> {
    let mut trainer = Trainer::new(def, solver, Images { set, normalisation }, reading, streams(), device).unwrap();
    trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
    trainer
}

pub fn trained(def: &NetDef, steps: u64) -> (Tensors, Tensors) {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let mut trainer = trainer(def, &set, &normalisation, steps, 16);
    let before = checkpoint::weights_of(&mut trainer).unwrap();
    for _ in 0..steps {
        trainer.train_step().unwrap();
    }
    (before, checkpoint::weights_of(&mut trainer).unwrap())
}

pub fn losses(trainer: &mut Trainer<'_>, steps: u64) -> Vec<u64> {
    (0..steps).for_each(|_| trainer.train_step().unwrap());
    trainer.losses().unwrap().into_iter().map(f64::to_bits).collect()
}

/// Losses of two steps and the weights after them, after n frozen layers.
pub fn two_steps(device: &Device, n: usize) -> (Vec<f64>, Tensors, Tensors) {
    let set = images(8, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let mut def = zoo::net("alexnet28", 5).unwrap();
    if n > 0 {
        def.freeze(n).unwrap();
    }
    let images = Images { set: &set, normalisation: &normalisation };
    let input = Reading::centre();
    let mut trainer = Trainer::new(&def, &solver(2, 4), images, input, streams(), device).unwrap();
    trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
    let before = checkpoint::weights_of(&mut trainer).unwrap();
    let losses = losses(&mut trainer, 2).into_iter().map(f64::from_bits).collect();
    (losses, before, checkpoint::weights_of(&mut trainer).unwrap())
}

pub fn build(def: &NetDef, batch: usize) -> Net {
    built(def, batch, false)
}

pub fn built(def: &NetDef, batch: usize, keep_gradients: bool) -> Net {
    let options = BuildOptions { weight_decay: 0.0, keep_gradients, ..BuildOptions::of(batch) };
    Net::build(def, options).unwrap()
}

/// The WGSL kernels on the software adapter; without one these tests fail and say what to install.
pub fn software() -> Device {
    match Gpu::open(&Choice::Software) {
        Ok(gpu) => Device::Gpu(gpu),
        Err(error) => panic!("{error}"),
    }
}

/// The same with guards around every tensor, and with the kernels for processors or those for GPUs.
pub fn guarded(lanes: bool) -> Device {
    let opened = Gpu::open_limited(&Choice::Software, |limits| {
        limits.guarded = true;
        limits.lanes &= lanes;
    });
    match opened {
        Ok(gpu) => Device::Gpu(gpu),
        Err(error) => panic!("{error}"),
    }
}

pub fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// The size of a difference as a share of what it differs from.
pub fn share(values: &[f32], expected: &[f32]) -> f64 {
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    let off = norm(&mut values.iter().zip(expected).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    off / norm(&mut expected.iter().map(|&v| f64::from(v))).max(f64::MIN_POSITIVE)
}
