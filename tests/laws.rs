//! Laws of whole networks: what must hold to the last bit, whatever the numbers are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use strata::{
    data::{
        self, ImageSet, mean,
        store::{OnBad, PackOptions, Store, pack},
    },
    gpu::{Choice, Gpu, GpuError},
    host::{Precision, Stream},
    nn::{BuildOptions, EVAL, Input, Net, NetDef, TRAIN, weights::Tensors, zoo},
    ops::{Device, Element, Executor, Role, Step, TensorId, sgd::Convention},
    train::{
        Batches, Confusion, Division, Images, Prefixes, Reading, Record, Solver, TrainError, Trainer,
        batches::Augmentation,
        checkpoint::{self, Measured},
        trainer::Streams,
    },
};

fn images(count: usize, classes: u16, seed: &str) -> ImageSet {
    let stream = Stream::named(seed);
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for i in 0..count {
        let label = (i % classes as usize) as u16;
        labels.push(label);
        for p in 0..28 * 28 {
            // A bar whose place tells the class, under noise.
            let bar = if (p % 28) / 4 == usize::from(label) { 150 } else { 0 };
            pixels.push((bar + stream.words((i * 784 + p) as u64, 0)[0] % 80) as u8);
        }
    }
    ImageSet::new(28, 28, 1, pixels, labels).unwrap()
}

fn solver(steps: u64, batch_size: usize) -> Solver {
    Solver {
        base_lr: 0.01,
        gamma: 0.1,
        stepsize: steps,
        max_iter: steps,
        batch_size,
        batch_parts: 1,
        momentum: 0.9,
        weight_decay: 0.0005,
        convention: Convention::Caffe,
        precision: Precision::F32,
        loss_scale: 1024,
    }
}

fn streams() -> Streams {
    let stream = |purpose: &str| Stream::named(&format!("laws/{purpose}"));
    Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") }
}

fn trainer<'a>(def: &NetDef, set: &'a ImageSet, mean: &'a [f32], steps: u64, batch: usize) -> Trainer<'a> {
    in_parts(def, set, mean, &solver(steps, batch), &Device::Cpu)
}

fn in_parts<'a>(def: &NetDef, set: &'a ImageSet, mean: &'a [f32], solver: &Solver, device: &Device) -> Trainer<'a> {
    let input = Reading::centre(0.0125);
    let mut trainer = Trainer::new(def, solver, Images { set, mean }, input, streams(), device).unwrap();
    trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
    trainer
}

