//! Nets with batch normalisation: what a frozen one keeps, what random blocks take their statistics from, what is saved
//! with them, and what is refused.

use super::made::{bits, build, guarded, images, in_parts, losses, software, solver, trained, trainer};
use strata::{
    data::Normalisation,
    host::Stream,
    nn::{BuildOptions, Net, NetDef, ParamRole, Tape, gradcheck::gradcheck, net_file, weights, zoo},
    ops::{Device, Executor, Step},
    train::{
        Images, Schedule, Solver, Trainer,
        checkpoint::{self, Measured},
    },
};

const NORMALISED: &str = include_str!("../nets/normalised.toml");

fn normalised() -> NetDef {
    net_file::parse("normalised", NORMALISED).unwrap()
}

/// Why the net is refused where a text of its file is another.
fn refused(from: &str, to: &str) -> String {
    assert!(NORMALISED.contains(from), "{from}");
    net_file::parse("normalised", &NORMALISED.replacen(from, to, 1)).unwrap_err().to_string()
}

fn statistics(trainer: &mut Trainer<'_>) -> Vec<(String, Vec<u32>)> {
    let params = trainer.net.params.clone();
    let of = params.into_iter().filter(|param| param.role == ParamRole::Statistic);
    of.map(|param| (param.name, bits(&trainer.executor.read(param.w).unwrap()))).collect()
}

#[test]
fn the_gradients_of_a_normalised_net_are_those_of_the_reference_and_of_central_differences() {
    for device in [Device::Cpu, software(), guarded(false)] {
        let mut wrong = Vec::new();
        let summary = gradcheck(&normalised(), 4, &device, |line| {
            println!("{line}");
            wrong.extend(line.complaint.clone());
        });
        assert!(summary.unwrap().ok(), "{}: {wrong:#?}", device.describe());
    }
}

#[test]
fn a_rectifier_behind_a_normalisation_is_no_operation_of_its_own() {
    let net = build(&normalised(), 4);
    assert!(!net.program.tape(Tape::Train).iter().any(|entry| entry.op.stem() == "relu"));
}

#[test]
fn the_sums_of_resnet20_are_no_operations_of_a_step_and_those_of_an_evaluation_remain() {
    let net = build(&zoo::net("resnet20", 10).unwrap(), 4);
    let sums = |tape: Tape| {
        net.program.tape(tape).iter().filter(|entry| entry.op.stem() == "add" && entry.op.pass() == "forward").count()
    };
    assert_eq!((sums(Tape::Train), sums(Tape::Evaluate)), (0, 9));
}

#[test]
fn fusion_does_not_change_a_bit_of_losses_weights_and_statistics() {
    for def in [normalised(), zoo::net("resnet20", 5).unwrap()] {
        for frozen in [0, 2] {
            let mut def = def.clone();
            if frozen > 0 {
                def.freeze(frozen).unwrap();
            }
            for device in [Device::Cpu, software()] {
                let after = |fuse: bool| {
                    let net = Net::build(&def, BuildOptions { fuse, ..BuildOptions::of(6) }).unwrap();
                    let stream = |purpose: &str| Stream::named(&format!("fusion/{purpose}"));
                    let mut executor = Executor::load(&device, net.program.clone()).unwrap();
                    net.initialise(&mut executor, stream).unwrap();
                    let pixels = 6 * def.input.iter().product::<usize>();
                    executor.write(net.x, &stream("images").normal(pixels, 1.0)).unwrap();
                    executor.write_words(net.labels, &[0, 1, 2, 3, 4, 0]).unwrap();
                    for iteration in 0..2 {
                        let step = Step { iteration, rate: 0.01, dropout: stream("dropout"), first_image: 0 };
                        executor.run(Tape::Train, &step).unwrap();
                    }
                    let of = [net.loss].into_iter().chain(net.params.iter().map(|param| param.w));
                    of.map(|id| bits(&executor.read(id).unwrap())).collect::<Vec<_>>()
                };
                assert!(after(true) == after(false), "{}, {frozen} frozen, {}", def.name, device.describe());
            }
        }
    }
}