fn trained(def: &NetDef, steps: u64) -> (Tensors, Tensors) {
    let set = images(40, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    let mut trainer = trainer(def, &set, &mean, steps, 16);
    let before = checkpoint::weights_of(&mut trainer).unwrap();
    for _ in 0..steps {
        trainer.train_step().unwrap();
    }
    (before, checkpoint::weights_of(&mut trainer).unwrap())
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn frozen_layers_are_bit_identical_after_training_and_all_others_change() {
    for n in 1..=7 {
        let mut def = zoo::alexnet28(5);
        def.freeze(n).unwrap();
        let frozen = def.prefix(n).unwrap();
        let (before, after) = trained(&def, 2);
        for (name, (_, values)) in &after {
            let layer = name.split('.').next().unwrap().to_string();
            let same = bits(values) == bits(&before[name].1);
            assert_eq!(same, frozen.contains(&layer), "n = {n}, {name}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_with_one_and_with_two_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| trained(&zoo::alexnet28(5), 3).1)
    };
    let one = run(1);
    for threads in [1, 2] {
        let other = run(threads);
        for (name, (_, values)) in &one {
            assert_eq!(bits(values), bits(&other[name].1), "{name} with {threads} threads");
        }
    }
}

#[test]
fn a_resumed_run_gives_the_same_bytes_as_an_undisturbed_one_also_where_batches_are_in_parts() {
    let set = images(40, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    let def = zoo::alexnet28(5);
    for batch_parts in [1, 2] {
        let solver = Solver { batch_parts, ..solver(6, 16) };
        let trainer = || in_parts(&def, &set, &mean, &solver, &Device::Cpu);
        let mut undisturbed = trainer();
        let whole = losses(&mut undisturbed, 6);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let identity = checkpoint::Identity { configuration: "c".into(), device: "d".into() };
        let mut first = trainer();
        first.division = (batch_parts > 1).then_some(Division { parts: batch_parts, from_step: 0 });
        let mut begun = checkpoint::Losses::default();
        begun.extend(losses(&mut first, 3).into_iter().map(f64::from_bits));
        let record =
            Record { step: 2, epoch: 0.1, train_loss: 1.0 / 3.0, loss: 1e-9, top1: 0.7, top5: 1.0, images: 40 };
        let measured = Measured { losses: begun, records: vec![record] };
        checkpoint::save(&mut first, &measured, &identity, &path).unwrap();
        let division = first.division;
        drop(first);

        let mut second = trainer();
        let mut tell = |text: String| panic!("{text}");
        let found = checkpoint::find(&identity, &path, &mut tell).unwrap().unwrap();
        assert_eq!((found.step, found.division), (3, division));
        let found = found.load(&mut second).unwrap();
        assert_eq!(found, measured);
        assert_eq!(second.division, division);
        assert_eq!((found.losses.count, found.losses.sum), (3, whole[..3].iter().map(|&l| f64::from_bits(l)).sum()));
        assert_eq!(losses(&mut second, 3), whole[3..]);
        let (a, b) = (checkpoint::weights_of(&mut undisturbed).unwrap(), checkpoint::weights_of(&mut second).unwrap());
        for (name, (_, values)) in &a {
            assert_eq!(bits(values), bits(&b[name].1), "{name}");
        }
        let other = checkpoint::Identity { device: "another".into(), ..identity };
        let refused = checkpoint::find(&other, &path, &mut tell).unwrap_err().to_string();
        assert!(refused.contains("device"), "{refused}");
    }
}

/// The size of a difference as a share of what it differs from.
fn share(values: &[f32], expected: &[f32]) -> f64 {
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    let off = norm(&mut values.iter().zip(expected).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    off / norm(&mut expected.iter().map(|&v| f64::from(v))).max(f64::MIN_POSITIVE)
}

/// Frozen layers with and without their cache, windows that are drawn anew, and batches over the end of an epoch.
#[test]
fn a_batch_in_parts_trains_like_a_whole_one() {
    let set = images(20, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    for (device, steps) in [(Device::Cpu, 4), (software(), 2), (guarded(false), 2)] {
        for n in [0, 3, 7] {
            let mut def = zoo::alexnet28(5);
            if n > 0 {
                def.freeze(n).unwrap();
            }
            let run = |batch_parts: usize| {
                let solver = Solver { batch_parts, ..solver(steps, 12) };
                let mut trainer = in_parts(&def, &set, &mean, &solver, &device);
                let before = checkpoint::weights_of(&mut trainer).unwrap();
                let losses: Vec<f64> = losses(&mut trainer, steps).into_iter().map(f64::from_bits).collect();
                // The update itself, of which the rounding of a weight hides most.
                let history: Vec<_> = trainer.net.params.iter().filter_map(|param| param.h).collect();
                let history: Vec<Vec<f32>> = history.iter().map(|&h| trainer.executor.read(h).unwrap()).collect();
                (losses, history, before, checkpoint::weights_of(&mut trainer).unwrap())
            };
            let (whole_losses, whole_history, _, whole) = run(1);
            for parts in [2, 3] {
                let (losses, history, before, weights) = run(parts);
                let what = format!("{}, n = {n}, {parts} parts", device.describe());
                // The first step's forward pass gives the same bits: the same images, weights and masks.
                assert_eq!(losses[0].to_bits(), whole_losses[0].to_bits(), "{what}");
                let mut most: f64 = 0.0;
                for (loss, whole) in losses.iter().zip(&whole_losses) {
                    most = most.max((loss - whole).abs() / whole);
                }
                for (h, whole) in history.iter().zip(&whole_history) {
                    most = most.max(share(h, whole));
                }
                println!("{what}: {most:.1e}");
                assert!(most <= 1e-6, "{what}: {most:.1e}");
                for (name, (_, values)) in &weights {
                    assert!(share(values, &whole[name].1) <= 1e-6, "{what}, {name}");
                    let frozen = bits(values) == bits(&before[name].1);
                    assert_eq!(
                        frozen,
                        def.prefix(n.max(1)).unwrap().iter().any(|l| n > 0 && name.starts_with(l.as_str()))
                    );
                }
            }
        }
    }
}

#[test]
fn a_cached_prefix_gives_the_same_bits_as_one_that_runs_at_every_step() {
    let set = images(40, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    for n in [1, 4, 6, 7] {
        let mut def = zoo::alexnet28(5);
        def.freeze(n).unwrap();
        let mut cached = trainer(&def, &set, &mean, 3, 16);
        let mut plain = trainer(&def, &set, &mean, 3, 16).without_cache();
        assert_eq!(losses(&mut cached, 3), losses(&mut plain, 3), "n = {n}");
        let (a, b) = (checkpoint::weights_of(&mut cached).unwrap(), checkpoint::weights_of(&mut plain).unwrap());
        for (name, (_, values)) in &a {
            assert_eq!(bits(values), bits(&b[name].1), "n = {n}, {name}");
        }
    }
}

/// A net for windows of 24x24 out of images of 28x28.
fn smaller(n: usize) -> NetDef {
    let mut def = zoo::alexnet28(5);
    def.input = [1, 24, 24];
    def.freeze(n).unwrap();
    def
}

fn on_views<'a>(def: &NetDef, set: &'a ImageSet, mean: &'a [f32], views: u32, steps: u64) -> Trainer<'a> {
    let reading = Reading { scale: 0.0125, augmentation: Augmentation::CropAndMirror, views };
    let images = Images { set, mean };
    let mut trainer = Trainer::new(def, &solver(steps, 16), images, reading, streams(), &Device::Cpu).unwrap();
    trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
    trainer
}

fn losses(trainer: &mut Trainer<'_>, steps: u64) -> Vec<u64> {
    (0..steps).for_each(|_| trainer.train_step().unwrap());
    trainer.losses().unwrap().into_iter().map(f64::to_bits).collect()
}

#[test]
fn a_fixed_number_of_views_gives_the_same_bits_with_and_without_a_cache() {
    let set = images(20, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    // Ten steps of 16 are eight epochs: each of three views is seen more than once.
    for n in [1, 5, 7] {
        let def = smaller(n);
        let mut cached = on_views(&def, &set, &mean, 3, 10);
        let mut plain = on_views(&def, &set, &mean, 3, 10).without_cache();
        assert_eq!(losses(&mut cached, 10), losses(&mut plain, 10), "n = {n}");
        let (a, b) = (checkpoint::weights_of(&mut cached).unwrap(), checkpoint::weights_of(&mut plain).unwrap());
        for (name, (_, values)) in &a {
            assert_eq!(bits(values), bits(&b[name].1), "n = {n}, {name}");
        }
        assert_ne!(
            losses(&mut on_views(&def, &set, &mean, 2, 10), 10),
            losses(&mut on_views(&def, &set, &mean, 3, 10), 10)
        );
        assert_ne!(
            losses(&mut on_views(&def, &set, &mean, 0, 10), 10),
            losses(&mut on_views(&def, &set, &mean, 3, 10), 10)
        );
    }
}

#[test]
fn an_image_has_as_many_windows_as_views_and_sees_them_in_turn() {
    let set = images(20, 5, "set");
    let reading = Reading { scale: 1.0, augmentation: Augmentation::CropAndMirror, views: 3 };
    let mut batches = Batches::new(Stream::named("order"), Stream::named("crops"), 20, 20, reading);
    let mut seen = vec![Vec::new(); 20];
    for epoch in 0..7 {
        let crops = batches.crops(epoch, &set, 20).unwrap();
        for (index, crop) in batches.indices(epoch).into_iter().zip(crops.chunks_exact(3)) {
            seen[index].push(crop.to_vec());
        }
    }
    for crops in &seen {
        assert_eq!((&crops[..3], &crops[..3], &crops[0]), (&crops[3..6], &crops[..3], &crops[6]));
    }
    assert!(seen.iter().filter(|crops| crops[0] != crops[1] && crops[1] != crops[2]).count() > 15);
}

#[test]
fn networks_that_share_a_frozen_prefix_get_the_bits_of_networks_alone() {
    let set = images(40, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    let prefixes = Prefixes::default();
    let probe = |n: usize| zoo::alexnet28(5).probe(n).unwrap();
    let frozen = |n: usize| {
        let mut def = zoo::alexnet28(5);
        def.freeze(n).unwrap();
        def
    };
    // The prefixes of n = 6 and 7 end below the same dropout; the probe on seven layers has none.
    for (def, kept) in [(frozen(4), 1), (probe(4), 1), (frozen(6), 2), (frozen(7), 2), (probe(6), 2), (probe(7), 3)] {
        let mut alone = trainer(&def, &set, &mean, 3, 16);
        let mut sharing = trainer(&def, &set, &mean, 3, 16).sharing(&prefixes, "weights and images");
        assert_eq!(losses(&mut sharing, 3), losses(&mut alone, 3));
        assert_eq!(prefixes.len(), kept);
    }
    // What is shared is used: another key's activations would change the result.
    let mut other = trainer(&frozen(4), &set, &mean, 3, 16);
    for param in other.net.params.clone().iter().filter(|param| param.name == "conv1.bias") {
        other.executor.write(param.w, &vec![0.5; param.shape[0]]).unwrap();
    }
    let alone = losses(&mut trainer(&frozen(4), &set, &mean, 3, 16), 3);
    assert_eq!(losses(&mut other.sharing(&prefixes, "weights and images"), 3), alone);
}

#[test]
fn thirty_two_images_overfit_to_a_loss_near_zero() {
    let set = images(32, 5, "overfit");
    let mean = mean::mean_image(&set).unwrap();
    let mut trainer = trainer(&zoo::alexnet28(5), &set, &mean, 200, 32);
    for _ in 0..200 {
        trainer.train_step().unwrap();
    }
    let scores = trainer.evaluate(&Images { set: &set, mean: &mean }).unwrap();
    assert!(scores.loss < 0.01, "loss {}", scores.loss);
    assert_eq!(scores.top1, 1.0);
}

fn build(def: &NetDef, batch: usize) -> Net {
    built(def, batch, false)
}

fn built(def: &NetDef, batch: usize, keep_gradients: bool) -> Net {
    let options = BuildOptions {
        batch,
        parts: 1,
        input: Input::Activation,
        momentum: 0.9,
        weight_decay: 0.0,
        convention: Convention::Caffe,
        precision: Precision::F32,
        loss_scale: 1.0,
        given_masks: false,
        keep_gradients,
    };
    Net::build(def, options).unwrap()
}

#[test]
fn a_net_of_which_nothing_is_trainable_runs_no_backward_pass() {
    let mut def = zoo::alexnet28(5);
    def.freeze(8).unwrap();
    let net = build(&def, 4);
    assert!(net.program.tapes[TRAIN].iter().all(|entry| ["forward", "apply"].contains(&entry.op.pass())));
    assert!(net.params.iter().all(|param| param.g.is_none() && param.h.is_none()));
}

#[test]
fn nothing_below_the_lowest_trainable_layer_is_computed_backward() {
    let mut def = zoo::alexnet28(5);
    def.freeze(3).unwrap();
    let net = build(&def, 4);
    let backward: Vec<(String, &str)> = net.program.tapes[TRAIN]
        .iter()
        .filter(|entry| entry.op.pass().starts_with("backward"))
        .map(|entry| (entry.layer.clone(), entry.op.pass()))
        .collect();
    let frozen = ["conv1", "pool1", "norm1", "conv2", "pool2", "norm2", "conv3", "relu1", "relu2", "relu3"];
    assert!(backward.iter().all(|(layer, _)| !frozen.contains(&layer.as_str())), "{backward:?}");
    assert!(backward.contains(&("conv4".into(), "backward_weight_update")));
    assert!(!backward.contains(&("conv4".into(), "backward_input")));
}

#[test]
fn an_images_scores_do_not_depend_on_the_rest_of_its_batch() {
    let def = zoo::alexnet28(5);
    let pixels = Stream::named("x").normal(70 * 784, 1.0);
    let logits = |batch: usize, first: usize| {
        let net = build(&def, batch);
        let mut executor = Executor::load(&Device::Cpu, net.program.clone()).unwrap();
        net.initialise(&mut executor, Stream::named).unwrap();
        executor.write(net.x, &pixels[first * 784..(first + batch) * 784]).unwrap();
        let step = Step { iteration: 0, rate: 0.0, dropout: Stream::named("d"), first_image: 0 };
        executor.run(EVAL, &step).unwrap();
        executor.read(net.logits).unwrap()
    };
    let all = logits(64, 0);
    for (batch, first) in [(1, 0), (2, 7), (33, 5), (5, 59)] {
        let few = logits(batch, first);
        assert_eq!(bits(&few), bits(&all[first * 5..(first + batch) * 5]), "{batch} images from {first}");
    }
}

/// The WGSL kernels on the software adapter; without one these tests fail and say what to install.
fn software() -> Device {
    match Gpu::open(&Choice::Software) {
        Ok(gpu) => Device::Gpu(gpu),
        Err(error) => panic!("{error}"),
    }
}

/// The same with guards around every tensor, and with the kernels for processors or those for GPUs.
fn guarded(lanes: bool) -> Device {
    let opened = Gpu::open_limited(&Choice::Software, |limits| {
        limits.guarded = true;
        limits.lanes &= lanes;
    });
    match opened {
        Ok(gpu) => Device::Gpu(gpu),
        Err(error) => panic!("{error}"),
    }
}

/// Losses of two steps and the weights behind them, after n frozen layers.
fn two_steps(device: &Device, n: usize) -> (Vec<f64>, Tensors, Tensors) {
    let set = images(8, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    let mut def = zoo::alexnet28(5);
    if n > 0 {
        def.freeze(n).unwrap();
    }
    let images = Images { set: &set, mean: &mean };
    let input = Reading::centre(0.0125);
    let mut trainer = Trainer::new(&def, &solver(2, 4), images, input, streams(), device).unwrap();
    trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
    let before = checkpoint::weights_of(&mut trainer).unwrap();
    let losses = losses(&mut trainer, 2).into_iter().map(f64::from_bits).collect();
    (losses, before, checkpoint::weights_of(&mut trainer).unwrap())
}

#[test]
fn the_first_loss_of_the_wgsl_kernels_is_that_of_the_native_executor() {
    let (gpu, _, gpu_weights) = two_steps(&software(), 0);
    let (cpu, _, cpu_weights) = two_steps(&Device::Cpu, 0);
    assert!((gpu[0] - cpu[0]).abs() <= 1e-5 * cpu[0], "{} and {}", gpu[0], cpu[0]);
    for (name, (_, values)) in &gpu_weights {
        let expected = &cpu_weights[name].1;
        let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
        let off = norm(&mut values.iter().zip(expected).map(|(a, b)| f64::from(a - b)));
        let size = norm(&mut expected.iter().map(|&v| f64::from(v)));
        assert!(off <= 3e-4 * size, "{name}: {off} of {size}");
    }
}

#[test]
fn a_training_step_writes_nothing_beside_its_tensors() {
    // A write that goes astray is an error of the step; a value from a guard is a NaN.
    for n in [0, 3] {
        let (losses, _, weights) = two_steps(&software(), n);
        let (guarded_losses, _, guarded_weights) = two_steps(&guarded(true), n);
        assert_eq!(guarded_losses, losses, "n = {n}");
        for (name, (_, values)) in &weights {
            assert_eq!(bits(values), bits(&guarded_weights[name].1), "n = {n}, {name}");
        }
        let (losses, ..) = two_steps(&guarded(false), n);
        assert!(losses.iter().all(|loss| loss.is_finite()));
    }
}

#[test]
fn no_operation_reads_what_none_has_written() {
    let set = images(8, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    for (device, batch_parts) in [(Device::Cpu, 1), (Device::Cpu, 2), (software(), 1), (software(), 2)] {
        for n in [0, 3] {
            let mut def = zoo::alexnet28(5);
            if n > 0 {
                def.freeze(n).unwrap();
            }
            let run = |poisoned: bool| {
                let images = Images { set: &set, mean: &mean };
                let mut trainer = in_parts(&def, &set, &mean, &Solver { batch_parts, ..solver(2, 4) }, &device);
                let written = [Role::Activation, Role::ActivationGradient, Role::ParameterGradient];
                for (id, tensor) in trainer.net.program.clone().tensors.iter().enumerate() {
                    match tensor.element {
                        _ if !poisoned || !written.contains(&tensor.role) => {}
                        Element::Real => {
                            trainer.executor.write(TensorId(id), &vec![f32::NAN; tensor.shape.len()]).unwrap();
                        }
                        Element::Word => {
                            trainer.executor.write_words(TensorId(id), &vec![u32::MAX; tensor.shape.len()]).unwrap();
                        }
                        Element::Byte => {}
                    }
                }
                let losses = losses(&mut trainer, 2);
                let scores = trainer.evaluate(&images).unwrap();
                let weights = checkpoint::weights_of(&mut trainer).unwrap();
                let weights: Vec<Vec<u32>> = weights.values().map(|(_, values)| bits(values)).collect();
                (losses, scores.loss.to_bits(), weights)
            };
            assert!(run(true) == run(false), "{}, n = {n}", device.describe());
        }
    }
}

#[test]
fn confusion_counts_agree_with_the_ranks_on_both_executors() {
    let set = images(11, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    let images = Images { set: &set, mean: &mean };
    let names: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).into();
    let counts = [Device::Cpu, software()].map(|device| {
        let input = Reading::centre(0.0125);
        // The last batch is partly filled: what stands in its empty places must not be counted.
        let mut trainer = Trainer::new(&zoo::alexnet28(7), &solver(2, 4), images, input, streams(), &device).unwrap();
        trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
        let mut confusion = Confusion::new(&names, trainer.net.classes());
        let scores = trainer.evaluate_into(&images, Some(&mut confusion)).unwrap();
        assert_eq!(scores, trainer.evaluate(&images).unwrap(), "counting changes no score");
        assert_eq!(confusion.right(), (scores.top1 * 11.0).round() as u64);
        let rows: Vec<u64> = confusion.counts.iter().map(|row| row.iter().sum()).collect();
        assert_eq!(rows, [3, 2, 2, 2, 2]);
        confusion.counts
    });
    assert!(counts.iter().all(|counts| counts.iter().all(|row| row.len() == 7)));
    assert_eq!(counts[0], counts[1]);
}

#[test]
fn on_the_wgsl_kernels_frozen_layers_keep_their_bits_and_two_runs_give_the_same() {
    let device = software();
    let (losses, before, after) = two_steps(&device, 3);
    for (name, (_, values)) in &after {
        let frozen = ["conv1", "conv2", "conv3"].iter().any(|layer| name.starts_with(layer));
        assert_eq!(bits(values) == bits(&before[name].1), frozen, "{name}");
    }
    let (again, _, same) = two_steps(&device, 3);
    assert_eq!(again, losses);
    for (name, (_, values)) in &after {
        assert_eq!(bits(values), bits(&same[name].1), "{name}");
    }
}

/// Caffe's history is the same to the bit, PyTorch's so much larger.
#[test]
fn scaling_the_loss_changes_no_bit_of_a_step() {
    let set = images(40, 5, "set");
    let input = Stream::named("x").normal(6 * 784, 1.0);
    for (device, convention) in [
        (Device::Cpu, Convention::Caffe),
        (Device::Cpu, Convention::Pytorch),
        (guarded(true), Convention::Caffe),
        (guarded(false), Convention::Pytorch),
    ] {
        let run = |loss_scale: f64| {
            let def = zoo::alexnet28(5);
            let options = BuildOptions { loss_scale, convention, batch: 6, ..solver(3, 6).building(Input::Activation) };
            let net = Net::build(&def, options).unwrap();
            let mut executor = Executor::load(&device, net.program.clone()).unwrap();
            net.initialise(&mut executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
            executor.write(net.x, &input).unwrap();
            executor
                .write_words(net.labels, &set.labels[..6].iter().map(|&l| u32::from(l)).collect::<Vec<_>>())
                .unwrap();
            for iteration in 0..3 {
                let step = Step { iteration, rate: 0.01, dropout: Stream::named("d"), first_image: 0 };
                executor.run(TRAIN, &step).unwrap();
            }
            let mut read = |id: TensorId| executor.read(id).unwrap();
            let values = net.params.iter().map(|param| (read(param.w), read(param.h.unwrap())));
            values.collect::<Vec<_>>()
        };
        let (plain, scaled) = (run(1.0), run(1024.0));
        let history = if convention == Convention::Caffe { 1.0 } else { 1024.0 };
        for ((w, h), (scaled_w, scaled_h)) in plain.iter().zip(&scaled) {
            assert_eq!(bits(w), bits(scaled_w), "{} {convention:?}", device.describe());
            let h: Vec<f32> = h.iter().map(|value| value * history).collect();
            assert!(bits(&h) == bits(scaled_h) && h.iter().any(|&value| value != 0.0), "{convention:?}");
        }
    }
}

/// Where the adapter cannot, it must say so.
#[test]
fn a_network_trains_in_mixed_precision_to_the_same_bits_again_and_an_overflow_ends_it_with_a_message() {
    let gpu = match Gpu::open_for(&Choice::Software, Precision::Mixed, |limits| limits.guarded = true) {
        Ok(gpu) => Device::Gpu(gpu),
        Err(error) => return assert!(matches!(error, GpuError::Precision { .. }), "{error}"),
    };
    let set = images(80, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    let def = zoo::alexnet28(5);
    let mixed = |loss_scale: u32| Solver { precision: Precision::Mixed, loss_scale, ..solver(12, 16) };
    let run = |solver: &Solver, device: &Device| {
        let mut trainer = in_parts(&def, &set, &mean, solver, device);
        let losses = losses(&mut trainer, 12);
        (losses, checkpoint::weights_of(&mut trainer).unwrap())
    };
    let (first, again, f32) = (run(&mixed(1024), &gpu), run(&mixed(1024), &gpu), run(&solver(12, 16), &Device::Cpu));
    assert_eq!(first.0, again.0);
    for (name, (_, values)) in &first.1 {
        assert_eq!(bits(values), bits(&again.1[name].1), "{name}");
        assert_ne!(bits(values), bits(&f32.1[name].1), "{name} was not computed in mixed precision");
    }
    let values = |bits: &[u64]| bits.iter().map(|&loss| f64::from_bits(loss)).collect::<Vec<_>>();
    let (losses, of_f32) = (values(&first.0), values(&f32.0));
    println!("losses {losses:?}, in f32 {of_f32:?}");
    // Before the first update the two differ by the rounding of operands alone; later by what that grows to.
    assert!((losses[0] - of_f32[0]).abs() <= of_f32[0] * 2.0_f64.powi(-10), "{} and {}", losses[0], of_f32[0]);
    let mean_of = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    assert!(mean_of(&losses[8..]) < mean_of(&losses[..4]), "{losses:?}");
    let mut trainer = in_parts(&def, &set, &mean, &mixed(1 << 31), &gpu).waiting();
    let error = (0..3).find_map(|_| trainer.train_step().err()).unwrap();
    assert!(matches!(error, TrainError::Diverged { place: Some(_), .. }), "{error}");
    assert!(error.to_string().contains("loss_scale"), "{error}");
}

/// Where gradients are kept, every tensor has storage of its own, and updates are operations of their own.
#[test]
fn shared_storage_and_updates_within_gradients_change_no_bit_and_memory_is_flat() {
    let tiles = Gpu::open_limited(&Choice::Software, |limits| limits.lanes = false);
    for device in [Device::Cpu, software(), Device::Gpu(tiles.unwrap_or_else(|e| panic!("{e}")))] {
        let run = |keep_gradients: bool| {
            let net = built(&zoo::alexnet28(5), 6, keep_gradients);
            let mut executor = Executor::load(&device, net.program.clone()).unwrap();
            net.initialise(&mut executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
            executor.write(net.x, &Stream::named("x").normal(6 * 784, 1.0)).unwrap();
            executor.write_words(net.labels, &[0, 1, 2, 3, 4, 0]).unwrap();
            let mut bytes = Vec::new();
            for iteration in 0..3 {
                let step = Step { iteration, rate: 0.01, dropout: Stream::named("d"), first_image: 0 };
                executor.run(TRAIN, &step).unwrap();
                bytes.push(executor.bytes());
            }
            assert_eq!(bytes[1..], [bytes[0]; 2], "{}", device.describe());
            let ids = net.params.iter().flat_map(|param| [param.w, param.h.unwrap()]);
            let values: Vec<Vec<u32>> = ids.map(|id| bits(&executor.read(id).unwrap())).collect();
            let gradient = net.outputs["conv3"].1.unwrap();
            assert_eq!(executor.read(gradient).is_ok(), keep_gradients);
            (bytes[0], values)
        };
        let ((shared, together), (own, apart)) = (run(false), run(true));
        assert!(together == apart, "{}", device.describe());
        assert!(shared < own, "{shared} bytes and {own}");
    }
}

/// More steps than the losses of which are under way at once; the second device divides the batch, and its losses.
#[test]
fn losses_that_nobody_waits_for_are_those_that_every_step_waits_for() {
    let set = images(80, 5, "set");
    let mean = mean::mean_image(&set).unwrap();
    let images = Images { set: &set, mean: &mean };
    let divided = Gpu::open_limited(&Choice::Software, |limits| limits.binding_bytes = 2 << 20);
    for device in [Device::Cpu, software(), Device::Gpu(divided.unwrap_or_else(|e| panic!("{e}")))] {
        let mut def = zoo::alexnet28(5);
        def.freeze(7).unwrap();
        let run = |waiting: bool| {
            let trainer = Trainer::new(&def, &solver(12, 40), images, Reading::centre(0.0125), streams(), &device);
            let mut trainer = trainer.unwrap();
            if waiting {
                trainer = trainer.waiting();
            }
            trainer.net.initialise(&mut trainer.executor, |name| Stream::named(&format!("laws/{name}"))).unwrap();
            let mut all = losses(&mut trainer, 12);
            assert_eq!(all.len(), 12);
            all.extend(losses(&mut trainer, 0));
            all
        };
        assert_eq!(run(false), run(true), "{}", device.describe());
    }
}

#[test]
fn a_packed_set_trains_to_the_same_bits_as_one_in_memory_also_from_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let noise = Stream::named("packed");
    for (i, words) in noise.normal(24 * 16, 60.0).chunks(16).enumerate() {
        let pixel = |x: u32, y: u32| {
            let at = (x / 8 + 4 * (y / 8)) as usize;
            image::Rgb([words[at], words[15 - at], words[at] / 2.0].map(|v| (v + 128.0) as u8))
        };
        let class = folder.path().join("train").join((i % 4).to_string());
        std::fs::create_dir_all(&class).unwrap();
        image::RgbImage::from_fn(32, 32, pixel).save(class.join(format!("{i}.png"))).unwrap();
    }
    let listing = data::folder::open(folder.path(), None).unwrap();
    let options = PackOptions { side: 32, on_bad: OnBad::Fail, max_bad: 0 };
    let out = folder.path().join("set.pack");
    pack(&listing, &out, options, &|_, _| true).unwrap();
    let stored = Store::open(&out).unwrap().dataset().unwrap().train;
    let loaded = data::folder::load(&listing, 32).unwrap().train;
    assert!(stored.is_stored() && !loaded.is_stored());

    let mean = mean::mean_image(&loaded).unwrap();
    let def = zoo::net("alexnet32", 4).unwrap();
    let run = |set: &ImageSet, first: u64, batch_parts: usize| {
        let mut trainer = in_parts(&def, set, &mean, &Solver { batch_parts, ..solver(8, 10) }, &Device::Cpu);
        trainer.step = first;
        let losses = losses(&mut trainer, 8 - first);
        let scores = trainer.evaluate(&Images { set, mean: &mean }).unwrap();
        let again = trainer.evaluate(&Images { set, mean: &mean }).unwrap();
        assert_eq!(scores, again);
        let weights: Vec<Vec<u32>> =
            checkpoint::weights_of(&mut trainer).unwrap().values().map(|(_, values)| bits(values)).collect();
        (losses, scores, weights)
    };
    for first in [0, 5] {
        for parts in [1, 2] {
            assert!(run(&stored, first, parts) == run(&loaded, first, parts), "from step {first}, {parts} parts");
        }
    }
}