#[test]
fn frozen_normalisations_keep_weights_and_running_statistics_bit_for_bit_and_all_others_follow_the_batches() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    for n in 0..=3 {
        let mut def = normalised();
        let frozen = if n > 0 { def.prefix(n).unwrap() } else { Vec::new() };
        if n > 0 {
            def.freeze(n).unwrap();
        }
        let (before, after) = trained(&def, 2);
        for (name, (_, values)) in &after {
            let layer = name.rsplit_once('.').unwrap().0.to_string();
            assert_eq!(bits(values) == bits(&before[name].1), frozen.contains(&layer), "n = {n}, {name}");
        }
        // What is frozen depends on the image alone, so that it may be computed once.
        let made = || trainer(&def, &set, &normalisation, 3, 16);
        let (mut cached, mut plain) = (made(), made().without_cache());
        assert_eq!(cached.net.boundary.is_some(), n > 0, "n = {n}");
        assert_eq!(losses(&mut cached, 3), losses(&mut plain, 3), "n = {n}");
        assert!(checkpoint::weights_of(&mut cached).unwrap() == checkpoint::weights_of(&mut plain).unwrap());
    }
}

#[test]
fn an_evaluation_uses_the_running_statistics_and_changes_none() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let def = normalised();
    let mut trainer = trainer(&def, &set, &normalisation, 3, 16);
    losses(&mut trainer, 3);
    let before = statistics(&mut trainer);
    let images = Images { set: &set, normalisation: &normalisation };
    let scores = trainer.evaluate(&images).unwrap();
    assert_eq!(statistics(&mut trainer), before);
    // The last batch holds 8 images: what stands in its empty places would show in statistics of the batch.
    assert_eq!(trainer.evaluate(&images).unwrap(), scores);
    let mean = trainer.net.params.iter().find(|p| p.name == "b2.norm1.running_mean").unwrap().w;
    trainer.executor.write(mean, &[3.0; 6]).unwrap();
    assert_ne!(trainer.evaluate(&images).unwrap().loss, scores.loss);
}

#[test]
fn a_resumed_normalised_network_has_the_bits_of_an_undisturbed_one_its_statistics_too() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let def = normalised();
    for batch_parts in [1, 2] {
        let solver = Solver { batch_parts, ..solver(6, 16) };
        let made = || in_parts(&def, &set, &normalisation, &solver, &Device::Cpu);
        let mut undisturbed = made();
        let whole = losses(&mut undisturbed, 6);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let identity = checkpoint::Identity { configuration: "c".into(), device: "d".into() };
        let mut first = made();
        losses(&mut first, 3);
        checkpoint::save(&mut first, &Measured::default(), &identity, &path, &strata::host::atomic::Anyone).unwrap();
        let mut second = made();
        let found = checkpoint::find(&identity, &path, &mut |text| panic!("{text}")).unwrap().unwrap();
        found.load(&mut second).unwrap();
        assert_eq!(losses(&mut second, 3), whole[3..]);
        assert_eq!(statistics(&mut second), statistics(&mut undisturbed));
    }
}

#[test]
fn in_a_batch_of_parts_the_statistics_are_those_of_each_part_in_turn() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let def = normalised();
    let run = |batch_size, batch_parts, steps| {
        let solver = Solver { batch_parts, ..solver(steps, batch_size) };
        // Weights that hardly move give the batches of two steps what they give the parts of one.
        let schedule = Schedule { base_lr: 1e-30, ..solver.schedule };
        let solver = Solver { schedule, ..solver };
        let mut trainer = in_parts(&def, &set, &normalisation, &solver, &Device::Cpu);
        losses(&mut trainer, steps);
        statistics(&mut trainer)
    };
    let (parts, batches, whole) = (run(16, 2, 2), run(8, 1, 4), run(16, 1, 2));
    assert_eq!(parts, batches);
    assert_ne!(parts, whole);
}

#[test]
fn random_blocks_read_by_their_measured_statistics_have_means_of_zero_and_variances_of_one() {
    let set = images(50, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let mut def = normalised();
    def.freeze(3).unwrap();
    let layers = def.prefix(3).unwrap();
    for device in [Device::Cpu, software()] {
        let measured = |batch| {
            let mut trainer = in_parts(&def, &set, &normalisation, &solver(3, batch), &device);
            trainer.measure_statistics(&device, &layers).unwrap();
            trainer
        };
        let mut trainer = measured(16);
        let before = statistics(&mut trainer);
        // With a scale of 1 and an offset of 0 a normalisation's output is what it normalised.
        let outputs = ["b2.conv1", "b2.conv2", "b3.down"];
        let norms = ["b2.norm1", "b2.norm2", "b3.downnorm"];
        let images = Images { set: &set, normalisation: &normalisation };
        let read = trainer.activations(&images, &outputs.map(String::from)).unwrap();
        for (norm, values) in norms.iter().zip(read) {
            let tensor = |t: &mut Trainer<'_>, suffix: &str| {
                let w = t.net.params.iter().find(|p| p.name == format!("{norm}.{suffix}")).unwrap().w;
                t.executor.read(w).unwrap()
            };
            let (means, variances) = (tensor(&mut trainer, "running_mean"), tensor(&mut trainer, "running_var"));
            let channels = means.len();
            let pixels = values.len() / 50 / channels;
            for channel in 0..channels {
                let of_channel: Vec<f64> = (0..50)
                    .flat_map(|image| &values[(image * channels + channel) * pixels..][..pixels])
                    .map(|&v| f64::from(v))
                    .collect();
                let count = of_channel.len() as f64;
                let mean = of_channel.iter().sum::<f64>() / count;
                let var = of_channel.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
                assert!((f64::from(means[channel]) - mean).abs() < 1e-6 * (1.0 + mean.abs()), "{norm}: {channel}");
                assert!((f64::from(variances[channel]) - var).abs() < 1e-6 * var.max(1e-3), "{norm}: {channel}");
            }
        }
        // They depend on the images, not on how many are computed at once, and training keeps them.
        assert_eq!(statistics(&mut measured(7)), before, "{}", device.describe());
        losses(&mut trainer, 3);
        assert_eq!(statistics(&mut trainer), before, "{}", device.describe());
    }
}

#[test]
fn statistics_that_are_not_finite_are_told_by_name_before_a_checkpoint_is_written() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let def = normalised();
    let mut trainer = trainer(&def, &set, &normalisation, 3, 16);
    losses(&mut trainer, 1);
    let var = trainer.net.params.iter().find(|p| p.name == "b2.norm2.running_var").unwrap().w;
    trainer.executor.write(var, &[f32::INFINITY; 6]).unwrap();
    let message = trainer.check_finite().unwrap_err().to_string();
    assert!(message.contains("b2.norm2.running_var"), "{message}");
}

#[test]
fn weights_without_running_statistics_are_refused_by_name() {
    let net = build(&normalised(), 4);
    let mut tensors = weights::Tensors::new();
    for param in net.params.iter().filter(|param| param.role != ParamRole::Statistic) {
        tensors.insert(param.name.clone(), (param.shape.clone(), vec![0.0; param.shape.iter().product()]));
    }
    let missing = net.params.iter().find_map(|param| weights::take(&tensors, param, "w".as_ref()).err());
    let message = missing.unwrap().to_string();
    assert!(message.contains("running statistics b1.norm.running_mean"), "{message}");
}

#[test]
fn what_a_normalisation_cannot_be_is_refused_by_name() {
    let norm = "type = \"batch_norm\"";
    for (from, to, said) in [
        (norm, "type = \"batch_norm\"\neps = 0.0", "eps is 0, expected above 0"),
        (norm, "type = \"batch_norm\"\nmomentum = 1.5", "momentum is 1.5"),
        (norm, "type = \"batch_norm\"\ninit = \"he\"", "init: no filler draws the weights of a batch_norm layer"),
        (norm, "type = \"batch_norm\"\nepsilon = 0.1", "\"eps\""),
        ("lr_mult = [1.0, 1.0]", "lr_mult = [0.0, 0.0]", "block b1: b1.norm is frozen and b1.conv learns"),
        ("global = true", "global = true\nstride = 2", "global is true, expected no kernel_size"),
        ("global = true", "kernel_size = 2", "stride"),
    ] {
        let message = refused(from, to);
        assert!(message.contains(said), "{to}: {message}");
    }
}

#[test]
fn a_layer_that_reads_one_value_a_channel_is_refused_in_training_and_named() {
    let text = NORMALISED.replace("block = 4", "block = 4\n\n[[layer]]\nname = \"norm\"\ntype = \"batch_norm\"\n\n[[layer]]\nname = \"scores\"\ntype = \"dense\"\nout_features = 5\ninit = \"he\"\nblock = 5");
    let def = net_file::parse("one", &text).unwrap();
    let message = Net::build(&def, BuildOptions::of(1)).unwrap_err().to_string();
    assert!(message.contains("layer norm") && message.contains("one value"), "{message}");
    build(&def, 2);
}

#[test]
fn resnet20_has_eleven_blocks_and_the_parameters_of_the_paper_with_projections() {
    let def = zoo::net("resnet20", 10).unwrap();
    assert_eq!((def.blocks().unwrap().len(), def.most_n()), (11, 10));
    let net = build(&def, 2);
    let learned = net.params.iter().filter(|param| param.role != ParamRole::Statistic);
    let count: usize = learned.map(|param| param.shape.iter().product::<usize>()).sum();
    // 269,722 with shortcuts filled up with zeros; two projections with their normalisations are 2,752.
    assert_eq!(count, 269_722 + 2_752);
}
